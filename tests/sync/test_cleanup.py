"""What hangs while it is closed on the loop thread has its time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async._sync.iterator import IteratorBridge
from agentcore_memory_async._sync.shared_resource import ResourceTask
from tests._virtual_time import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Hanging:
    """An async context manager and iterator that never closes."""

    async def __aenter__(self) -> Hanging:
        return self

    async def __aexit__(self, *_: object) -> None:
        await anyio.sleep_forever()

    def __aiter__(self) -> Hanging:
        return self

    async def __anext__(self) -> str:
        return "a"

    async def aclose(self) -> None:
        """Hang."""
        await anyio.sleep_forever()


@virtual_time
async def test_an_object_has_the_given_time_to_close() -> None:
    """Then its cleanup is cancelled, and the close returns."""
    thread: Any = SimpleNamespace(closers=set())
    host = ResourceTask(thread, Hanging(), 7.0)
    async with anyio.create_task_group() as tasks:
        await tasks.start(host.run)
        began = anyio.current_time()
        await host.close()
        assert 7.0 == pytest.approx(anyio.current_time() - began)
    assert not thread.closers


@virtual_time
async def test_an_iterator_has_five_seconds_to_close() -> None:
    """Then its cleanup is cancelled, and the close returns."""
    async with anyio.create_task_group() as tasks:
        thread: Any = SimpleNamespace(closers=set(), tasks=tasks, stopping=False)
        bridge = IteratorBridge[str](thread, Hanging())
        assert ["a"] == await bridge.take(1)
        began = anyio.current_time()
        await bridge.close()
        assert 5.0 == pytest.approx(anyio.current_time() - began)


@virtual_time
async def test_an_iterator_is_closed_in_order_though_all_is_cancelled() -> None:
    """The whole thread stops: what the iterator holds is given back all the same."""
    closed: list[str] = []

    async def items() -> AsyncGenerator[str]:
        try:
            yield "a"
        finally:
            await anyio.sleep(1)
            closed.append("in order")

    async with anyio.create_task_group() as tasks:
        thread: Any = SimpleNamespace(closers=set(), tasks=tasks, stopping=True)
        bridge = IteratorBridge[str](thread, items())
        assert ["a"] == await bridge.take(1)
        assert {bridge.end} == thread.closers
        bridge.end()
        tasks.cancel_scope.cancel()
    assert ["in order"] == closed
    assert not thread.closers
