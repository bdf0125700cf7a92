"""The times of a session's events: when they are, and which of them are used; pure, no await."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RUNS = 30_000
"""How many runs of used times a session remembers, 16 bytes each."""
FORGOTTEN_AT_ONCE = 1000
"""How many of them are forgotten together, so that it costs little for each write."""


class RisingClock:
    """The wall clock in milliseconds, which never goes back even where the wall clock does."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._highest = 0

    def now_ms(self) -> int:
        """Read the clock."""
        self._highest = max(self._highest, int(self._wall() * 1000))
        return self._highest


class UsedTimes:
    """
    The times that events of a session have, in milliseconds, so that no two have the same.

    The service lists events of one millisecond in random order. Adjacent times are one run, so any
    number of events with one given time take the room of one. Beyond `MAX_RUNS` the runs farthest
    from the newest one are forgotten.
    """

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        # The first time of each run, and the first free one after it; both rise.
        self._starts = array("q")
        self._ends = array("q")

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self._starts)

    def free_from(self, ms: int) -> int:
        """Return the first time from *ms* on that no event has."""
        at = bisect_right(self._starts, ms)
        return max(ms, self._ends[at - 1]) if at else ms

    def add(self, ms: int) -> None:
        """Note that an event has the time *ms*, or may have it."""
        starts, ends = self._starts, self._ends
        at = bisect_right(starts, ms)
        if at and ms < ends[at - 1]:
            return
        follows = at > 0 and ends[at - 1] == ms
        precedes = at < len(starts) and starts[at] == ms + 1
        if follows:
            ends[at - 1] = ends.pop(at) if precedes else ms + 1
            if precedes:
                del starts[at]
        elif precedes:
            starts[at] = ms
        else:
            starts.insert(at, ms)
            ends.insert(at, ms + 1)
            if len(starts) > MAX_RUNS:
                self._forget_far_from(at)

    def _forget_far_from(self, at: int) -> None:
        """Forget the runs at the end that is farther from run number *at* in time."""
        starts = self._starts
        before, after = starts[at] - starts[0], starts[-1] - starts[at]
        if before > after:
            gone = slice(0, min(FORGOTTEN_AT_ONCE, at))
        else:
            gone = slice(max(at + 1, len(starts) - FORGOTTEN_AT_ONCE), None)
        del self._starts[gone], self._ends[gone]
