"""
Clocks of the local service: the machine's, or one that a test moves.

The service asks its clock for every date and every delay. So a test that advances a
`ManualClock` waits for an extraction of minutes in no time at all.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio

__all__ = ("Clock", "ManualClock", "SystemClock")

Cancel = Callable[[], None]
"""Cancels a scheduled call."""


class Clock(Protocol):
    """A clock of the service."""

    def now(self) -> float:
        """Return the time as seconds since the epoch."""
        ...

    def call_at(self, when: float, callback: Callable[[], None]) -> Cancel:
        """Call *callback* on the running loop once the time is *when*; return what cancels that."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return the time as seconds since the epoch."""
        return time.time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Cancel:
        """Call *callback* on the running loop once the time is *when*; return what cancels that."""
        loop = asyncio.get_running_loop()
        return loop.call_later(max(0.0, when - self.now()), callback).cancel


class ManualClock:
    """
    A clock that stands still until it is advanced.

    It can be advanced from any thread; what waits for it wakes on its own loop.

    Args:
        start: Time at first: an aware datetime, or seconds since the epoch.
    """

    def __init__(self, start: datetime | float = 1_767_225_600.0) -> None:
        self._now = start.timestamp() if isinstance(start, datetime) else float(start)
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._timers: list[tuple[float, int, asyncio.AbstractEventLoop, Callable[[], None]]] = []
        self._cancelled: set[int] = set()

    def __repr__(self) -> str:
        return f"<ManualClock {datetime.fromtimestamp(self._now, UTC).isoformat()}>"

    def now(self) -> float:
        """Return the time as seconds since the epoch."""
        return self._now

    @property
    def timers(self) -> int:
        """Number of calls that wait for the clock to advance."""
        with self._lock:
            return len(self._timers) - len(self._cancelled)

    def advance(self, duration: float | timedelta) -> None:
        """Move the time forward by *duration* (seconds or a timedelta) and wake what is due."""
        seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
        if seconds < 0:
            message = f"duration is {seconds} s; a clock only goes forward"
            raise ValueError(message)
        self.advance_to(self._now + seconds)

    def advance_to(self, when: float) -> None:
        """Move the time forward to *when*; a time in the past changes nothing."""
        due: list[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = []
        with self._lock:
            self._now = max(self._now, when)
            while self._timers and self._timers[0][0] <= self._now:
                _, number, loop, callback = heapq.heappop(self._timers)
                if number in self._cancelled:
                    self._cancelled.discard(number)
                else:
                    due.append((loop, callback))
        for loop, callback in due:
            if not loop.is_closed():
                loop.call_soon_threadsafe(callback)

    def call_at(self, when: float, callback: Callable[[], None]) -> Cancel:
        """Call *callback* on the running loop once the time is *when*; return what cancels that."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if when <= self._now:
                return loop.call_soon(callback).cancel
            number = next(self._order)
            heapq.heappush(self._timers, (when, number, loop, callback))

        def cancel() -> None:
            with self._lock:
                if any(timer[1] == number for timer in self._timers):
                    self._cancelled.add(number)

        return cancel


async def sleep(clock: Clock, seconds: float) -> None:
    """Sleep for *seconds* of *clock*."""
    if seconds <= 0:
        return
    woken = anyio.Event()
    cancel = clock.call_at(clock.now() + seconds, woken.set)
    try:
        await woken.wait()
    finally:
        cancel()
