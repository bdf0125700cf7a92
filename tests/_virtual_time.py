"""
An event loop whose time advances only when nothing else is left to do.

``asyncio.sleep(60)`` returns at once, and ``loop.time()`` is 60 seconds later. It is meant for code
without sockets and threads, whose work takes no virtual time. While threads are needed, such as for
opening a client, `VirtualTimeLoop.standing` stops the time.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

P = ParamSpec("P")

GUARD_S = 1.0
"""Timeout of one wait for threads and sockets while virtual time is stopped."""

EPOCH_S = 1_767_225_600.0
"""2026-01-01: the wall clock at virtual time 0."""


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that advances time to the next timer instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.standing = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.standing and timeout != 0:
            return super().select(GUARD_S)
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            message = "nothing is left to wait for: the test hangs"
            raise RuntimeError(message)
        self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose ``time()`` starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time."""
        return self._jumping.now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads, as ``asyncio.run`` does at its end."""
        with self.standing():
            await super().shutdown_default_executor()

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Stop virtual time, and wait for threads and sockets as other loops do."""
        self._jumping.standing = True
        try:
            yield
        finally:
            self._jumping.standing = False


def virtual_time(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Run a test in virtual time."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def wall_clock() -> float:
    """Return a wall clock's time that follows virtual time, for ``clock=`` of a manager."""
    return EPOCH_S + asyncio.get_running_loop().time()
