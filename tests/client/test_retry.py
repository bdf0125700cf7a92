"""Three outcomes of a write: stored, refused, unknown; every attempt sends the same request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    ClosedError,
    DecodeError,
    ForkedError,
    InvalidInputError,
    OutcomeUnknownError,
    QuotaExceededError,
    RetryPolicy,
    ServiceError,
    ServiceUnavailableError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
    WrongLoopError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import VirtualTimeLoop, virtual_time, wall_clock
from tests.client.doubles import SlowService, manager_on, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer

LOST = TransportError("CreateEvent", "reset")
REFUSED = TransportError("CreateEvent", "refused", sent=False)
NO_EVENT: dict[str, Any] = {"message": "ok"}
FAULTS: dict[str, Any] = {
    "lost": LOST,
    "refused": REFUSED,
    "timeout": TransportTimeoutError("CreateEvent", "slow"),
    "throttled": service_error("CreateEvent", "ThrottledException", "m", 429),
    "conflict": service_error("CreateEvent", "RetryableConflictException", "m", 409),
    "500": service_error("CreateEvent", "ServiceException", "m", 500),
    "html": DecodeError("CreateEvent", "HTML"),
    "no event": NO_EVENT,
    "no id": {"event": {"eventId": ""}},
}


def stall(seconds: float) -> None:
    """Let the loop stand still."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.stall(seconds)


async def write(transport: FakeTransport, **options: Any) -> None:
    """Write one event."""
    async with manager_on(transport, **options) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said("hi")])


@pytest.mark.parametrize("fault", FAULTS)
@virtual_time
async def test_transient_faults_are_retried_with_the_same_request(fault: str) -> None:
    """A retry sends the token, timestamp and payload of the first attempt."""
    transport = FakeTransport()
    transport.reply("CreateEvent", *[FAULTS[fault]] * 3)
    await write(transport)
    first, *others = transport.sent("CreateEvent")

    assert [first] * 3 == others
    assert len(first["clientToken"]) == 36


UNKNOWN = {"lost", "timeout", "500", "html", "no event", "no id"}


@pytest.mark.parametrize("fault", FAULTS)
@virtual_time
async def test_when_retries_end_the_outcome_is_unknown_or_refused(fault: str) -> None:
    """
    The outcome is unknown only if the write may be stored, and the error carries the frozen
    request.
    """
    transport = FakeTransport()
    transport.reply("CreateEvent", *[FAULTS[fault]] * 3)
    expected = OutcomeUnknownError if fault in UNKNOWN else type(FAULTS[fault])
    with pytest.raises(expected) as caught:
        await write(transport, retry=RetryPolicy(max_attempts=3))

    assert len(transport.requests) == 3
    if isinstance(caught.value, OutcomeUnknownError):
        assert caught.value.request == transport.requests[0].params
        assert caught.value.client_token == transport.requests[0].params["clientToken"]
        assert caught.value.attempts == 3
        assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDeniedException", 403, AccessDeniedError),
        ("ServiceQuotaExceededException", 402, QuotaExceededError),
        ("ConflictException", 409, ServiceError),
        ("SomethingNew", 418, ServiceError),
    ],
)
@virtual_time
async def test_refusals_are_final(code: str, status: int, expected: type[ServiceError]) -> None:
    """A refusal is raised as the service's error after one request."""
    transport = FakeTransport()
    transport.fail("CreateEvent", code, status=status)
    with pytest.raises(expected):
        await write(transport)

    assert len(transport.requests) == 1


@virtual_time
async def test_refusal_after_a_lost_answer_stays_unknown() -> None:
    """
    A refusal after a lost answer leaves the outcome unknown, since the first
    attempt may be stored.
    """
    transport = FakeTransport()
    transport.reply("CreateEvent", LOST)
    transport.fail("CreateEvent", "AccessDeniedException", status=403)
    with pytest.raises(OutcomeUnknownError) as caught:
        await write(transport)

    assert isinstance(caught.value.__cause__, AccessDeniedError)


@virtual_time
async def test_a_mistake_after_a_lost_answer_stays_unknown() -> None:
    """An unexpected exception after a lost answer leaves the outcome unknown."""
    transport = FakeTransport()
    transport.reply("CreateEvent", LOST, RuntimeError("closed meanwhile"))
    with pytest.raises(OutcomeUnknownError) as caught:
        await write(transport)

    assert isinstance(caught.value.__cause__, RuntimeError)


@virtual_time
async def test_a_mistake_in_flight_is_unknown() -> None:
    """
    An unexpected exception of the transport makes the outcome unknown, with a token
    to resolve it.
    """
    transport = FakeTransport()
    transport.reply("CreateEvent", RuntimeError("a bug"))
    with pytest.raises(OutcomeUnknownError) as caught:
        await write(transport)

    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.value.client_token == transport.requests[0].params["clientToken"]


@pytest.mark.parametrize("kind", [ClosedError, ForkedError, InvalidInputError, WrongLoopError])
@virtual_time
async def test_what_is_raised_instead_of_sending_stays_what_it_is(kind: type[Exception]) -> None:
    """An error that is raised before sending is raised unchanged."""
    transport = FakeTransport()
    transport.reply("CreateEvent", kind("not sent"))
    with pytest.raises(kind, match="not sent"):
        await write(transport)


