"""A manager that is open in the event loop of a thread, and calls that wait until they may end."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agentcore_memory_async import AsyncMemorySessionManager
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.testing import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMORY = "chat-a1B2c3D4e5"
PATIENCE_S = 30.0
"""Longest wait for a thread; whoever waits so long hangs."""


def unopened() -> AsyncMemorySessionManager:
    """Return a manager that needs no network."""
    return AsyncMemorySessionManager(MEMORY, transport=FakeTransport())


class Home:
    """
    A thread that runs the loop of an open manager.

    Attributes:
        manager: The manager.
        calls: What hands calls to it.
        loop: Its loop.
    """

    def __init__(self) -> None:
        self.manager = unopened()
        self.calls = ManagerLoop(self.manager)
        self._opened: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),))
        self._thread.start()
        self.loop = self._opened.result(PATIENCE_S)

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        async with self.manager:
            self._opened.set_result(asyncio.get_running_loop())
            await self._end.wait()

    def end(self) -> None:
        """Close the manager, and end its loop."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def run(self, function: Callable[[], object]) -> None:
        """Run *function* in the loop, and wait for it."""
        ran: Future[object] = Future()
        self.loop.call_soon_threadsafe(lambda: ran.set_result(function()))
        ran.result(PATIENCE_S)

    def left(self) -> int:
        """Return how many tasks of calls are left in the loop."""
        found: list[int] = []
        self.run(lambda: found.append(len(asyncio.all_tasks(self.loop)) - 1))
        return found[0]


@contextmanager
def at_home() -> Iterator[Home]:
    """Yield a home that ends behind the block."""
    home = Home()
    try:
        yield home
    finally:
        home.end()


class Gated:
    """
    A call that says when it has begun, and ends when it may.

    Attributes:
        begun: Is set when it begins.
        ended: How it ended: "done", "failed" or "cancelled"; empty before.
    """

    def __init__(self, home: Home, error: BaseException | None = None) -> None:
        self._home = home
        self._error = error
        self._go = asyncio.Event()
        self.begun = threading.Event()
        self.ended = ""

    async def __call__(self) -> str:
        """Wait until it may end."""
        assert asyncio.get_running_loop() is self._home.loop
        self.begun.set()
        try:
            await self._go.wait()
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        if self._error is not None:
            self.ended = "failed"
            raise self._error
        self.ended = "done"
        return "result"

    async def until_begun(self) -> None:
        """Wait until it has begun."""
        assert await asyncio.to_thread(self.begun.wait, PATIENCE_S)

    def go(self) -> None:
        """Let it end."""
        self._home.loop.call_soon_threadsafe(self._go.set)


@contextmanager
def blocked(home: Home) -> Iterator[None]:
    """Block the loop of *home* during the block."""
    is_blocked, release = threading.Event(), threading.Event()

    def block() -> None:
        is_blocked.set()
        release.wait(PATIENCE_S)

    home.loop.call_soon_threadsafe(block)
    assert is_blocked.wait(PATIENCE_S)
    try:
        yield
    finally:
        release.set()
