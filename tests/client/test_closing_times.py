"""How long closing waits for what does not end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import anyio

from agentcore_memory_async._operations.chunks import iterate
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class NeverClosed:
    """Chunks, a connection and a turn whose end does not come."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        return "chunk"

    async def aclose(self) -> None:
        """Wait forever."""
        await anyio.sleep_forever()

    def end(self) -> None:
        """Do nothing."""


async def duration_of(close: Callable[[], Awaitable[object]]) -> float:
    """Return how long *close* takes, in seconds."""
    began = anyio.current_time()
    await close()
    return anyio.current_time() - began


@virtual_time
async def test_chunks_have_five_seconds_to_close() -> None:
    """Then the turn goes on without them."""
    chunks = iterate("chunks", NeverClosed())
    await anext(chunks)

    assert 5.0 == await duration_of(chunks.aclose)


@virtual_time
async def test_connections_have_five_seconds_to_close() -> None:
    """Then they are left to the garbage collector; closing again does nothing."""
    transport = BotocoreTransport()
    connection: Any = NeverClosed()
    with transport._lifecycle.opening():
        transport._connection = connection

    assert [5.0, 0.0] == [await duration_of(transport.aclose) for _ in range(2)]


@virtual_time
async def test_tasks_of_what_was_not_left_have_a_second_to_end() -> None:
    """Closing the manager waits for them no longer."""
    manager = await manager_on(FakeTransport()).open()
    opened = NeverClosed()
    task = asyncio.get_running_loop().create_task(opened.aclose())
    manager._core.outbox.add(opened, task)

    assert 1.0 == await duration_of(manager.aclose)
    task.cancel()
