"""The time of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from agentcore_memory_async.verify._asking.reply import LimitReachedError

if TYPE_CHECKING:
    from agentcore_memory_async._calls.wait_clock import WaitClock


@frozen
class Timer:
    """
    Waits by the clock of a run, and not beyond its end.

    Attributes:
        clock: Clock; whoever waits holds it.
        deadline: Time of the clock at which the run ends.
    """

    clock: WaitClock
    deadline: float

    def now(self) -> float:
        """Return the time in seconds."""
        return self.clock.now()

    async def wait(self, seconds: float) -> None:
        """
        Wait.

        Raises:
            LimitReachedError: The time of the run would be over.
        """
        until = self.now() + seconds
        if until > self.deadline:
            message = "the time of the run is over"
            raise LimitReachedError(message)
        if seconds > 0:
            await self.clock.wait(anyio.Event(), until)
