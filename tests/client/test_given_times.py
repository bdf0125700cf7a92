"""Events with times of the caller's: equal ones keep the order of the calls."""

from __future__ import annotations

import gc
import random
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    BlobPayload,
    ClientTokenInUseError,
    InvalidInputError,
    JsonPayload,
    OutcomeUnknownError,
    RetryPolicy,
    ServiceLimits,
    TransportError,
    ValidationError,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import EPOCH_S, virtual_time
from tests.client.doubles import MEMORY, SlowService, manager_on, said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MINUTE = datetime(2020, 1, 1, 12, 30, tzinfo=UTC)
MS = timedelta(milliseconds=1)
ONCE = RetryPolicy(max_attempts=1)
NO_LIMITS = ServiceLimits(None, None)


def times(requests: list[Mapping[str, Any]]) -> list[int]:
    """Return the times of *requests*, in milliseconds after `MINUTE`."""
    start = round(MINUTE.timestamp() * 1000)
    return [round(request["eventTimestamp"] * 1000) - start for request in requests]


@pytest.mark.parametrize("at_once", [False, True], ids=["in turn", "at once"])
async def test_equal_times_are_read_back_in_the_order_of_the_calls(at_once: bool) -> None:
    """A chat with several messages a minute comes back as it was written."""
    chosen = random.Random(7)
    minutes = sorted(chosen.choices(range(8), k=30))
    async with (
        LocalMemoryService(strict=False) as service,
        service.manager(MEMORY, limits=NO_LIMITS) as manager,
    ):
        session = await manager.create_memory_session("a", "s", verify=False)
        async with anyio.create_task_group() as tasks:
            for number, minute in enumerate(minutes):
                at = MINUTE + timedelta(minutes=minute)
                call = partial(session.add_turns, [said(str(number))], timestamp=at)
                if at_once:
                    tasks.start_soon(call)
                else:
                    await call()
        turns = await session.get_last_k_turns(30)
    assert [str(number) for number in range(30)] == [turn.text for turn in turns]
    assert minutes == [(turn.timestamp - MINUTE) // timedelta(minutes=1) for turn in turns]


@virtual_time
async def test_a_used_time_moves_to_the_next_free_millisecond() -> None:
    """Only a time that is used moves, and the event shows the time that was sent."""
    service = FakeTransport()
    async with manager_on(service, limits=NO_LIMITS) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        other = await manager.create_memory_session("a", "other", verify=False)
        stored = [
            await session.add_turns([said("x")], timestamp=MINUTE + after * MS)
            for after in (0, 0, 5, 0, 1, 2, 5, -7, 3)
        ]
        elsewhere = await other.add_turns([said("x")], timestamp=MINUTE)
    assert [0, 1, 5, 2, 3, 4, 6, -7, 7] == times(service.sent("CreateEvent"))[:-1]
    assert [0, 1, 5, 2, 3, 4, 6, -7, 7] == [(event.timestamp - MINUTE) // MS for event in stored]
    assert elsewhere.timestamp == MINUTE


@virtual_time
async def test_live_and_given_times_are_told_apart() -> None:
    """A given time moves behind a live one, and a live one behind a given one."""
    service = FakeTransport()
    async with manager_on(service, limits=NO_LIMITS) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        live = await session.add_turns([said("live")])
        given = await session.create_event("order", {}, timestamp=live.timestamp)
        later = await session.add_turns([said("live")])
        far = await session.add_turns([said("far")], timestamp=datetime(2099, 1, 1, tzinfo=UTC))
        last = await session.add_turns([said("live")])
    start = round(EPOCH_S * 1000)
    stamps = [round(sent["eventTimestamp"] * 1000) for sent in service.sent("CreateEvent")]
    assert given.startswith(f"{start + 1:019d}")
    assert [start, start + 1, start + 2] == stamps[:3]
    assert later.timestamp < last.timestamp < far.timestamp


@virtual_time
async def test_times_are_those_of_the_manager() -> None:
    """Objects and views of a session know its times, also after a pause."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        for pause_s in (0, 0, 1000):
            await anyio.sleep(pause_s)
            session = AsyncMemorySession(manager, "a", "s")
            await session.with_options(retry=ONCE).add_turns([said("x")], timestamp=MINUTE)
            await AsyncMemorySession(manager, "a", "other").add_turns([said("x")])
            del session
            gc.collect()
        assert 1 == len(AsyncMemorySession(manager, "a", "s")._queue.times)
    assert [0, 1, 2] == times(
        [sent for sent in service.sent("CreateEvent") if sent["sessionId"] == "s"]
    )


@virtual_time
async def test_the_same_call_sends_the_same_request() -> None:
    """A repeat with its token and time sends the moved time again, acknowledged or lost."""
    service = SlowService()
    async with manager_on(service, limits=NO_LIMITS) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)

        async def write(token: str) -> None:
            await session.with_options(retry=ONCE).add_turns(
                [said(token)], timestamp=MINUTE, client_token=token
            )

        await write("first")
        await write("acknowledged")
        service.lose = {service.calls}
        with pytest.raises(OutcomeUnknownError):
            await write("lost")
        with anyio.move_on_after(0.07):
            await write("cancelled")
        await write("last")
        for token in ("cancelled", "lost", "acknowledged", "first", "last"):
            await write(token)
    sent = service.sent("CreateEvent")
    first = {request["clientToken"]: request for request in sent[:5]}
    assert [0, 1, 2, 3, 4] == times(sent[:5])
    assert [first[request["clientToken"]] for request in sent[5:]] == sent[5:]
    assert 5 == len(service.stored)


@virtual_time
async def test_what_is_cancelled_in_the_queue_takes_its_time_later() -> None:
    """A write that was cancelled before it had a time gets one when it is resolved."""
    service = SlowService()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(session.add_turns, [said("1")], timestamp=MINUTE))
            await anyio.sleep(0.01)
            with anyio.move_on_after(0.01):
                await session.add_turns([said("2")], timestamp=MINUTE, client_token="t")
        event = await session.resolve("t")
        with pytest.raises(InvalidInputError, match="call add_turns"):
            await session.resolve("t")
        assert event == await session.add_turns([said("2")], timestamp=MINUTE, client_token="t")
    assert [0, 1, 1] == times(service.sent("CreateEvent"))


@virtual_time
async def test_a_rejected_write_leaves_its_time_free() -> None:
    """What is not stored does not move the next one."""
    service = FakeTransport()
    service.fail("CreateEvent", "ValidationException")
    service.reply("CreateEvent", TransportError("CreateEvent", "refused", sent=False))
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for expected in (ValidationError, TransportError):
            with pytest.raises(expected):
                await session.with_options(retry=ONCE).add_turns([said("x")], timestamp=MINUTE)
        await session.add_turns([said("x")], timestamp=MINUTE)
    assert [0, 0, 0] == times(service.sent("CreateEvent"))


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (said("one"), said("two")),
        (JsonPayload(1), JsonPayload(2)),
        (BlobPayload(1), BlobPayload(2)),
    ],
    ids=["message", "json", "blob"],
)
async def test_another_write_under_a_token_and_time_is_not_acknowledged(
    first: Any, other: Any
) -> None:
    """A write with other content is no repeat, in this process or in another one."""
    async with LocalMemoryService(strict=False) as service:
        for _ in range(2):
            async with service.manager(MEMORY) as manager:
                session = await manager.create_memory_session("a", "s", verify=False)
                await session.add_turns([first], timestamp=MINUTE, client_token="t")
                with pytest.raises(ClientTokenInUseError):
                    await session.add_turns([other], timestamp=MINUTE, client_token="t")
                assert 1 == len(await session.list_events())


EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
EAST, WEST = timezone(timedelta(hours=23, minutes=59)), timezone(-timedelta(hours=23, minutes=59))


@pytest.mark.parametrize(
    "at",
    [
        EARLIEST,
        EARLIEST + MS,
        LATEST - MS,
        LATEST - 2 * MS,
        LATEST,
        datetime(1970, 1, 1, 23, 59, tzinfo=EAST),
        datetime(1969, 12, 31, 0, 1, tzinfo=WEST),
        datetime.max.replace(tzinfo=EAST),
        datetime(9999, 12, 31, 0, 0, 59, 999_999, tzinfo=WEST),
    ],
    ids=str,
)
async def test_the_ends_of_time_come_back(at: datetime) -> None:
    """The first and the last millisecond that a datetime can hold are stored and listed."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        event = await session.add_turns([said("x")], timestamp=at)
        (listed,) = await session.list_events()
        (turn,) = await session.get_last_k_turns(1)
    assert event.timestamp == listed.timestamp == turn.timestamp
    assert timedelta(0) <= at - event.timestamp < MS


@pytest.mark.parametrize(
    "at",
    [
        EARLIEST - timedelta(microseconds=1),
        datetime.min.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=EAST),
        datetime.min.replace(tzinfo=WEST),
        datetime.max.replace(tzinfo=WEST),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(minutes=1))),
    ],
    ids=str,
)
@virtual_time
async def test_beyond_the_ends_of_time_nothing_is_sent(at: datetime) -> None:
    """A time that the answer could not show is refused."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(InvalidInputError, match="timestamp is"):
            await session.add_turns([said("x")], timestamp=at)
    assert [] == service.requests


@virtual_time
async def test_the_last_millisecond_is_used_once() -> None:
    """Where no later time is free, the event is refused, and the session goes on."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said("x")], timestamp=LATEST)
        with pytest.raises(InvalidInputError, match="no free millisecond"):
            await session.add_turns([said("x")], timestamp=LATEST)
        await session.add_turns([said("x")])
    assert 2 == len(service.requests)


@pytest.mark.parametrize(("count", "moved"), [(1000, MS), (1001, timedelta())])
@virtual_time
async def test_times_of_the_last_1000_sessions_outlive_their_queues(
    count: int, moved: timedelta
) -> None:
    """A used time is known after a minute too, and of one session more the oldest is forgotten."""
    async with manager_on(FakeTransport(), limits=NO_LIMITS) as manager:
        for number in range(count):
            session = AsyncMemorySession(manager, "a", f"s{number}")
            await session.add_turns([said("hi")], timestamp=MINUTE)
        await anyio.sleep(61)
        await session.add_turns([said("hi")])  # the queues of all others go
        gc.collect()
        first = AsyncMemorySession(manager, "a", "s0")
        event = await first.add_turns([said("hi again")], timestamp=MINUTE)

    assert MINUTE + moved == event.timestamp
