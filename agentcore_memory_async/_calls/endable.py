"""Waits that closing ends at once, instead of each when its time is over."""

from __future__ import annotations

from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

import anyio

from agentcore_memory_async.errors import ClosedError

if TYPE_CHECKING:
    from collections.abc import Generator


class EndableWaits:
    """
    The waits of one owner, until it is closed.

    Args:
        what: Name of the owner in errors.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._scopes = set[anyio.CancelScope]()
        self._is_ended = False

    def end(self) -> None:
        """End all of them; from now on none begins."""
        self._is_ended = True
        for scope in self._scopes:
            scope.cancel()

    def check(self) -> None:
        """Raise if they are ended."""
        if self._is_ended:
            message = f"the {self._what} was closed before the call was sent; create a new one"
            raise ClosedError(message)

    @contextmanager
    def until(self, deadline: float = inf) -> Generator[None]:
        """
        Leave the block at *deadline*, on the loop's clock, or at once when the waits are ended.

        Raises:
            ClosedError: They were ended, before or in the block.
        """
        self.check()
        with anyio.CancelScope(deadline=deadline) as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
        if scope.cancelled_caught:  # not where the block ended in the same moment
            self.check()

    async def sleep(self, seconds: float) -> None:
        """Wait so long; raise as `until` does."""
        with self.until():
            await anyio.sleep(seconds)
