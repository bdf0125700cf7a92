"""What is known of a write that was sent before: only an answer about it settles it."""

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
    ThrottledError,
    TransportError,
    ValidationError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import SlowService, manager_on, said

ONCE = RetryPolicy(max_attempts=1)


def refusal(code: str, status: int) -> ServiceError:
    """Make an error of the service."""
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
async def test_resolving_without_an_answer_about_it_settles_nothing(error: Exception) -> None:
    """That this request was not sent, or refused for its sender, says nothing of the first."""
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
    """What is invalid now was so the first time: it is the same request."""
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
    """Its token is free again: calling later is a later call, with a later stamp."""
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
    """Two calls at once with one token: the second sends what the first one froze."""
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
async def test_another_write_under_its_token_settles_nothing() -> None:
    """Refused as it should be, it does not make the first one be forgotten."""
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
async def test_a_write_of_another_memory_is_not_settled_here() -> None:
    """Its request names the other memory, which this client was not made for."""
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
    """Not what was left of it when the turn came."""

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
