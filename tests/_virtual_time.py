"""
An event loop whose time advances only when nothing else is left to do.

``asyncio.sleep(60)`` returns at once, and ``loop.time()`` is 60 seconds later. It is meant for code
without sockets, whose work takes no virtual time. Time stands still while a thread of the loop's
executor works; for other threads, and while a client opens, `VirtualTimeLoop.standing` stops it.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from concurrent.futures import Executor

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

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
        self.threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if (self.standing or self.threads) and timeout != 0:
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

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run *func* in a thread; its work takes no virtual time."""
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, _: object) -> None:
        self._jumping.threads -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads, as ``asyncio.run`` does at its end."""
        with self.standing():
            await super().shutdown_default_executor()

    def stall(self, seconds: float) -> None:
        """Let time pass in which the loop does nothing, as when the machine sleeps."""
        self._jumping.now += seconds

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