@virtual_time
async def test_a_deadline_while_an_answer_is_awaited_is_unknown() -> None:
    """A deadline that passes while an answer is awaited makes the outcome unknown."""
    service = SlowService(takes_s=20)
    with pytest.raises(OutcomeUnknownError) as caught:
        await write(service, retry=RetryPolicy(attempt_timeout=1000))

    assert anyio.current_time() == pytest.approx(30)
    assert isinstance(caught.value.__cause__, TransportTimeoutError)
    assert service.texts == ["hi"]


@virtual_time
async def test_what_is_late_before_it_is_sent_is_not_sent() -> None:
    """A deadline that passes while the loop stands still, before a write is sent, rejects it."""
    service, stalls = SlowService(), list[float]()

    def clock() -> float:
        stall(stalls.pop() if stalls else 0)
        return wall_clock()

    async with manager_on(service, clock=clock) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        stalls.append(30.0)
        with pytest.raises(TransportTimeoutError, match="before it was sent") as caught:
            await session.add_turns([said("hi")])

    assert not caught.value.sent
    assert 0 == service.calls


@virtual_time
async def test_what_is_late_before_a_retry_is_not_sent_again() -> None:
    """A deadline that passes while the loop stands still, before a retry, ends the call."""

    class StallsAfterwards(FakeTransport):
        calls = 0

        async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
            self.calls += 1
            asyncio.get_running_loop().call_soon(stall, 100.0)
            raise LOST

    service = StallsAfterwards()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(TransportError, match="reset"):
            await session.list_events()

    assert 1 == service.calls


@virtual_time
async def test_an_attempt_that_takes_too_long_is_retried() -> None:
    """An attempt times out early enough for others within the write's deadline."""
    service = SlowService(takes_s=5)
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(OutcomeUnknownError) as caught:
            await session.add_turns([said("hi")])

    assert caught.value.attempts >= 3
    assert service.texts == ["hi"]


@virtual_time
async def test_a_lost_answer_stores_once() -> None:
    """Retries with one token store the event once."""
    service = SlowService()
    service.lose, service.drop = {0, 2}, {1}
    await write(service)

    assert service.calls == 4
    assert service.texts == ["hi"]


@virtual_time
async def test_a_read_keeps_its_deadline() -> None:
    """A read ends within 10 s with the last error, never with an unknown outcome."""
    transport = FakeTransport()
    transport.fail("ListEvents", "ServiceException", status=500, times=1000)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(ServiceUnavailableError) as caught:
            await session.list_events()

    assert anyio.current_time() <= 10.01
    assert caught.value.attempts == len(transport.requests) > 3


@virtual_time
async def test_the_service_can_ask_for_a_longer_wait() -> None:
    """``Retry-After`` of the service is the minimum wait before a retry."""
    transport = FakeTransport()
    busy = service_error("CreateEvent", "ThrottledException", "m", 429, retry_after_s=7.0)
    transport.reply("CreateEvent", busy)
    await write(transport)

    assert 7 <= anyio.current_time() <= 9


@pytest.mark.parametrize("asked", [-1.0, float("nan"), float("inf"), 1e308, 300.001])
@pytest.mark.parametrize("operation", ["CreateEvent", "ListEvents", "RetrieveMemoryRecords"])
@virtual_time
async def test_no_call_waits_longer_than_the_service_can_mean(operation: str, asked: float) -> None:
    """A wait above 300 s, or one that is no time, is ignored in reads and writes."""
    transport = FakeTransport()
    transport.reply(
        operation, service_error(operation, "ServiceException", "m", 503, retry_after_s=asked)
    )
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said("hi")])
        await session.list_events()
        await session.search_long_term_memories("hi")

    assert 2 == len(transport.sent(operation))
    assert anyio.current_time() <= 1


@virtual_time
async def test_the_longest_wait_that_is_believed_is_kept_to() -> None:
    """300 s are waited for, if the deadline allows it."""
    transport = FakeTransport()
    busy = service_error("CreateEvent", "ThrottledException", "m", 429, retry_after_s=300.0)
    transport.reply("CreateEvent", busy)
    await write(transport, retry=RetryPolicy(write_deadline=400))

    assert 300 <= anyio.current_time() <= 301


@virtual_time
async def test_a_view_has_a_policy_of_its_own() -> None:
    """The policy of ``with_options`` replaces the manager's."""
    transport = FakeTransport()
    transport.fail("ListMemoryRecords", "ThrottledException", status=429, times=10)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(ThrottledError):
            await session.with_options(
                retry=RetryPolicy(max_attempts=2)
            ).list_long_term_memory_records("/facts/{actorId}/")

    assert len(transport.requests) == 2


@virtual_time
async def test_data_changed_by_the_caller_is_not_sent() -> None:
    """A retry sends the data of the first attempt, whatever the caller changed since."""
    service = SlowService()
    service.drop = {0}
    data: dict[str, Any] = {"items": [1]}
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.create_event, "order", data)
            await anyio.sleep(0.01)
            data["items"].append(2)
    (request,) = service.sent("CreateEvent")

    assert request["payload"] == [{"json": {"content": {"items": [1]}}}]
