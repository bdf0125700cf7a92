"""
How many requests of one operation may be under way: `FlowControl` is pure, times in, waits out.

Each operation has its own, so that one that is throttled or down leaves the others alone. It keeps
four controllers, each against one way of making a bad moment worse:

- `CongestionWindow`, against a cold burst: the requests under way grow with the answers;
- `AdaptiveRate`, against throttling: from the first throttling on, requests per second, cut to a
  little below what is answered and rising until the service throttles again;
- `RetryQuota`, against a partial outage: so many retries for each success, and a few per second;
- `CircuitBreaker`, against a total outage, or a limit that lets nothing through until its second is
  over: open, it admits one probe at a time, at growing intervals, while all others wait for one to
  succeed.

The breaker opens where a retry would follow many failures without a success between them, so a
service that answers now and then is still asked. It opens at the first throttling, too. When it
opens, and at each cut of the rate, a new *epoch* begins: requests sent before it say nothing about
the time since.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from agentcore_memory_async._loop_time import loop_time

if TYPE_CHECKING:
    from agentcore_memory_async._calls.endable import EndableWaits


class Outcome(Enum):
    """How a request ended."""

    ANSWERED = auto()
    THROTTLED = auto()
    FAILED = auto()
    CANCELLED = auto()


FIRST_WINDOW = 15
"""Requests that may be under way before the first answer."""
OPENING = 0.15
"""
Growth of the window with each answer. All requests under way when the service has had enough come
back throttled, so this bounds what it costs to find the service's limit.
"""


class CongestionWindow:
    """
    The number of requests that may be under way.

    Args:
        largest: The most that it ever is.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._size = float(min(FIRST_WINDOW, largest))

    @property
    def size(self) -> int:
        """Requests that may be under way now."""
        return int(self._size)

    def answered(self) -> None:
        """Open it a little."""
        self._size = min(self._largest, self._size + OPENING)


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


class AdaptiveRate:
    """
    The requests per second, once the service has throttled.

    Attributes:
        per_s: Requests per second; None while there is no limit.
        next_at: Earliest start of the next request.
    """

    def __init__(self) -> None:
        self.per_s: float | None = None
        self.next_at = -inf
        self._cut_at = -inf
        self._is_climbing = False
        self._answered = deque[float](maxlen=1000)
        self._recent = deque[tuple[bool, object]](maxlen=RECENT)

    def started(self, now: float) -> None:
        """Note that a request was sent."""
        if self.per_s is not None:
            self.next_at = max(now, self.next_at) + 1 / self.per_s

    def answered(self, now: float, source: object) -> None:
        """Note an answer to a session's *source*."""
        self._recent.append((False, source))
        self._answered.append(now)

    def throttled(self, source: object) -> None:
        """Note that a request of a session's *source* was throttled."""
        self._recent.append((True, source))

    def rise(self, now: float) -> None:
        """Let the rate rise, since a request was answered under it."""
        if self.per_s is None:
            return
        slow = max(RISE_PER_S, RISE_SHARE_PER_S * self.per_s) / self.per_s
        self.per_s += CLIMB_SHARE_PER_S if self._is_climbing else slow
        if now - self._cut_at > FORGET_RATE_S:
            self.per_s, self.next_at = None, -inf

    def cut(self, now: float) -> bool:
        """Cut the rate below what was answered in the last second; return whether it was cut."""
        sources = [source for is_throttled, source in self._recent if is_throttled]
        if len(sources) < max(2, TOLERATED * len(self._recent)):
            return False  # a few are cheaper to repeat than to wait for
        if None not in sources and len(set(sources)) == 1:
            return False  # one session is over its own limit, and waits by itself
        answered = float(sum(at > now - 1 for at in self._answered))
        self._is_climbing = self.per_s is None
        if self.per_s is None:
            self.per_s = max(FIRST_RATE, BURST_SHARE * answered)
        else:
            wanted = CUT * min(self.per_s, answered)
            self.per_s = max(MIN_RATE, DEEPEST_CUT * self.per_s, wanted)
        self._recent.clear()
        self._cut_at = now
        self.next_at = now + 1 / self.per_s
        return True


