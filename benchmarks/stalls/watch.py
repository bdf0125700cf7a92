"""Times each callback of the event loop, while conversations run."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from benchmarks.throughput.load import converse_at_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from benchmarks.common.contestant import Measure
    from benchmarks.throughput.load import Converse

ROUNDS = 20
"""Times that each conversation goes on after its first answers."""


class Watch:
    """
    Records the longest callback of an event loop.

    It times `asyncio.Handle._run`, through which the loop makes every callback, at the cost of
    four readings of clocks. The process does nothing but the calls of its contestant, so every
    callback counts, whether or not a frame of the contestant's is in it: the figure is at least
    as high as that of callbacks with such a frame, and no profiler has to look for frames.

    Attributes:
        wall_s: Duration of the longest callback, in seconds.
        processor_s: Largest processor time of a callback, in seconds; without the time in which
            another thread or another process ran instead.
    """

    def __init__(self) -> None:
        self.wall_s = self.processor_s = 0.0
        run = asyncio.Handle._run
        clock, processor = time.perf_counter, time.thread_time

        def timed(handle: asyncio.Handle) -> None:
            began, at = clock(), processor()
            run(handle)
            self.note(clock() - began, processor() - at)

        asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]

    def note(self, wall_s: float, processor_s: float) -> None:
        """Take note of a callback that has ended."""
        self.wall_s = max(self.wall_s, wall_s)
        self.processor_s = max(self.processor_s, processor_s)

    def take(self, phase: str) -> dict[str, float]:
        """Return the longest callbacks since the last time, in seconds."""
        taken = {
            f"{phase}_s": self.wall_s,
            f"{phase}_cpu_s": self.processor_s,
        }
        self.wall_s = self.processor_s = 0.0
        return taken


def stalls_of(opened: Callable[[], AbstractAsyncContextManager[Converse]]) -> Measure:
    """
    Return what measures the longest callbacks at the opening of a client and after it.

    Opening lasts until each conversation has its first answers.
    """

    async def measure(_: str, conversations: int) -> dict[str, float]:
        watch = Watch()
        await asyncio.sleep(0)  # the callback that runs now is not timed
        async with opened() as converse:
            await converse_at_once(converse, conversations)
            opening = watch.take("opening")
            await converse_at_once(converse, conversations, ROUNDS)
            after = watch.take("after")
        return opening | after

    return measure
