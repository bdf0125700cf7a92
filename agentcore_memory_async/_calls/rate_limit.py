"""Limits of requests per second."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import anyio

from agentcore_memory_async._calls.wait_clock import holding, releasing

if TYPE_CHECKING:
    from agentcore_memory_async._calls.endable import EndableWaits
    from agentcore_memory_async._calls.wait_clock import WaitClock
    from agentcore_memory_async.policies import ServiceLimits


class SlidingWindowLimiter:
    """
    Limits the requests that the service sees within any second.

    A request counts from its answer: the service saw it before that, so however long it was on its
    way, the service never sees more than *rate* of them in a second.

    Args:
        rate: Requests per second; None for no limit.
    """

    __slots__ = ("_ended", "_most", "_per_s")

    def __init__(self, rate: float | None) -> None:
        # A rate below one per second allows one request in a longer window.
        self._per_s = 1.0 if rate is None or rate >= 1 else 1 / rate
        self._most = None if rate is None else max(1, int(rate))
        # Of the last window at most. A list, since there are many idle sessions: an empty deque
        # takes ten times as much.
        self._ended: list[float] = []

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next request may start."""
        if self._most is None or len(self._ended) < self._most:
            return 0.0
        return max(0.0, self._ended[-self._most] + self._per_s - now)

    def ended(self, now: float) -> None:
        """Note that a request has ended."""
        if self._most is None:
            return
        while self._ended and self._ended[0] <= now - self._per_s:
            del self._ended[0]
        self._ended.append(now)


class TokenBucket:
    """
    Limits the requests of several callers together.

    Args:
        per_s: Requests per second; None for no limit.
        burst_s: Seconds' worth of them that may go at once.
    """

    def __init__(self, per_s: float | None, burst_s: float = 1.0) -> None:
        self._per_s = per_s
        self._burst_s = burst_s
        self._lock: anyio.Lock | None = None
        self._used_until = -inf

    async def take(self, clock: WaitClock, waits: EndableWaits) -> float:
        """
        Wait until a request may be sent, by *clock*; first come, first served.

        Returns:
            How long it waited, in seconds.

        Raises:
            ClosedError: *waits* were ended meanwhile.
        """
        if self._per_s is None:
            return 0.0
        if self._lock is None:  # made here, since making it loads anyio's backend
            self._lock = anyio.Lock()
        began, waited = clock.now(), self._lock.locked()
        with waits.until(), releasing(clock):  # the one in front may be waiting for the clock
            async with self._lock:
                with holding(clock):
                    takes_s = 1 / self._per_s
                    at = self._used_until + takes_s - max(self._burst_s, takes_s)
                    if at > clock.now():
                        waited = True
                        await clock.wait(anyio.Event(), at)
                    now = clock.now()
                    self._used_until = max(self._used_until, now) + takes_s
                    return now - began if waited else 0.0

    def give_back(self) -> None:
        """Take back what a request took that nothing saw."""
        if self._per_s is not None:
            self._used_until -= 1 / self._per_s


SESSIONS_AT_ONCE = 3
"""Sessions' worth of requests of work on many sessions: 15 a second, of the 20 of an account."""


def session_pace(limits: ServiceLimits) -> TokenBucket:
    """
    Return the pace of requests for one session that are no writes of events.

    They are spread evenly: bursts that the network pushes together would be throttled.
    """
    return TokenBucket(limits.events_per_second, burst_s=0.0)


def account_pace(limits: ServiceLimits) -> TokenBucket:
    """Return the pace of a manager's work on many sessions, and on records."""
    per_s = limits.events_per_second
    return TokenBucket(None if per_s is None else per_s * SESSIONS_AT_ONCE, burst_s=0.0)
