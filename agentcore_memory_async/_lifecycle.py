"""To which process and event loop something open belongs."""

from __future__ import annotations

import asyncio
import os

from agentcore_memory_async.errors import ClosedError, ForkedError, WrongLoopError


class Lifecycle:
    """
    Guards what is bound to one event loop: not opened, open, closed.

    Args:
        what: How errors call it.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._pid = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self.state = "not opened"

    def opened(self) -> None:
        """Bind to the running loop; a second opening is refused."""
        if self.state != "not opened":
            message = f"this {self._what} is {self.state}; it opens once: make a new one"
            raise ClosedError(message)
        self._pid = os.getpid()
        self._loop = asyncio.get_running_loop()
        self.state = "open"

    def closed(self) -> bool:
        """Mark as closed, if it is not open elsewhere; tells whether it was open."""
        was_open = self.state == "open"
        if was_open and self._pid == os.getpid():
            self._check_loop()
        self.state = "closed"
        return was_open

    def check(self) -> None:
        """Refuse to be used where it can't work."""
        if self.state == "not opened":
            message = f"this {self._what} is not open; use 'async with' or 'await ....open()' first"
            raise ClosedError(message)
        if self.state == "closed":
            message = f"this {self._what} is closed; make a new one"
            raise ClosedError(message)
        if self._pid != os.getpid():
            message = (
                f"this {self._what} was opened before a fork, by process {self._pid}; "
                "make one in each process, after the fork"
            )
            raise ForkedError(message)
        self._check_loop()

    def _check_loop(self) -> None:
        if self._loop is not asyncio.get_running_loop():
            message = (
                f"this {self._what} belongs to another event loop; make one in each loop, "
                "or use the sync facade, which can be called from any thread"
            )
            raise WrongLoopError(message)
