"""Turns whose readers have left, while their manager closes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import RetryPolicy
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

REQUEST = {
    "memoryId": MEMORY,
    "actorId": "a",
    "sessionId": "s",
    "payload": [],
    "clientToken": "token-1",
}


@virtual_time
async def test_a_turn_that_had_not_begun_when_all_stopped_is_unsent() -> None:
    """What is handed over just before the stop is named as unsent, and is not sent after it."""
    service = FakeTransport()
    async with manager_on(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        outbox = manager._core.outbox
        outbox._accept(session._queue, REQUEST, RetryPolicy())
        unsent = await outbox.stop()
        await anyio.sleep(10)
        assert [REQUEST] == [each.request for each in unsent]
        assert [] == service.sent("CreateEvent")


class Deaf:
    """A turn or buffer that does not end."""

    def end(self) -> None:
        """Do nothing."""


@virtual_time
async def test_a_task_that_does_not_end_holds_up_the_close_for_a_second() -> None:
    """Nothing is lost with it: what it had is named by then."""
    opened = Deaf()
    async with manager_on(FakeTransport()) as manager:
        task = asyncio.get_running_loop().create_task(anyio.sleep(60))
        manager._core.outbox.add(opened, task)
        began = anyio.current_time()
    assert 1.0 == pytest.approx(anyio.current_time() - began)
    task.cancel()


@virtual_time
async def test_chunks_that_are_closed_are_forgotten() -> None:
    """A server streams for months, and keeps nothing of what is over."""

    async def chunks() -> AsyncGenerator[object]:
        yield "a"

    async with manager_on(FakeTransport()) as manager:
        outbox = manager._core.outbox
        outbox.close_soon(chunks())
        assert 1 == len(outbox._closing)
        await anyio.sleep(1)
        assert 0 == len(outbox._closing)
