"""
Clocks of the local service: the machine's, or one that a test moves.

The service asks its clock for every date and every delay, and its managers wait by it. So a test
that advances a `ManualClock`, or has an `AutoClock`, waits for an extraction of minutes in no time
at all.

A client that waits is woken only once nothing is under way. So what has begun at a time has had its
effect before that time is over: requests are answered, and what is due is extracted.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Protocol

import anyio
from attrs import define

__all__ = ("AutoClock", "Clock", "ManualClock", "SystemClock")

_PATIENCE = 20
"""
Steps of the event loop without a change until clients that wait are woken: so many a task may need
from one thing to the next, such as from the end of a call to the beginning of another one.
"""

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


@define(eq=False)
class _Waiter:
    """
    A client that waits.

    Attributes:
        until: When it wakes.
        loop: Its event loop.
        wake: Wakes it; for its loop to call.
        is_waiting: Whether it has not been woken.
    """

    until: float
    loop: asyncio.AbstractEventLoop
    wake: Callable[[], None]
    is_waiting: bool = True


class ManualClock:
    """
    A clock that stands still until it is advanced.

    It can be advanced from any thread; what waits for it wakes on its own loop. A manager that
    `LocalMemoryService.manager` returns waits for extraction by this clock: once it is advanced,
    what is due is extracted first, then the waits go on. Retries and ``anyio.fail_after`` stay in
    real time.

    Args:
        start: Time at first: an aware datetime, or seconds since the epoch.
    """

    def __init__(self, start: datetime | float = 1_767_225_600.0) -> None:
        self._now = start.timestamp() if isinstance(start, datetime) else float(start)
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._timers: list[tuple[float, int, asyncio.AbstractEventLoop, Callable[[], None]]] = []
        self._uncancelled: set[int] = set()
        # What is under way: while anything is, clients that wait are not woken.
        self._held = 0
        self._changes = 0
        self._waiters: set[_Waiter] = set()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {datetime.fromtimestamp(self._now, UTC).isoformat()}>"

    def now(self) -> float:
        """Return the time as seconds since the epoch."""
        return self._now

    @property
    def timers(self) -> int:
        """Number of calls that wait for the clock to advance."""
        with self._lock:
            return len(self._uncancelled)

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
        self.hold()
        with self._lock:
            self._now = max(self._now, when)
            while self._timers and self._timers[0][0] <= self._now:
                _, number, loop, callback = heapq.heappop(self._timers)
                if number in self._uncancelled:
                    self._uncancelled.discard(number)
                    if not loop.is_closed():
                        due.append((loop, callback))
            self._held += len(due)  # until each callback has run
        for loop, callback in due:
            loop.call_soon_threadsafe(self._call, callback)
        self.release()

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        finally:
            self.release()

    def call_at(self, when: float, callback: Callable[[], None]) -> Cancel:
        """Call *callback* on the running loop once the time is *when*; return what cancels that."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if when <= self._now:
                return loop.call_soon(callback).cancel
            number = next(self._order)
            self._uncancelled.add(number)
            heapq.heappush(self._timers, (when, number, loop, callback))

        def cancel() -> None:
            with self._lock:
                self._uncancelled.discard(number)

        return cancel

    # For clients that wait, and for what they wait for.

    def hold(self) -> None:
        """Note that something is under way, such as a request or an extraction."""
        with self._lock:
            self._held += 1
            self._changes += 1

    def release(self) -> None:
        """Note that it has ended; once nothing is under way, clients that are due are woken."""
        with self._lock:
            self._held -= 1
            self._changes += 1
            changes = self._changes
            if self._held or not self._waiters:
                return
            waiter = next(iter(self._waiters))
        try:  # on this loop, so that the tasks that were just woken here come first
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = waiter.loop
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._settle, changes, _PATIENCE)

    async def wait(self, event: anyio.Event, until: float) -> bool:
        """
        Wait for *event*, until *until* at most, and let go of the clock meanwhile.

        Returns:
            Whether it is *until*, and nothing is under way.
        """
        waiter = _Waiter(until, asyncio.get_running_loop(), event.set)
        with self._lock:
            self._waiters.add(waiter)
        self.release()
        try:
            await event.wait()
            return not waiter.is_waiting
        finally:
            with self._lock:
                self._waiters.discard(waiter)
                if waiter.is_waiting:  # else whoever woke it holds the clock in its place
                    self._held += 1
                    self._changes += 1

    def _settle(self, changes: int, patience: int) -> None:
        """Wake the clients that are due, if nothing has happened for some steps of the loop."""
        with self._lock:
            if changes != self._changes:
                return
        if patience:
            asyncio.get_running_loop().call_soon(self._settle, changes, patience - 1)
        elif not self._wake_due():
            self._stand_still()

    def _wake_due(self) -> bool:
        with self._lock:
            due = [each for each in self._waiters if each.is_waiting and each.until <= self._now]
            for waiter in due:
                waiter.is_waiting = False
                self._held += 1
                self._changes += 1
        for waiter in due:
            if not waiter.loop.is_closed():
                waiter.loop.call_soon_threadsafe(waiter.wake)
        return bool(due)

    def _stand_still(self) -> None:
        """Do what the clock does while every client waits."""


class AutoClock(ManualClock):
    """
    A clock that moves on by itself while every client of it waits.

    Waiting for extraction takes no real time then. The clock moves from one time that something
    waits for to the next, and only while a client waits, and no call, extraction or other thing
    that the client knows of is under way. It can be advanced as well.
    """

    def _stand_still(self) -> None:
        """Move on to the next time that something waits for."""
        with self._lock:
            times = [waiter.until for waiter in self._waiters if waiter.is_waiting]
            if not times:
                return
            times += [timer[0] for timer in self._timers[:1]]
        if min(times) < inf:
            self.advance_to(min(times))


def hold(clock: Clock) -> Cancel:
    """Keep clients from being woken while something is under way; return what ends that."""
    if not isinstance(clock, ManualClock):
        return _do_nothing
    clock.hold()
    return clock.release


def _do_nothing() -> None:
    pass


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


async def delay(clock: Clock, seconds: float) -> None:
    """Wait before an answer; a clock that moves by itself is moved, as it would wait for it."""
    if isinstance(clock, AutoClock):
        clock.advance(seconds)
    else:
        await sleep(clock, seconds)
