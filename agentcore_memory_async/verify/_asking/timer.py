"""The time of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from agentcore_memory_async.verify._asking.reply import LimitReachedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async._calls.wait_clock import WaitClock

_LONG_S = 5.0
"""Shortest wait in seconds that is told."""


@frozen
class Timer:
    """
    Waits by the clock of a run, and not beyond its end.

    Attributes:
        clock: Clock; whoever waits holds it.
        deadline: Time of the clock at which the run ends.
        announce: Called with a line for each long wait.
    """

    clock: WaitClock
    deadline: float
    announce: Callable[[str], None] = lambda _: None

    def now(self) -> float:
        """Return the time in seconds."""
        return self.clock.now()

    async def wait(self, seconds: float, what: str = "the next request") -> None:
        """
        Wait for *what*.

        Raises:
            LimitReachedError: The time of the run would be over.
        """
        until = self.now() + seconds
        if until > self.deadline:
            message = f"limit reached: its time would end in the {seconds:.0f} s for {what}"
            raise LimitReachedError(message)
        if seconds >= _LONG_S:
            self.announce(f"waiting {seconds:.0f} s for {what}")
        if seconds > 0:
            await self.clock.wait(anyio.Event(), until)
