"""Message buffers: when messages are written, what blocks, and what is refused."""

from __future__ import annotations

import asyncio
import json
import os

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    ClosedError,
    ForkedError,
    InvalidInputError,
    RetryPolicy,
    WrongLoopError,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.buffers import RecordingService, fill, open_session
from tests.client.doubles import SlowService, manager_on, said


@virtual_time
async def test_full_batches_are_written_at_once() -> None:
    """A full batch is written at once, and the rest follows after the delay."""
    service = RecordingService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_messages=3, max_delay=2.0) as buffer:
            await fill(buffer, 7)
            await anyio.sleep(3)
            assert [["0", "1", "2"], ["3", "4", "5"], ["6"]] == service.batches
            assert service.came_at[0] == 0
            assert 2 <= service.came_at[2] <= 2.1
            assert () == buffer.unsent
            assert buffer.unsent_error is None
            assert "open, 0 pending, 7 stored" in repr(buffer)


@virtual_time
async def test_leaving_writes_what_is_left() -> None:
    """Leaving the block writes what is pending without waiting for the delay."""
    service = RecordingService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60) as buffer:
            await fill(buffer, 2)
        assert anyio.current_time() < 1
    assert [["0", "1"]] == service.batches


@virtual_time
async def test_flush_waits_for_what_was_added() -> None:
    """
    ``flush`` returns when everything added before it is stored, and does not affect
    later messages.
    """
    service = RecordingService()
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60) as buffer:
            await fill(buffer, 2)
            await buffer.flush()
            assert [["0", "1"]] == service.batches
            await buffer.flush()
            await fill(buffer, 1, 2)
            await anyio.sleep(10)
            assert 1 == len(service.batches)
    assert [["0", "1"], ["2"]] == service.batches


@virtual_time
async def test_add_waits_while_too_much_is_pending() -> None:
    """
    ``add`` waits while too many messages or bytes are pending, and takes one oversized message
    alone.
    """
    service = RecordingService(takes_s=5.0)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_pending=2, max_delay=0, close_timeout=60) as buffer:
            await fill(buffer, 2)
            began = anyio.current_time()
            await fill(buffer, 1, 2)
            assert anyio.current_time() - began >= 4.9
        async with session.buffered(max_pending_bytes=10, max_delay=0) as buffer:
            await buffer.add(said("x" * 50))
            began = anyio.current_time()
            await buffer.add(said("y"))
            assert anyio.current_time() - began >= 4.9


@virtual_time
async def test_a_full_buffer_is_written_before_the_delay() -> None:
    """Pending messages are written at once when ``add`` waits for room."""
    transport = RecordingService()
    async with manager_on(transport) as manager:
        session = await open_session(manager)
        async with session.buffered(max_delay=60, max_pending_bytes=10) as buffer:
            for _ in range(3):
                await buffer.add(said("x" * 8))
            assert anyio.current_time() < 1

    assert [["x" * 8]] * 3 == transport.batches


@virtual_time
async def test_a_buffer_is_used_inside_its_block() -> None:
    """A buffer refuses use before, after and twice, and does not take an invalid message."""
    async with manager_on(FakeTransport()) as manager:
        session = await open_session(manager)
        buffer = session.buffered()
        with pytest.raises(ClosedError, match="not entered"):
            await buffer.add(said("early"))
        async with buffer:
            with pytest.raises(InvalidInputError):
                await buffer.add("text")  # type: ignore[arg-type]
            assert () == buffer.unsent
        with pytest.raises(ClosedError, match="entered once"):
            async with buffer:
                pass


@pytest.mark.parametrize("text", ["é" * 51_200, "\x01" * 100_000, "a" * 100_000, "😀" * 25_600])
@virtual_time
async def test_no_request_exceeds_10_mb(text: str) -> None:
    """No request exceeds 10 MB as JSON in which non-ASCII characters are escaped."""
    service = SlowService()
    metadata = {f"{number:0100}": "v" * 200 for number in range(15)}
    async with manager_on(service) as manager:
        session = await open_session(manager)
        async with session.buffered(max_pending_bytes=10**8, metadata=metadata) as buffer:
            for _ in range(110):
                await buffer.add(said(text))
    sizes = [len(json.dumps(request)) for request in service.sent("CreateEvent")]
    assert max(sizes) <= 10 * 1024 * 1024
    assert 110 == len(service.texts)
    assert len(sizes) <= sum(sizes) / 9_000_000 + 1


@virtual_time
async def test_a_manager_that_is_closed_takes_nothing() -> None:
    """A buffer takes no message when its manager is not open, closed or of another process."""
    service = RecordingService()
    manager = manager_on(service)
    session = AsyncMemorySession(manager, "a", "s")
    with pytest.raises(ClosedError, match="not open"):
        async with session.buffered():
            pytest.fail("entered")
    await manager.open()
    async with session.buffered() as buffer:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            with pytest.raises(ForkedError):
                await fill(buffer, 1)
            with pytest.raises(ForkedError):
                async with session.buffered():
                    pytest.fail("entered")
        await manager.aclose()
        with pytest.raises(ClosedError, match="Manager"):
            await fill(buffer, 1)
        await buffer.flush()
    with pytest.raises(ClosedError, match="Manager"):
        async with session.buffered():
            pytest.fail("entered")


def test_a_manager_of_another_loop_takes_nothing() -> None:
    """A buffer raises in another loop instead of waiting for what its own loop writes."""
    here = asyncio.new_event_loop()
    manager = manager_on(RecordingService(), clock=lambda: 0.0)
    here.run_until_complete(manager.open())
    session = AsyncMemorySession(manager, "a", "s")
    buffer = session.buffered(max_delay=60)

    async def elsewhere() -> None:
        for call in (buffer.flush(), fill(buffer, 1), session.buffered().__aenter__()):
            with pytest.raises(WrongLoopError):
                await call

    async def both() -> None:
        async with buffer:
            await fill(buffer, 1)
            await asyncio.to_thread(asyncio.run, elsewhere())
        await manager.aclose()

    here.run_until_complete(both())
    here.close()
    assert () == buffer.unsent


@virtual_time
async def test_a_buffer_has_a_policy_of_its_own() -> None:
    """A buffer uses the retry policy of its session's view, which is validated when given."""
    service = RecordingService()
    service.fail("CreateEvent", "ServiceException", status=500, times=3)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with pytest.raises(InvalidInputError, match="retry"):
            session.with_options(retry=3).buffered()  # type: ignore[arg-type]
        async with session.with_options(retry=RetryPolicy(max_attempts=1)).buffered() as buffer:
            await fill(buffer, 1)
            await anyio.sleep(1.05)
            assert 1 == len(service.came_at)
    assert 4 == len(service.came_at)
