"""
Whether a service on this machine is there at all, as far as the calls of one manager know.

Where nothing listens and nothing ever answered, waiting until the deadline of a call helps nobody:
the service was not started. So it gets a second, for programs that are started together with it.
After that, what the port says now is the answer to a call.

All calls share what one of them finds, for a moment: so a thousand that wait for each other in a
queue need no thousand attempts. Flow control and limits learn nothing from it, since no service
failed or was busy, and what starts at last should be used at once.
"""

from __future__ import annotations

from math import inf

from agentcore_memory_async._loop_time import loop_time
from agentcore_memory_async.errors import TransportError

START_S = 1.0
"""Time that a service on this machine has to start, where nothing listens yet."""
SHARED_S = 0.1
"""How long what one call found holds for the others, and the longest wait until one looks again."""


def is_absent(error: BaseException) -> bool:
    """Return whether nothing listens where a service on this machine was expected."""
    return isinstance(error, TransportError) and error.is_absent


class Absence:
    """What the calls of one manager found where nothing listens."""

    def __init__(self) -> None:
        self._first_at = inf
        self._last_at = -inf
        self._reason = ""

    @property
    def ends_at(self) -> float:
        """When calls no longer wait for the service to start, on the loop's clock."""
        return self._first_at + START_S

    def note(self, error: BaseException) -> None:
        """Note how a request failed."""
        if isinstance(error, TransportError) and error.is_absent:
            self._last_at = loop_time()
            self._first_at = min(self._first_at, self._last_at)
            self._reason = error.reason

    def check(self, operation: str) -> None:
        """
        Raise what a request of *operation* would find, where another has just found it.

        Raises:
            TransportError: Nothing listens.
        """
        if loop_time() < self._last_at + SHARED_S:
            raise TransportError(operation, self._reason, sent=False, is_absent=True)
