"""What is known of one wait, from one pass to the next."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from attrs import frozen

from agentcore_memory_async._extraction.failed_jobs import FailedJobs
from agentcore_memory_async._extraction.observation import MARGIN, Observation
from agentcore_memory_async._extraction.schedule import next_poll_at, poll_times

if TYPE_CHECKING:
    from agentcore_memory_async._extraction.coordinator import PollCoordinator
    from agentcore_memory_async._extraction.targets import RecordTarget
    from agentcore_memory_async._extraction.wait_options import WaitOptions
    from agentcore_memory_async.models import MemoryRecord

LONG_AGO_S = 4.0
"""Age of a baseline from which on a wait begins with a poll, unless an earlier one is planned."""
LAST_S = 2.0
"""
Time from the start of the last poll to the deadline; half of a shorter wait. Several targets take
it twice, since each of them is polled once more when there is enough.
"""


@frozen
class WaitWindow:
    """
    When a pass of a wait begins and ends.

    Attributes:
        began: Start of the whole wait, by the clock of waits.
        timeout_s: Longest duration of the whole wait.
        rounds: Number of polls of a target, one after the other, that the end of the wait takes.
        is_baseline: Whether only the baseline is wanted.
    """

    began: float
    timeout_s: float
    rounds: int
    is_baseline: bool

    @property
    def deadline(self) -> float:
        """When the wait ends at the latest."""
        return self.began + self.timeout_s

    @property
    def last_poll_at(self) -> float:
        """When the last poll is to begin, so that it ends in time."""
        return self.deadline - min(self.rounds * LAST_S, self.timeout_s / 2)


class WaitState:
    """
    The state of one poller; its passes read and change it.

    Args:
        polls: The polls of the manager.
        options: What to wait for.

    Attributes:
        clock: The clock of waits.
        records: The records that came.
        jobs: The jobs that failed; None where they are not asked for.
        result: The records, once the wait is over.
    """

    def __init__(self, polls: PollCoordinator, options: WaitOptions) -> None:
        self.polls = polls
        self.clock = polls.lister.wait_clock
        self.options = options
        since = options.since
        self.records = Observation(
            options.targets,
            options.min_records,
            options.settle_s,
            options.until,
            since.accepted_at - MARGIN if since and since.accepted_at else None,
        )
        self.jobs: FailedJobs | None = None
        if options.jobs is not None:
            self.jobs = FailedJobs(options.jobs, since.event_id if since else None)
        self.result: list[MemoryRecord] | None = None
        # One for all targets: so they are polled together.
        self._jitter = polls.random.uniform(-options.policy.jitter, options.policy.jitter)
        self._stored_at: float | None = None
        self._next: dict[RecordTarget, tuple[float, float]] = {}

    @property
    def waits_for_jobs(self) -> bool:
        """Whether the baseline of jobs is to come; a failed poll ends the wait for it."""
        if self.jobs is None or self.polls.jobs_refused is not None:
            return False
        return self.jobs.lacks_baseline and self.jobs.failed_at == -inf

    @property
    def has_baseline(self) -> bool:
        """Whether nothing that is new from now on will be taken for old."""
        return self.records.has_baseline and (self.jobs is None or not self.jobs.lacks_baseline)

    def window(self, began: float, *, is_baseline: bool = False) -> WaitWindow:
        """Return when a pass ends, of a wait that began at *began*."""
        rounds = 1 if len(self.options.targets) == 1 else 2
        return WaitWindow(began, self.options.timeout_s, rounds, is_baseline)

    def date_conversation(self, now: float) -> float | None:
        """
        Return when the conversation was stored, by the clock of waits.

        That is the beginning of the wait where its event does not tell it, and None while the
        service's clock is not known.
        """
        if self._stored_at is None:
            accepted_at = self.options.since.accepted_at if self.options.since else None
            if accepted_at is None:
                self._stored_at = now
            elif (service_time := self.polls.lister.clock.at(now)) is not None:
                self._stored_at = now - max(0.0, (service_time - accepted_at).total_seconds())
        return self._stored_at

    def scheduled(self, target: RecordTarget, now: float) -> float:
        """Return when the policy wants the next poll of *target*."""
        policy = self.options.policy
        stored_at, polled_at = self.date_conversation(now), self.records.polled_at(target)
        if stored_at is None:
            return now  # how old the event is will be known with the first answer
        delay_s = self.polls.lister.clock.extraction_delay_s
        if -inf < polled_at < stored_at - min(LONG_AGO_S, next(poll_times(policy, delay_s))):
            return now  # the conversation may have been stored any time since the baseline
        known = self._next.get(target)
        if known is None or known[0] != polled_at:
            elapsed = max(0.0, polled_at - stored_at)
            at = stored_at + next_poll_at(policy, elapsed, self._jitter, delay_s)
            known = self._next[target] = polled_at, at
        return known[1]
