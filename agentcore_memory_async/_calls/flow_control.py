"""
How much of one operation may be under way: pure, times in, waits out.

Each operation has a flow of its own, so that one that is throttled or down leaves the others alone.
It keeps four things, each against one way of making a bad moment worse:

- a *window* of requests under way, which opens with the answers (a cold burst);
- a *rate* from the first throttling on, cut to a little below what is answered and rising until
  the service throttles again (throttling);
- a *budget* of retries, filled by successes (a partial outage);
- *probing*, at the first throttling or when the budget is used up: one request at a time, at
  growing distances, while all others wait for it to succeed (a total outage, or a limit that lets
  nothing through until its second is over).
"""

from __future__ import annotations

from collections import deque
from contextlib import asynccontextmanager
from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

FIRST_WINDOW = 15
OPENING = 0.15
"""
By how much an answer opens the window. All that is under way when the service has had enough
comes back throttled, so this bounds what finding its limit costs.
"""
BUDGET = 10.0
REFILL = 0.5
TOLERATED = 0.05
"""The share of requests that may be throttled before the rate is cut."""
RECENT = 40
"""Of how many requests that share is."""
FIRST_RATE = 15.0
BURST_SHARE = 1 / 3
"""What the first rate is of a burst's last second, which the service's reserve answered in part."""
LEAST_RATE = 1.0
CUT = 0.9
LEAST_CUT = 0.5
"""The lowest that one cut goes: where little was answered, little may have been asked."""
CLIMB_SHARE_PER_S = 0.25
"""How fast the rate rises until it was cut a second time: where the limit is nobody knows yet."""
RISE_SHARE_PER_S = 0.04
RISE_PER_S = 0.5
FORGET_RATE_S = 60.0
FIRST_PROBE_S = 0.25
LAST_PROBE_S = 5.0
THROTTLED_PROBES = 1.5
"""By how much the distance grows when a probe is throttled; many limits are for one second."""
FAILED_PROBES = 2.0


class Outcome(Enum):
    """How a request ended."""

    ANSWERED = auto()
    THROTTLED = auto()
    FAILED = auto()
    CANCELLED = auto()


class Flow:
    """
    The flow of one operation.

    Args:
        max_window: How many requests may be under way at most.
    """

    def __init__(self, max_window: int) -> None:
        self._max_window = max_window
        self._window = float(min(FIRST_WINDOW, max_window))
        self.in_flight = 0
        self.rate: float | None = None
        self.budget = BUDGET
        self._sent = 0
        self._turned_after = 0
        self._old_in_flight = 0
        self._next_start = -inf
        self._cut_at = -inf
        self._climbing = False
        self._answered = deque[float](maxlen=1000)
        self._recent = deque[tuple[bool, object]](maxlen=RECENT)
        self._probe_s = 0.0
        self._probe_at = -inf

    @property
    def probing(self) -> bool:
        """Whether one request at a time finds out if the service is back."""
        return self._probe_s > 0

    def wait_s(self, now: float) -> float:
        """Give the seconds until the next request may start; infinite until one has ended."""
        if self.in_flight >= (self._old_in_flight + 1 if self.probing else int(self._window)):
            return inf
        starts_at = self._next_start if self.rate is not None else -inf
        if self.probing:
            starts_at = max(starts_at, self._probe_at)
        return max(0.0, starts_at - now)

    def started(self, now: float) -> int:
        """Note that a request was sent, and give its number."""
        self._sent += 1
        self.in_flight += 1
        if self.rate is not None:
            self._next_start = max(now, self._next_start) + 1 / self.rate
        return self._sent

    def ended(self, now: float, number: int, outcome: Outcome, source: object = None) -> None:
        """Note how the request with that *number*, of a session's *source*, ended."""
        self.in_flight -= 1
        is_old = number <= self._turned_after
        self._old_in_flight -= is_old
        if outcome is Outcome.ANSWERED:
            self._recent.append((False, source))
            self._on_answer(now, is_old)
        elif outcome is Outcome.THROTTLED:
            self._recent.append((True, source))
            if not is_old:
                self._on_throttle(now)
        elif outcome is Outcome.FAILED and self.probing:
            self._probe(now, FAILED_PROBES * self._probe_s)

    def retrying(self, now: float) -> None:
        """Take a retry from the budget; without one left, probing begins."""
        if self.budget >= 1:
            self.budget -= 1
        elif not self.probing:
            self._turn()
            self._probe(now, FIRST_PROBE_S)

    def _turn(self) -> None:
        """Take what was sent so far for old: it tells of the time before."""
        self._turned_after = self._sent
        self._old_in_flight = self.in_flight

    def _probe(self, now: float, after_s: float) -> None:
        self._probe_s = min(LAST_PROBE_S, after_s)
        self._probe_at = now + self._probe_s

    def _on_answer(self, now: float, is_old: bool) -> None:
        self._window = min(self._max_window, self._window + OPENING)
        self.budget = min(BUDGET, self.budget + REFILL)
        self._answered.append(now)
        if is_old:
            return
        self._probe_s = 0.0
        if self.rate is not None:
            slow = max(RISE_PER_S, RISE_SHARE_PER_S * self.rate) / self.rate
            self.rate += CLIMB_SHARE_PER_S if self._climbing else slow
            if now - self._cut_at > FORGET_RATE_S:
                self.rate = None

    def _on_throttle(self, now: float) -> None:
        """Cut the rate below what was answered in the last second."""
        if self.probing:
            self._probe(now, THROTTLED_PROBES * self._probe_s)
            return
        sources = [source for throttled, source in self._recent if throttled]
        if len(sources) < max(2, TOLERATED * len(self._recent)):
            return  # a few are cheaper to repeat than to wait for
        if None not in sources and len(set(sources)) == 1:
            return  # one session is over its own limit, and waits by itself
        answered = float(sum(at > now - 1 for at in self._answered))
        self._climbing = self.rate is None
        if self.rate is None:
            self.rate = max(FIRST_RATE, BURST_SHARE * answered)
            self._probe(now, FIRST_PROBE_S)
        else:
            wanted = CUT * min(self.rate, answered)
            self.rate = max(LEAST_RATE, LEAST_CUT * self.rate, wanted)
        self._recent.clear()
        self._cut_at = now
        self._next_start = now + 1 / self.rate
        self._turn()


class Ticket:
    """A request under way; whoever holds it says how it ended."""

    def __init__(self) -> None:
        self.outcome = Outcome.CANCELLED


class Gate:
    """
    Lets requests of one operation through as its flow allows.

    Args:
        max_window: How many may be under way at most.
    """

    def __init__(self, max_window: int) -> None:
        self._flow = Flow(max_window)
        self._turnstile = anyio.Lock(fast_acquire=True)
        self._changed = anyio.Event()

    def retrying(self) -> None:
        """Say that the next request is a retry after a failure."""
        self._flow.retrying(anyio.current_time())

    @asynccontextmanager
    async def request(self, source: object = None) -> AsyncGenerator[Ticket]:
        """
        Wait for the turn of a request, and hold its place until it has ended.

        Args:
            source: What stands for the session, where the service has limits for each.
        """
        async with self._turnstile:
            while wait_s := self._flow.wait_s(anyio.current_time()):
                self._changed = anyio.Event()
                with anyio.move_on_after(wait_s):
                    await self._changed.wait()
            number = self._flow.started(anyio.current_time())
        ticket = Ticket()
        try:
            yield ticket
        finally:
            self._flow.ended(anyio.current_time(), number, ticket.outcome, source)
            self._changed.set()
