"""The process and the event loop that something open belongs to."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agentcore_memory_async.errors import ClosedError, ForkedError, WrongLoopError

if TYPE_CHECKING:
    from collections.abc import Generator

NEW = "not open"
"""State before the first opening, and after one that failed."""
OPENING = "being opened"
"""State while the block that opens it runs."""
OPEN = "open"
"""State in which it can be used."""
CLOSED = "closed"
"""Final state: it cannot be opened again."""


class Lifecycle:
    """
    The state of an object that is opened once, for one event loop and one process.

    It goes from *not open* over *being opened* to *open* and *closed*. An opening that fails leads
    back to *not open*. After a fork the child inherits the state, and may use nothing of it.

    Args:
        what: Name of the object in errors.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._pid = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self.state: str = NEW

    @property
    def is_inherited(self) -> bool:
        """Whether the parent of this process opened it."""
        return self.state != NEW and self._pid != os.getpid()

    @property
    def is_open_here(self) -> bool:
        """Whether it is open, and this process opened it."""
        return self.state == OPEN and not self.is_inherited

    @contextmanager
    def opening(self) -> Generator[None]:
        """Bind to the running loop while the block opens it; if that fails, it is as before."""
        if self.state != NEW:
            message = (
                f"this {self._what} is {self.state}; it can be opened only once: "
                f"create a new one{self._where()}"
            )
            raise ClosedError(message)
        self._pid = os.getpid()
        self._loop = asyncio.get_running_loop()
        self.state = OPENING
        try:
            yield
        except BaseException:
            self.state = NEW
            raise
        self.state = OPEN

    def closed(self) -> bool:
        """Mark it as closed, unless it is open in another loop; return whether it was open."""
        if self.state == OPENING:
            message = f"this {self._what} is {OPENING}; cancel that instead"
            raise RuntimeError(message)
        was_open = self.state == OPEN
        if was_open and not self.is_inherited:
            self._check_loop()
        self.state = CLOSED
        return was_open

    def check(self) -> None:
        """Raise unless it can be used here."""
        self._check_open()
        self._check_loop()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop in which it is open; the error of `check`, where it is not open."""
        self._check_open()
        assert self._loop is not None  # noqa: S101 - opening has set it
        return self._loop

    def _check_open(self) -> None:
        if self.state == CLOSED:
            message = f"this {self._what} is closed; create a new one{self._where()}"
            raise ClosedError(message)
        if self.is_inherited:
            message = (
                f"this {self._what} was opened before a fork, by process {self._pid}; "
                "make one in each process, after the fork"
            )
            raise ForkedError(message)
        if self.state != OPEN:
            message = f"this {self._what} is {self.state}; use 'async with', or open() first"
            raise ClosedError(message)

    def _where(self) -> str:
        """Return where to create a new one; empty where the loop of this one has not ended."""
        if self._loop is None or not self._loop.is_closed():
            return ""
        return " inside of each asyncio.run(), since the event loop of this one has ended"

    def _check_loop(self) -> None:
        if self._loop is not asyncio.get_running_loop():
            advice = "make one in each loop, or use the sync facade, which works in any thread"
            if where := self._where():
                advice = f"create a new one{where}"
            message = f"this {self._what} belongs to another event loop; {advice}"
            raise WrongLoopError(message)
