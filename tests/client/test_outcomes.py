"""Outcomes of a write that was sent before: only an answer about that write resolves it."""

from __future__ import annotations

from functools import partial

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
    ServiceError,
    ServiceLimits,
    ThrottledError,
    TransportError,
    UnsentError,
    ValidationError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import SlowService, manager_on, said

ONCE = RetryPolicy(max_attempts=1)


def refusal(code: str, status: int) -> ServiceError:
    """Return an error of the service."""
    return service_error("CreateEvent", code, "m", status)


@pytest.mark.parametrize(
    "error",
    [
        TransportError("CreateEvent", "refused", sent=False),
        refusal("ThrottledException", 429),
        refusal("AccessDeniedException", 403),
        refusal("ResourceNotFoundException", 404),
    ],
    ids=lambda error: type(error).__name__,
)
@virtual_time
async def test_resolving_without_an_answer_about_it_stays_in_doubt(error: Exception) -> None:
    """
    A write stays in doubt if the request that resolves it was not sent, or refused
    for its sender.
    """
    service = FakeTransport()
    service.reply("CreateEvent", TransportError("CreateEvent", "lost"), error)
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(OutcomeUnknownError) as first:
            await session.with_options(retry=ONCE).add_turns([said("1")])
        with pytest.raises(OutcomeUnknownError) as second:
            await session.with_options(retry=ONCE).resolve(first.value)
        assert error is second.value.__cause__
        await session.resolve(second.value)
    sent = service.sent("CreateEvent")
    assert [sent[0]] * 3 == sent


@virtual_time
async def test_an_invalid_request_was_never_stored() -> None:
    """
    A refusal as invalid after a lost answer is final, since the same request was invalid the first
    time.
    """
    service = FakeTransport()
    service.reply("CreateEvent", TransportError("CreateEvent", "lost"))
    service.fail("CreateEvent", "ValidationException")
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(ValidationError):
            await session.add_turns([said("1")])


@pytest.mark.parametrize("error", [ThrottledError, NotFoundError])
@virtual_time
async def test_a_rejected_write_is_made_anew(error: type[ServiceError]) -> None:
    """A rejected write frees its token, so a later call with it gets a later timestamp."""
    codes = {
        ThrottledError: ("ThrottledException", 429),
        NotFoundError: ("ResourceNotFoundException", 404),
    }
    service = FakeTransport()
    service.reply("CreateEvent", refusal(*codes[error]))
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(error):
            await session.with_options(retry=ONCE).add_turns([said("1")], client_token="token")
        await session.add_turns([said("2")])
        await anyio.sleep(1)
        await session.add_turns([said("1")], client_token="token")
    stamps = [request["eventTimestamp"] for request in service.sent("CreateEvent")]
    assert sorted(set(stamps)) == stamps


@virtual_time
async def test_a_call_that_waited_repeats_what_was_lost_meanwhile() -> None:
    """A queued call with the token of a write that was lost sends the frozen request again."""
    service = SlowService(takes_s=2)
    service.lose = {0}
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)

        async def first() -> None:
            with pytest.raises(OutcomeUnknownError):
                await session.with_options(retry=ONCE).add_turns([said("1")], client_token="t")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            await anyio.sleep(1)
            tasks.start_soon(partial(session.add_turns, [said("1")], client_token="t"))
    one, other = service.sent("CreateEvent")
    assert one == other


@virtual_time
async def test_the_oldest_of_thousands_in_doubt_is_settled() -> None:
    """Writes that were cancelled or lost are settled, however many came after them."""
    service = SlowService()
    async with manager_on(service, limits=ServiceLimits(None, None)) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for number in range(1500):
            with anyio.move_on_after(0.07):
                await session.add_turns([said(str(number))], client_token=str(number))
        for number in (0, 42, 1499):
            event = await session.resolve(str(number))
            assert (said(str(number)),) == event.messages
    assert 1500 == len(service.stored)


@virtual_time
async def test_an_unsent_error_without_its_request_is_settled_by_its_token() -> None:
    """The token of an error that was made without a request names the write, too."""
    service = SlowService()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with anyio.move_on_after(0.07):
            await session.add_turns([said("one")], client_token="t1")
        event = await session.resolve(UnsentError([said("one")], "t1", 1))
    assert (said("one"),) == event.messages
    assert 1 == len(service.stored)


@virtual_time
async def test_another_write_under_its_token_resolves_nothing() -> None:
    """
    A different write under a token in doubt is refused, and the first write can
    still be resolved.
    """
    service = FakeTransport()
    service.reply("CreateEvent", TransportError("CreateEvent", "lost"))
    service.reply("CreateEvent", refusal("ValidationException", 400))
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(OutcomeUnknownError):
            await session.with_options(retry=ONCE).add_turns([said("1")], client_token="t")
        with pytest.raises(ValidationError):
            await session.with_options(retry=ONCE).add_turns([said("2")], client_token="t")
        stored = await session.resolve("t")
    assert stored.messages == (said("1"),)


@virtual_time
async def test_a_write_of_another_memory_is_not_resolved_here() -> None:
    """A write in doubt of another memory is refused by ``resolve``."""
    service = FakeTransport()
    service.reply("CreateEvent", TransportError("CreateEvent", "lost"))
    async with (
        manager_on(service) as manager,
        AsyncMemorySessionManager("other-a1B2c3D4e5", transport=service) as other,
    ):
        session = await manager.create_memory_session("a", "s", verify=False)
        same_ids = await other.create_memory_session("a", "s", verify=False)
        with pytest.raises(OutcomeUnknownError) as caught:
            await session.with_options(retry=ONCE).add_turns([said("1")])
        with pytest.raises(InvalidInputError, match="or memory"):
            await same_ids.resolve(caught.value)


@virtual_time
async def test_the_deadline_in_the_text_is_the_callers() -> None:
    """The deadline in an error's text is the caller's, not the time left after the queue."""

    class Never(FakeTransport):
        async def __call__(self, *_: object) -> None:  # type: ignore[override]
            await anyio.sleep(3600)

    async with manager_on(Never()) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        policy = RetryPolicy(write_deadline=2.5)
        texts: list[str] = []

        async def write() -> None:
            try:
                await session.with_options(retry=policy).add_turns([said("1")])
            except (OutcomeUnknownError, TransportError) as error:
                texts.append(str(error.__cause__ or error))

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(write)
    assert 3 == sum("2.5 s" in text for text in texts)
