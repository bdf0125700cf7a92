"""Message buffers under cancellation: what is still written, and what is reported as unsent."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    ClosedError,
    MessageBuffer,
)
from tests._virtual_time import virtual_time
from tests.client.buffers import RecordingService, fill, open_session
from tests.client.doubles import SlowService, manager_on


@virtual_time
async def test_a_cancelled_block_still_writes() -> None:
    """
    A cancelled block writes within ``close_timeout``, and ``unsent_error`` reports what it could
    not write.
    """
    service = RecordingService(takes_s=1)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        with anyio.move_on_after(0.5):
            async with session.buffered(max_delay=60) as buffer:
                await fill(buffer, 2)
                await anyio.sleep(100)
        assert [["0", "1"]] == service.batches
        assert buffer.unsent_error is None

        service.takes_s = 100
        with anyio.move_on_after(0.5):
            async with session.buffered(max_delay=60, close_timeout=2) as buffer:
                await fill(buffer, 2)
                await anyio.sleep(100)
        assert buffer.unsent_error is not None
        assert buffer.unsent == buffer.unsent_error.messages
        assert buffer.unsent_error.client_token is not None


async def leave(session: AsyncMemorySession, left: list[MessageBuffer], **options: Any) -> None:
    """Leave a block by cancellation, with four messages pending."""
    async with session.buffered(max_messages=2, max_delay=60, **options) as buffer:
        left.append(buffer)
        await fill(buffer, 4)
        await anyio.sleep(100)


@pytest.mark.parametrize("times", [1, 2, 3])
@virtual_time
async def test_a_block_left_by_a_cancelled_task_still_writes(times: int) -> None:
    """
    A block writes its messages under asyncio's own cancellation too, also when it is repeated while
    leaving.
    """
    service = SlowService(takes_s=0.5)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        left: list[MessageBuffer] = []
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(leave(session, left))
            for _ in range(times):
                await anyio.sleep(0.3)
                task.cancel()
        assert task.cancelled()
        assert ["0", "1", "2", "3"] == service.texts
        assert (left[0].unsent, left[0].unsent_error) == ((), None)
        assert {asyncio.current_task()} == asyncio.all_tasks()


@pytest.mark.parametrize("times", [1, 2, 3])
@virtual_time
async def test_what_a_cancelled_block_names_is_final(times: int) -> None:
    """
    Nothing is written after a cancelled block ended, so resolving and sending the rest again stores
    each message once.
    """
    service = SlowService(takes_s=40)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        left: list[MessageBuffer] = []
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(leave(session, left, close_timeout=2))
            for _ in range(times):
                await anyio.sleep(0.5)
                task.cancel()
        assert 2.5 == anyio.current_time()
        assert {asyncio.current_task()} == asyncio.all_tasks()
        calls = service.calls
        await anyio.sleep(500)
        assert (calls, 0) == (service.calls, service.under_way)

        service.takes_s = 0.1
        unsent = left[0].unsent_error
        assert unsent is not None
        assert unsent.client_token is not None
        await session.resolve(unsent)
        await session.add_turns(unsent.messages[unsent.batch_size :])
        assert ["0", "1", "2", "3"] == service.texts


@virtual_time
async def test_asyncio_counts_its_cancellations_around_a_block() -> None:
    """Timeouts and task groups of asyncio end as usual around a block that is still being left."""
    service = SlowService(takes_s=1)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        task = asyncio.current_task()
        assert task is not None
        left: list[MessageBuffer] = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await leave(session, left)
        with pytest.raises(TimeoutError):  # noqa: PT012 - leaving the block raises
            async with asyncio.timeout(1):
                async with session.buffered(max_delay=60) as buffer:
                    await fill(buffer, 1, 4)
        with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - leaving the block raises
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(leave(session, left))
                await anyio.sleep(0.5)
                raise KeyError
        assert [KeyError] == [type(error) for error in caught.value.exceptions]
        assert 0 == task.cancelling()
    assert ["0", "1", "2", "3", "4", "0", "1", "2", "3"] == service.texts


@virtual_time
async def test_cancelling_all_tasks_still_writes() -> None:
    """
    Pending messages are written although every task is cancelled, or only the one
    that writes.
    """
    service = SlowService(takes_s=0.5)
    async with manager_on(service) as manager:
        session = await open_session(manager)
        left: list[MessageBuffer] = []
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(leave(session, left))
            for _ in range(3):
                await anyio.sleep(0.3)
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()
        assert ["0", "1", "2", "3"] == service.texts

        before = asyncio.all_tasks()
        async with session.buffered(max_delay=60) as buffer:
            await fill(buffer, 1, 4)
            (asyncio.all_tasks() - before).pop().cancel()
            await anyio.sleep(5)
            assert "4" == service.texts[-1]
            with pytest.raises(ClosedError, match="closed"):
                await fill(buffer, 1)
