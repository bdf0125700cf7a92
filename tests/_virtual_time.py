"""
An event loop whose time passes only when there is nothing else to do.

``asyncio.sleep(60)`` returns at once and ``loop.time()`` is 60 seconds later. Only for code that
needs no sockets and no threads: what they do takes no time here. For a while that does need
threads, such as opening a client, `VirtualTimeLoop.standing` lets time stand still.
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
"""How long one look for threads and sockets lasts while time stands still."""

EPOCH_S = 1_767_225_600.0
"""2026-01-01: what the wall clock says when virtual time is 0."""


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for a timer it moves the time to it."""

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
            message = "nothing is left that could happen: the test waits for ever"
            raise RuntimeError(message)
        self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The event loop; ``time()`` starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Read the clock."""
        return self._jumping.now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads, as ``asyncio.run`` does at its end."""
        with self.standing():
            await super().shutdown_default_executor()

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Let time stand still, and wait for threads and sockets as other loops do."""
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
    """Read a wall clock that goes with virtual time; for ``clock=`` of a manager."""
    return EPOCH_S + asyncio.get_running_loop().time()
