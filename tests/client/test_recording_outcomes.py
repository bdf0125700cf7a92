"""Recorded turns that somebody else writes: order, closing, failures, and what is logged."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    ClosedError,
    RetryPolicy,
    UnsentTurnsError,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.buffers import RecordingService, open_session
from tests.client.doubles import SlowService, manager_on, said
from tests.client.recordings import read, stored

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from agentcore_memory_async import RecordedTurn

CANARY = "the canary sings"


@virtual_time
async def test_closing_the_manager_stores_what_is_under_way() -> None:
    """Turns that are still read, or held by nobody knows whom, are stored at the close."""
    service = RecordingService(takes_s=1)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        turn = session.record_turn("hi", ["a", "b"])
        await anext(turn)
        done = session.record_turn("ho", ["c"])
        await read(done)

    assert sorted(stored(service)) == [(["U: hi", "A: a"], True), (["U: ho", "A: c"], False)]
    assert ["b"] == await read(turn)
    with pytest.raises(ClosedError, match="closed"):
        session.record_turn("hi", ["a"])


@pytest.mark.parametrize("wait", ["in the queue", "in flight"])
@virtual_time
async def test_closing_names_what_is_unsent(wait: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    Closing takes at most ``close_timeout``; its error and the log then name the turns that are not
    stored, without their content.
    """
    service = RecordingService(takes_s=100)
    manager = await manager_on(service, close_timeout=2).open()
    session = await open_session(manager)
    async with anyio.create_task_group() as tasks:
        if wait == "in the queue":
            tasks.start_soon(swallow_unknown, session.add_turns([said("first")]))
            await anyio.sleep(0)
        await read(session.record_turn(CANARY, [CANARY]))
        began = anyio.current_time()
        with (
            caplog.at_level(logging.WARNING, "agentcore_memory_async"),
            pytest.raises(UnsentTurnsError) as caught,
        ):
            await manager.aclose()
        assert 2 == anyio.current_time() - began
        tasks.cancel_scope.cancel()
    await manager.aclose()

    [request] = caught.value.requests
    assert (request["actorId"], request["sessionId"]) == ("a", "s")
    assert [CANARY] * 2 == [
        item["conversational"]["content"]["text"] for item in request["payload"]
    ]
    for text in (str(caught.value), caplog.text):
        assert "session s of actor a" in text
        assert request["clientToken"] in text
        assert "canary" not in text
    assert 0 == manager._core.retrier._running
    assert not session._queue.lock.locked()


async def swallow_unknown(call: Awaitable[object]) -> None:
    """Await *call*, whatever becomes of it."""
    with suppress(Exception):
        await call


@virtual_time
async def test_closing_names_what_was_refused_meanwhile() -> None:
    """A turn whose write fails while the manager closes is named, too, and what it failed with."""
    service = FakeTransport()
    service.fail("CreateEvent", "AccessDeniedException")
    manager = await manager_on(service).open()
    session = await open_session(manager)
    turn = session.record_turn("hi", ["a"])
    with pytest.raises(UnsentTurnsError, match="session s of actor a") as caught:
        await manager.aclose()
    assert isinstance(caught.value.__cause__, AccessDeniedError)
    [request] = caught.value.requests
    assert "hi" == request["payload"][0]["conversational"]["content"]["text"]
    assert ["a"] == await read(turn)


@virtual_time
async def test_an_error_of_the_block_is_not_replaced() -> None:
    """An error that ends the manager's block goes on, with a note that names the unsent turns."""
    with pytest.raises(KeyError) as caught:  # noqa: PT012 - leaving the block raises
        async with manager_on(RecordingService(takes_s=100), close_timeout=0) as manager:
            session = await open_session(manager)
            await read(session.record_turn("hi", ["ho"]))
            raise KeyError
    [note] = caught.value.__notes__
    assert "session s of actor a" in note


@virtual_time
async def test_a_failed_write_is_logged_with_its_ids(caplog: pytest.LogCaptureFixture) -> None:
    """A turn that the service refuses is logged, and hinders no other one."""
    service = FakeTransport()
    service.fail("CreateEvent", "AccessDeniedException")
    with caplog.at_level(logging.WARNING, "agentcore_memory_async"):
        async with manager_on(service) as manager:
            session = await open_session(manager)
            await read(session.record_turn(CANARY, [CANARY]))
            await read(session.record_turn("second", ["answer"]))
            await anyio.sleep(1)

    [record] = caplog.records
    token = service.sent("CreateEvent")[0]["clientToken"]
    assert f"session s of actor a, client token {token}: AccessDeniedError" in record.getMessage()
    assert "canary" not in record.getMessage()
    assert (["U: second", "A: answer"], False) == stored(service)[1]


