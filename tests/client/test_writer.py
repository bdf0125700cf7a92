"""Writes keep their order and the service's rate limits, and are stored once."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    OutcomeUnknownError,
    RetryPolicy,
    ServiceLimits,
    ThrottledError,
    TransportTimeoutError,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import EPOCH_S, virtual_time
from tests.client.doubles import SlowService, manager_on, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async import AsyncMemorySessionManager


def most_in_a_second(seen_at: Sequence[float]) -> int:
    """Return the largest number of requests within any second."""
    return max(sum(at <= other < at + 1 - 1e-6 for other in seen_at) for at in seen_at)


async def write_all(
    manager: AsyncMemorySessionManager, count: int, sessions: Sequence[AsyncMemorySession]
) -> list[str]:
    """Write *count* messages by as many tasks, started in order, and return their texts."""
    texts = [f"message {number:03d}" for number in range(count)]
    async with anyio.create_task_group() as tasks:
        for number, text in enumerate(texts):
            tasks.start_soon(sessions[number % len(sessions)].add_turns, [said(text)])
    return texts


@virtual_time
async def test_a_burst_never_exceeds_five_in_any_second() -> None:
    """A burst of 50 writes is stored in order at five a second."""
    service = SlowService()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        texts = await write_all(manager, 50, [session])

    assert texts == service.texts
    assert most_in_a_second(service.seen_at) == 5
    assert anyio.current_time() < 12


@virtual_time
async def test_other_events_have_a_rate_limit_of_their_own() -> None:
    """Events without messages are limited to 10 a second."""
    service = SlowService(0.01)
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        async with anyio.create_task_group() as tasks:
            for _ in range(40):
                tasks.start_soon(session.create_event, "click", {})

    assert most_in_a_second(service.seen_at) == 10


@virtual_time
async def test_sessions_do_not_wait_for_each_other() -> None:
    """Fifty sessions write concurrently."""
    service = SlowService()
    async with manager_on(service) as manager:
        sessions = [AsyncMemorySession(manager, "a", f"s{number}") for number in range(50)]
        await write_all(manager, 50, sessions)

    assert anyio.current_time() < 1


@virtual_time
async def test_the_rate_limit_can_be_switched_off() -> None:
    """Limits of None leave only the order of writes."""
    service = SlowService(0.01)
    async with manager_on(service, limits=ServiceLimits(None, None)) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        texts = await write_all(manager, 50, [session])

    assert texts == service.texts
    assert anyio.current_time() == pytest.approx(1.0)


@virtual_time
async def test_objects_of_the_same_session_share_order_clock_and_rate_limit() -> None:
    """Several objects of one session share its queue, clock and rate limit."""
    service = SlowService()
    async with manager_on(service) as manager:
        sessions = [AsyncMemorySession(manager, "a", "s") for _ in range(3)]
        texts = await write_all(manager, 30, sessions)
        for number in range(5):
            session = await manager.create_memory_session("a", "s", verify=False)
            await session.add_turns([said(f"z{number}")])
            texts.append(f"z{number}")
            del session
            gc.collect()

    assert texts == service.texts
    assert most_in_a_second(service.seen_at) == 5


@virtual_time
async def test_timestamps_rise_when_the_wall_clock_steps_back() -> None:
    """Timestamps of a session are unique and rise although the wall clock steps back."""
    transport = FakeTransport()
    readings = iter([EPOCH_S, EPOCH_S, EPOCH_S - 100, EPOCH_S + 5, EPOCH_S])
    async with manager_on(transport, clock=lambda: next(readings)) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for number in range(5):
            await session.add_turns([said(f"{number}")])
    stamps = [request["eventTimestamp"] for request in transport.sent("CreateEvent")]

    assert [EPOCH_S + after for after in (0, 0.001, 0.002, 5, 5.001)] == stamps


@virtual_time
async def test_imported_history_does_not_move_the_clock() -> None:
    """A timestamp of the caller is sent unchanged, and does not affect later ones."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for year in (1999, 2099):
            await session.add_turns([said("then")], timestamp=datetime(year, 1, 1, tzinfo=UTC))
        now = await session.add_turns([said("now")])

    assert [1999, 2099, 2026] == [
        datetime.fromtimestamp(sent["eventTimestamp"], UTC).year
        for sent in transport.sent("CreateEvent")
    ]
    assert now.timestamp.timestamp() == pytest.approx(EPOCH_S, abs=5)


@virtual_time
async def test_idle_state_is_released() -> None:
    """The state of an unreferenced session is released after a minute without writes."""
    async with manager_on(FakeTransport()) as manager:
        for number in range(100):
            session = await manager.create_memory_session("a", f"s{number}", verify=False)
            await session.add_turns([said("hi")])
        writer = manager._core.writer
        assert len(writer._queues) == 100
        await anyio.sleep(61)
        held = await manager.create_memory_session("a", "s1", verify=False)
        await session.add_turns([said("hi")])
        gc.collect()
        assert {("a", "s99"), ("a", "s1")} == set(writer._queues)
        assert held.session_id == "s1"


