"""What is known of a write that was sent before: only an answer about it settles it."""

from __future__ import annotations

import anyio
import pytest

from agentcore_memory_async import (
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
from tests.client.doubles import manager_on, said

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
            await session.add_turns([said("1")], retry=ONCE)
        with pytest.raises(OutcomeUnknownError) as second:
            await session.resolve(first.value, retry=ONCE)
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
            await session.add_turns([said("1")], client_token="token", retry=ONCE)
        await session.add_turns([said("2")])
        await anyio.sleep(1)
        await session.add_turns([said("1")], client_token="token")
    stamps = [request["eventTimestamp"] for request in service.sent("CreateEvent")]
    assert sorted(set(stamps)) == stamps


@virtual_time
async def test_the_deadline_in_the_text_is_the_callers() -> None:
    """Not what was left of it when the turn came."""

    class Never(FakeTransport):
        async def __call__(self, *_: object) -> None:  # type: ignore[override]
            await anyio.sleep(3600)

    async with manager_on(Never()) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        policy = RetryPolicy(write_deadline_s=2.5)
        texts: list[str] = []

        async def write() -> None:
            try:
                await session.add_turns([said("1")], retry=policy)
            except (OutcomeUnknownError, TransportError) as error:
                texts.append(str(error.__cause__ or error))

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(write)
    assert 3 == sum("2.5 s" in text for text in texts)