RETRIES = 20.0
"""Retries that may be kept for later."""
RETRIES_PER_SUCCESS = 3.0
"""Retries that a success brings: enough where three of four requests fail."""
RETRIES_PER_S = 10.0
"""Retries that a second brings, so that a call is tried again where none succeeds for a while."""


class RetryQuota:
    """The number of retries after failures that may be made."""

    def __init__(self) -> None:
        self._left = RETRIES
        self._at = -inf

    @property
    def next_at(self) -> float:
        """Earliest start of the next retry."""
        return self._at + max(0.0, 1 - self._left) / RETRIES_PER_S

    def take(self, now: float) -> None:
        """Take a retry."""
        self._fill(now, -1)

    def answered(self, now: float) -> None:
        """Add what a success brings."""
        self._fill(now, RETRIES_PER_SUCCESS)

    def _fill(self, now: float, more: float) -> None:
        """Add *more*, after what the time since the last change brings."""
        left = min(RETRIES, self._left + (now - self._at) * RETRIES_PER_S)
        self._left = min(RETRIES, left + more)
        self._at = now


FAILURES_TO_OPEN = 25
"""
Failures without a success between them that open the breaker at the next retry. Where six of ten
requests fail, that happens by chance once in a million requests.
"""
FIRST_PROBE_S = 0.25
"""Time until the first probe."""
LONGEST_PROBE_S = 5.0
"""Longest time between two probes."""
THROTTLED_PROBES = 1.5
"""Growth of this time when a probe is throttled; many limits are for one second."""
FAILED_PROBES = 2.0
"""Growth of this time when a probe fails."""


class CircuitBreaker:
    """
    Whether requests are held back until a probe has succeeded.

    Attributes:
        next_at: Earliest start of the next probe; minus infinity while closed.
        failures: Failures since the last success.
    """

    def __init__(self) -> None:
        self.next_at = -inf
        self.failures = 0
        self._interval_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether only probes are sent."""
        return self._interval_s > 0

    @property
    def is_due(self) -> bool:
        """Whether it is closed, and the next retry should open it."""
        return not self.is_open and self.failures >= FAILURES_TO_OPEN

    def open(self, now: float) -> None:
        """Start probing; the first probe comes soon."""
        self._probe(now, FIRST_PROBE_S)

    def answered(self) -> None:
        """Close it, and count failures anew."""
        self.next_at = -inf
        self.failures = 0
        self._interval_s = 0.0

    def throttled(self, now: float) -> None:
        """Note that a probe was throttled, if it is open."""
        if self.is_open:
            self._probe(now, THROTTLED_PROBES * self._interval_s)

    def failed(self, now: float) -> None:
        """Count a failure; if open, that of a probe."""
        self.failures += 1
        if self.is_open:
            self._probe(now, FAILED_PROBES * self._interval_s)

    def _probe(self, now: float, after_s: float) -> None:
        self._interval_s = min(LONGEST_PROBE_S, after_s)
        self.next_at = now + self._interval_s


class FlowControl:
    """
    The state of one operation, and how long its next request has to wait.

    Args:
        max_window: Largest number of requests under way.
    """

    def __init__(self, max_window: int) -> None:
        self.window = CongestionWindow(max_window)
        self.rate = AdaptiveRate()
        self.quota = RetryQuota()
        self.breaker = CircuitBreaker()
        self.in_flight = 0
        self._sent = 0
        self._epoch = 0
        self._old_in_flight = 0

    def retrying(self, now: float) -> None:
        """Note that the next request is a retry after a failure: it opens a breaker that is due."""
        if self.breaker.is_due:
            self._open(now)

    def wait_s(self, now: float, *, is_retry: bool = False) -> float:
        """
        Return the seconds until the next request may start; infinite until one has ended.

        Args:
            now: Time.
            is_retry: Whether it repeats a request that failed.
        """
        is_open = self.breaker.is_open
        if self.in_flight >= (self._old_in_flight + 1 if is_open else self.window.size):
            return inf
        starts_at = max(self.rate.next_at, self.breaker.next_at)
        if is_retry and not is_open:
            starts_at = max(starts_at, self.quota.next_at)
        return max(0.0, starts_at - now)

    def started(self, now: float, *, is_retry: bool = False) -> int:
        """Note that a request was sent, and return its number."""
        self._sent += 1
        self.in_flight += 1
        self.rate.started(now)
        if is_retry and not self.breaker.is_open:
            self.quota.take(now)
        return self._sent

    def ended(self, now: float, number: int, outcome: Outcome, source: object = None) -> None:
        """Note how the request with that *number*, of a session's *source*, ended."""
        self.in_flight -= 1
        is_old = number <= self._epoch
        self._old_in_flight -= is_old
        if outcome is Outcome.ANSWERED:
            self.window.answered()
            self.quota.answered(now)
            self.rate.answered(now, source)
            if not is_old:
                self.breaker.answered()
                self.rate.rise(now)
        elif outcome is Outcome.THROTTLED:
            self.rate.throttled(source)
            if not is_old:
                self._on_throttle(now)
        elif outcome is Outcome.FAILED and not is_old:
            self.breaker.failed(now)

    def _on_throttle(self, now: float) -> None:
        if self.breaker.is_open:
            self.breaker.throttled(now)
            return
        is_first = self.rate.per_s is None
        if not self.rate.cut(now):
            return
        if is_first:
            self._open(now)
        else:
            self._start_epoch()

    def _open(self, now: float) -> None:
        self.breaker.open(now)
        self._start_epoch()

    def _start_epoch(self) -> None:
        """Begin an epoch: what was sent so far says nothing about the time from now on."""
        self._epoch = self._sent
        self._old_in_flight = self.in_flight


