"""The state of one pass of a wait: what it is for, and how it ends."""

from __future__ import annotations

from copy import copy
from math import inf

from agentcore_memory_async.errors import AgentCoreMemoryError

LAST_S = 2.0
"""Time from the start of the last poll to the deadline; half of a shorter wait."""
TOGETHER_S = 0.5
"""How long the result of one target waits for polls under way at the others."""


class WaitPass:
    """
    One pass of a wait, until there is something to hand to the caller.

    Args:
        began: Start of the whole wait, on the loop's clock.
        timeout_s: Longest duration of the whole wait.
        delivered: Number of records that the caller has; None where only the baseline is wanted.
    """

    def __init__(self, began: float, timeout_s: float, delivered: int | None) -> None:
        self.began = began
        self.timeout_s = timeout_s
        self.deadline = began + timeout_s
        self.delivered = delivered
        self.found_at = inf
        self.error: Exception | None = None
        self.cause: Exception | None = None

    @property
    def last_poll_at(self) -> float:
        """When the last poll is to begin, so that it ends in time."""
        return self.deadline - min(LAST_S, self.timeout_s / 2)

    @property
    def wakes_at(self) -> float:
        """Until when there is nothing to decide."""
        return min(self.deadline, self.found_at + TOGETHER_S)

    @property
    def failed(self) -> bool:
        """Whether it ends with an error."""
        return self.error is not None

    def fail(self, error: Exception) -> None:
        """End with *error*; others may raise the same one, so each gets a copy."""
        if isinstance(error, AgentCoreMemoryError):
            error = copy(error).with_traceback(error.__traceback__)
        self.error = error