@virtual_time
async def test_a_session_that_writes_on_holds_nothing_of_those_that_rest() -> None:
    """The idle are those with no write for a minute, whichever wrote first."""
    async with manager_on(FakeTransport()) as manager:
        busy = await manager.create_memory_session("a", "busy", verify=False)
        await busy.add_turns([said("hi")])
        idle = await manager.create_memory_session("a", "idle", verify=False)
        await idle.add_turns([said("hi")])
        del idle
        for _ in range(3):
            await anyio.sleep(30)
            await busy.add_turns([said("hi")])
        gc.collect()
        assert {("a", "busy")} == set(manager._core.writer._queues)


@virtual_time
async def test_a_write_that_times_out_in_the_queue_was_not_sent() -> None:
    """
    The deadline of a write covers its time in the queue, and its error says that it
    was not sent.
    """
    service = SlowService(takes_s=100)
    policy = RetryPolicy(write_deadline=300, attempt_timeout=1000)
    async with manager_on(service, retry=policy) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.add_turns, [said("first")])
            await anyio.sleep(1)
            with pytest.raises(TransportTimeoutError, match="in the queue of") as caught:
                await session.with_options(retry=RetryPolicy(write_deadline=5)).add_turns(
                    [said("second")]
                )

    assert caught.value.sent is False
    assert service.texts == ["first"]


@virtual_time
async def test_a_deadline_during_rate_limiting_is_no_unknown_outcome() -> None:
    """A write whose deadline passes during rate limiting was not sent."""
    service = SlowService(0.01)
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for number in range(5):
            await session.add_turns([said(f"{number}")])
        with pytest.raises(TransportTimeoutError, match="before it was sent") as caught:
            await session.with_options(retry=RetryPolicy(write_deadline=0.1)).add_turns(
                [said("late")]
            )

    assert caught.value.sent is False
    assert len(service.stored) == 5


@virtual_time
async def test_a_deadline_while_waiting_after_a_throttle_is_a_rejection() -> None:
    """A write whose deadline passes between throttled attempts is rejected, not unknown."""
    transport = FakeTransport()
    transport.fail("CreateEvent", "ThrottledException", status=429, times=1000)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(ThrottledError) as caught:
            await session.add_turns([said("hi")])

    assert 20 < anyio.current_time() <= 30  # it ends before a wait that would exceed the deadline
    assert caught.value.attempts == len(transport.requests) > 5


@virtual_time
async def test_a_repeated_call_with_its_token_stores_nothing_twice() -> None:
    """
    A cancelled call that is repeated with its token sends the same request, and is
    stored once.
    """
    service = SlowService()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with anyio.move_on_after(0.07):
            await session.add_turns([said("hi")], client_token="token-1")
        await anyio.sleep(5)
        event = await session.add_turns([said("hi")], client_token="token-1")
    first, second = service.sent("CreateEvent")

    assert first == second
    assert event.messages == (said("hi"),)
    assert len(service.stored) == 1


@virtual_time
async def test_an_unknown_write_is_resolved() -> None:
    """
    An unknown write is resolved by its error or by the token of a cancelled call, only in its own
    session.
    """
    service = SlowService()
    service.lose = {0}
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        other = await manager.create_memory_session("a", "other", verify=False)
        with pytest.raises(OutcomeUnknownError) as caught:
            await session.with_options(retry=RetryPolicy(max_attempts=1)).add_turns([said("1")])
        with anyio.move_on_after(0.07):
            await session.add_turns([said("2")], client_token="token-2")
        for in_doubt in (caught.value, "token-2"):
            with pytest.raises(ValueError, match="another session"):
                await other.resolve(in_doubt)
            assert (await session.resolve(in_doubt)).session_id == "s"
        with pytest.raises(ValueError, match="token-2"):
            await session.resolve("token-2")

    assert service.texts == ["1", "2"]


@virtual_time
async def test_a_write_stays_in_doubt_until_it_is_known() -> None:
    """A write stays in doubt after a repeated call was throttled."""
    service = SlowService()
    service.lose = {0}
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        once = RetryPolicy(max_attempts=1)
        with pytest.raises(OutcomeUnknownError):
            await session.with_options(retry=once).add_turns([said("1")], client_token="t")
        service.fail("CreateEvent", "ThrottledException", status=429)
        with pytest.raises(OutcomeUnknownError):
            await session.with_options(retry=once).add_turns([said("1")], client_token="t")
        await session.resolve("t")
    first, *others = service.sent("CreateEvent")

    assert [first, first] == others
    assert service.texts == ["1"]
