"""
How much of one operation may be under way: pure, times in, waits out.

Each operation has a flow of its own, so that one that is throttled or down leaves the others alone.
It keeps four things, each against one way of making a bad moment worse:

- a *window* of requests under way, which opens with each answer as TCP's does (a cold burst);
- a *rate*, cut when the service throttles; it climbs fast until the service throttles again, which
  shows how much it takes, and from then on slowly (throttling);
- a *budget* of retries, filled by successes (a partial outage);
- *probing*, when the budget is used up: one request at a time, at growing distances, while all
  others wait for it to succeed (a total outage).
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from math import inf

FIRST_WINDOW = 10
BUDGET = 10.0
REFILL = 0.5
TOLERATED = 0.05
"""The share of requests that may be throttled before the rate is cut."""
RECENT = 40
"""Of how many requests that share is."""
FIRST_RATE = 10.0
LEAST_RATE = 1.0
CUT = 0.85
CLIMB_SHARE_PER_S = 0.5
RISE_PER_S = 0.5
RISE_SHARE_PER_S = 0.025
FORGET_RATE_S = 60.0
FIRST_PROBE_S = 0.25
LAST_PROBE_S = 5.0


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
        self._window = min(FIRST_WINDOW, max_window)
        self.in_flight = 0
        self.rate: float | None = None
        self.budget = BUDGET
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
        if self.in_flight >= (1 if self.probing else self._window):
            return inf
        starts_at = self._next_start if self.rate is not None else -inf
        if self.probing:
            starts_at = max(starts_at, self._probe_at)
        return max(0.0, starts_at - now)

    def started(self, now: float) -> None:
        """Note that a request was sent."""
        self.in_flight += 1
        if self.rate is not None:
            self._next_start = max(now, self._next_start) + 1 / self.rate

    def ended(self, now: float, started_at: float, outcome: Outcome, source: object = None) -> None:
        """Note how a request ended that was sent at *started_at*, by a session's *source*."""
        self.in_flight -= 1
        if outcome is Outcome.ANSWERED:
            self._recent.append((False, source))
            self._on_answer(now)
        elif outcome is Outcome.THROTTLED:
            self._probe_s = 0.0
            self._recent.append((True, source))
            self._on_throttle(now, started_at)
        elif outcome is Outcome.FAILED and self.probing:
            self._probe_s = min(LAST_PROBE_S, self._probe_s * 2)
            self._probe_at = now + self._probe_s

    def retrying(self, now: float) -> None:
        """Take a retry from the budget; without one left, probing begins."""
        if self.budget >= 1:
            self.budget -= 1
        elif not self.probing:
            self._probe_s = FIRST_PROBE_S
            self._probe_at = now + self._probe_s

    def _on_answer(self, now: float) -> None:
        self._probe_s = 0.0
        self._window = min(self._max_window, self._window + 1)
        self.budget = min(BUDGET, self.budget + REFILL)
        self._answered.append(now)
        if self.rate is not None:
            slow = max(RISE_PER_S, RISE_SHARE_PER_S * self.rate) / self.rate
            self.rate += CLIMB_SHARE_PER_S if self._climbing else slow
            if now - self._cut_at > FORGET_RATE_S:
                self.rate = None

    def _on_throttle(self, now: float, started_at: float) -> None:
        """Cut the rate below what was answered lately; once for requests sent before a cut."""
        if started_at < self._cut_at:
            return
        answered = float(sum(at > now - 1 for at in self._answered))
        sources = [source for throttled, source in self._recent if throttled]
        if len(sources) < max(2, TOLERATED * len(self._recent)):
            return  # a few are cheaper to repeat than to wait for
        if None not in sources and len(set(sources)) == 1:
            return  # one session is over its own limit, and waits by itself
        self._climbing = self.rate is None
        if self.rate is None:
            # A burst was too much; what was answered is the service's own reserve in part.
            self.rate = max(FIRST_RATE, answered / 2)
        elif now - self._cut_at < 1:
            self.rate = max(LEAST_RATE, CUT * self.rate)
        else:
            self.rate = max(LEAST_RATE, CUT * min(self.rate, answered))
        self._recent.clear()
        self._cut_at = now
        self._next_start = now + 1 / self.rate