class Permit:
    """
    A request under way; its holder sets how it ended.

    Args:
        number: Number of the request.
        source: Stands for the session, where the service limits each session.
        waited_s: How long it was waited for, in seconds.
    """

    __slots__ = ("number", "outcome", "source", "waited_s")

    def __init__(self, number: int, source: object, waited_s: float = 0.0) -> None:
        self.number = number
        self.source = source
        self.waited_s = waited_s
        self.outcome = Outcome.CANCELLED


class Admission:
    """
    Admits the requests of one operation as its flow control allows; first come, first served.

    Args:
        max_window: Largest number of requests under way.
        waits: Its waits, which closing ends.
    """

    def __init__(self, max_window: int, waits: EndableWaits) -> None:
        self._flow = FlowControl(max_window)
        self._waits = waits
        self._queue_lock = anyio.Lock(fast_acquire=True)
        self._changed = anyio.Event()

    @property
    def failures(self) -> int:
        """Failures since the last success."""
        return self._flow.breaker.failures

    async def admit(
        self, deadline: float, source: object = None, *, is_retry: bool = False
    ) -> Permit | None:
        """
        Wait until a request may be sent, and return its permit, which is to be given to `ended`.

        Args:
            deadline: When waiting ends at the latest, on the loop's clock; then there is no permit.
            source: Stands for the session, where the service limits each session.
            is_retry: Whether it repeats a request that failed.
        """
        if is_retry:
            self._flow.retrying(loop_time())
        await checkpoint_if_cancelled()  # what is cancelled, or late, by now is not sent
        now = loop_time()
        if now >= deadline:
            return None
        if not self._queue_lock.locked() and not self._flow.wait_s(now, is_retry=is_retry):
            return Permit(self._flow.started(now, is_retry=is_retry), source)
        with self._waits.until(deadline):
            async with self._queue_lock:
                while wait_s := self._flow.wait_s(loop_time(), is_retry=is_retry):
                    self._changed = anyio.Event()
                    with anyio.move_on_after(wait_s):
                        await self._changed.wait()
                sent_at = loop_time()
                number = self._flow.started(sent_at, is_retry=is_retry)
                return Permit(number, source, sent_at - now)
        return None

    def ended(self, permit: Permit) -> None:
        """Note how a request ended; the next one may start."""
        self._flow.ended(loop_time(), permit.number, permit.outcome, permit.source)
        self._changed.set()
