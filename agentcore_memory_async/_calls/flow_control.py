"""
How many requests of one operation may be under way: `FlowControl` is pure, times in, waits out.

Each operation has its own, so that one that is throttled or down leaves the others alone. It keeps
four controllers, each against one way of making a bad moment worse:

- a *window* of requests under way, which opens with the answers, against a cold burst;
- a *rate* from the first throttling on, cut to a little below what is answered and rising until
  the service throttles again, against throttling;
- a *budget* of retries, refilled by successes, against a partial outage;
- *probing*, at the first throttling or when the budget is used up: one request at a time, at
  growing intervals, while all others wait for it to succeed, against a total outage, or a limit
  that lets nothing through until its second is over.

When probing begins, a new *epoch* begins: requests sent before it say nothing about the time since.
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
"""Requests that may be under way before the first answer."""
OPENING = 0.15
"""
Growth of the window with each answer. All requests under way when the service has had enough come
back throttled, so this bounds what it costs to find the service's limit.
"""
BUDGET = 10.0
"""Retries that may be used before a success."""
REFILL = 0.5
"""Retries that a success gives back."""
TOLERATED = 0.05
"""Share of requests that may be throttled before the rate is cut."""
RECENT = 40
"""Number of requests that this share is taken of."""
FIRST_RATE = 15.0
"""Lowest first rate, in requests per second."""
BURST_SHARE = 1 / 3
"""First rate as a share of a burst's last second, part of which the service's reserve answered."""
MIN_RATE = 1.0
"""Lowest rate, in requests per second."""
CUT = 0.9
"""New rate as a share of what was answered in the last second."""
DEEPEST_CUT = 0.5
"""Lowest share of the old rate that one cut leaves: if little was answered, little may have been
asked."""
CLIMB_SHARE_PER_S = 0.25
"""Growth of the rate with each answer until the second cut: nobody knows the limit yet."""
RISE_SHARE_PER_S = 0.04
"""Growth of the rate per second after the second cut, as a share of it."""
RISE_PER_S = 0.5
"""Smallest growth of the rate per second."""
FORGET_RATE_S = 60.0
"""Time without throttling after which there is no rate any more."""
FIRST_PROBE_S = 0.25
"""Time until the first probe."""
LONGEST_PROBE_S = 5.0
"""Longest time between two probes."""
THROTTLED_PROBES = 1.5
"""Growth of this time when a probe is throttled; many limits are for one second."""
FAILED_PROBES = 2.0
"""Growth of this time when a probe fails."""


class Outcome(Enum):
    """How a request ended."""

    ANSWERED = auto()
    THROTTLED = auto()
    FAILED = auto()
    CANCELLED = auto()


class FlowControl:
    """
    The state of one operation, and how long its next request has to wait.

    Args:
        max_window: Largest number of requests under way.
    """

    def __init__(self, max_window: int) -> None:
        self._max_window = max_window
        self._window = float(min(FIRST_WINDOW, max_window))
        self.in_flight = 0
        self.rate: float | None = None
        self.budget = BUDGET
        self._sent = 0
        self._epoch = 0
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
        """Whether one request at a time tests if the service is back."""
        return self._probe_s > 0

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next request may start; infinite until one has ended."""
        if self.in_flight >= (self._old_in_flight + 1 if self.probing else int(self._window)):
            return inf
        starts_at = self._next_start if self.rate is not None else -inf
        if self.probing:
            starts_at = max(starts_at, self._probe_at)
        return max(0.0, starts_at - now)

    def started(self, now: float) -> int:
        """Note that a request was sent, and return its number."""
        self._sent += 1
        self.in_flight += 1
        if self.rate is not None:
            self._next_start = max(now, self._next_start) + 1 / self.rate
        return self._sent

    def ended(self, now: float, number: int, outcome: Outcome, source: object = None) -> None:
        """Note how the request with that *number*, of a session's *source*, ended."""
        self.in_flight -= 1
        is_old = number <= self._epoch
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
            self._start_epoch()
            self._probe(now, FIRST_PROBE_S)

    def _start_epoch(self) -> None:
        """Begin an epoch: what was sent so far says nothing about the time from now on."""
        self._epoch = self._sent
        self._old_in_flight = self.in_flight

    def _probe(self, now: float, after_s: float) -> None:
        self._probe_s = min(LONGEST_PROBE_S, after_s)
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
            self.rate = max(MIN_RATE, DEEPEST_CUT * self.rate, wanted)
        self._recent.clear()
        self._cut_at = now
        self._next_start = now + 1 / self.rate
        self._start_epoch()


class Permit:
    """A request under way; its holder sets how it ended."""

    def __init__(self) -> None:
        self.outcome = Outcome.CANCELLED


class Admission:
    """
    Admits the requests of one operation as its flow control allows; first come, first served.

    Args:
        max_window: Largest number of requests under way.
    """

    def __init__(self, max_window: int) -> None:
        self._flow = FlowControl(max_window)
        self._queue_lock = anyio.Lock(fast_acquire=True)
        self._changed = anyio.Event()

    def retrying(self) -> None:
        """Note that the next request is a retry after a failure."""
        self._flow.retrying(anyio.current_time())

    @asynccontextmanager
    async def request(self, source: object = None) -> AsyncGenerator[Permit]:
        """
        Wait until a request may be sent, and hold its place until it has ended.

        Args:
            source: Stands for the session, where the service limits each session.
        """
        async with self._queue_lock:
            while wait_s := self._flow.wait_s(anyio.current_time()):
                self._changed = anyio.Event()
                with anyio.move_on_after(wait_s):
                    await self._changed.wait()
            number = self._flow.started(anyio.current_time())
        permit = Permit()
        try:
            yield permit
        finally:
            self._flow.ended(anyio.current_time(), number, permit.outcome, source)
            self._changed.set()