@virtual_time
async def test_every_cancelled_write_is_logged_with_its_ids(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A write that is cancelled, in the queue or in flight, is logged with its ids."""
    async with manager_on(RecordingService(takes_s=100)) as manager:
        session = await open_session(manager)
        with (
            caplog.at_level(logging.WARNING, "agentcore_memory_async"),
            anyio.move_on_after(1),
        ):
            async with anyio.create_task_group() as tasks:
                for token in ("t1", "t2"):
                    tasks.start_soon(add, session, token)
    logged = sorted(record.getMessage() for record in caplog.records)
    assert 2 == len(logged)
    for number, text in enumerate(logged, 1):
        assert f"session s of actor a, client token t{number}:" in text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("way", ["add_turns", "create_event"])
async def test_a_large_write_cancelled_in_its_thread_is_logged(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A write that is cancelled while a thread checks its data is logged with its ids, too."""
    async with manager_on(FakeTransport(), clock=None) as manager:
        session = await open_session(manager)
        if way == "add_turns":
            call: Awaitable[object] = session.add_turns(
                [said(CANARY * 5000)] * 10, client_token="t1"
            )
        else:
            call = session.create_event("kind", {"data": CANARY * 50_000}, client_token="t1")
        writing = asyncio.ensure_future(call)  # noqa: TID251 - what is cancelled
        await asyncio.sleep(0)
        with caplog.at_level(logging.WARNING, "agentcore_memory_async"):
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
    assert "session s of actor a, client token t1: cancelled" in caplog.text
    assert "canary" not in caplog.text


async def test_closing_logs_a_large_turn_that_is_left_in_its_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A turn that closing gives up while a thread hashes it is named by the error and the log."""
    manager = await manager_on(FakeTransport(), clock=None, close_timeout=0).open()
    session = await open_session(manager)
    await read(session.record_turn("hi", [CANARY * 100_000]))
    with (
        caplog.at_level(logging.WARNING, "agentcore_memory_async"),
        pytest.raises(UnsentTurnsError) as caught,
    ):
        await manager.aclose()
    for request in caught.value.requests:
        assert request["clientToken"] in caplog.text


async def add(session: AsyncMemorySession, token: str) -> None:
    """Store a message under *token*."""
    await session.add_turns([said(CANARY)], client_token=token)


@pytest.mark.parametrize("times", [1, 2])
@virtual_time
async def test_cancelling_all_tasks_still_writes(times: int) -> None:
    """A turn under way is stored once although every task is cancelled."""
    service = SlowService(takes_s=0.5)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        await read(session.record_turn("hi", ["ho"]))
        for _ in range(times):
            await anyio.sleep(0.3)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
    assert ["hi", "ho"] == service.texts


@virtual_time
async def test_a_lost_answer_doubles_nothing() -> None:
    """A turn whose first answer is lost is stored once."""
    service = SlowService()
    service.lose = {0}
    async with manager_on(service) as manager:
        session = await open_session(manager)
        await read(session.record_turn("hi", ["ho"]))
    assert (2, ["hi", "ho"]) == (service.calls, service.texts)


@virtual_time
async def test_a_policy_gives_a_turn_more_time() -> None:
    """A turn is tried as long as the policy of its session says."""
    service = SlowService()
    service.drop = set(range(20))
    async with manager_on(service, close_timeout=1000) as manager:
        session = (await open_session(manager)).with_options(retry=RetryPolicy(write_deadline=900))
        await read(session.record_turn("hi", ["ho"]))
    assert ["hi", "ho"] == service.texts


def test_a_turn_that_outlives_its_loop_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A turn that is dropped once its loop has ended is logged with its ids."""

    async def main() -> RecordedTurn:
        manager = await manager_on(FakeTransport()).open()
        return (await open_session(manager)).record_turn(CANARY, ["ho"])

    turn = asyncio.run(main())
    with caplog.at_level(logging.WARNING, "agentcore_memory_async"):
        del turn
        gc.collect()
    assert "session s of actor a" in caplog.text
    assert "the event loop is closed" in caplog.text
    assert "canary" not in caplog.text


@virtual_time
async def test_order_holds_for_any_mixture() -> None:
    """Recorded turns and other writes of a session are stored in the order of their calls."""
    service = SlowService(takes_s=0.1)
    service.drop, service.lose = {1, 4}, {2, 7}
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with anyio.create_task_group() as tasks:
            for number in range(10):
                if number % 3:
                    await read(session.record_turn(str(number), []))
                elif number % 2:
                    session.record_turn(str(number), [])  # dropped
                else:
                    tasks.start_soon(session.add_turns, [said(str(number))])
                    await anyio.sleep(0)
    assert [str(number) for number in range(10)] == service.texts
