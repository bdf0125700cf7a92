"""Which failed extraction jobs concern a wait: pure, snapshots in, failed jobs out."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentcore_memory_async._extraction.targets import JobSnapshot, JobTarget
    from agentcore_memory_async.models import ExtractionJob


class FailedJobs:
    """
    The failed extraction jobs that concern a wait.

    Args:
        target: Whose jobs matter.
        since_event_id: Jobs that name this event or later ones count, without a baseline; None
            where the jobs of the first poll are old.
    """

    def __init__(self, target: JobTarget, since_event_id: str | None = None) -> None:
        self.target = target
        self._since_ms = _stamp(since_event_id) if since_event_id is not None else None
        self._baseline: set[str] | None = None if since_event_id is None else set()
        self.polled_at = -inf
        self.failed_at = -inf
        self.failed: list[ExtractionJob] = []

    @property
    def lacks_baseline(self) -> bool:
        """Whether the next jobs are the baseline."""
        return self._baseline is None

    def note_failure(self, now: float) -> None:
        """Note that a poll failed."""
        self.failed_at = now

    def add(self, snapshot: JobSnapshot) -> None:
        """Update the failed jobs."""
        self.failed_at = -inf
        if snapshot.started_at <= self.polled_at:
            return
        self.polled_at = snapshot.started_at
        ours = {job.job_id: job for job in snapshot.jobs if self._concerns(job)}
        if self._baseline is None:
            self._baseline = set(ours)
            return
        # A job that was gone, because it was started again, counts anew.
        self._baseline &= set(ours)
        self.failed = [job for job in ours.values() if job.job_id not in self._baseline]

    def acknowledge(self) -> None:
        """Note that the caller knows of the failed jobs."""
        if self._baseline is not None:
            self._baseline.update(job.job_id for job in self.failed)
        self.failed = []

    def _concerns(self, job: ExtractionJob) -> bool:
        return self.target.has(job) and (
            self._since_ms is None
            or any(_stamp(event_id) >= self._since_ms for event_id in job.event_ids)
        )


def _stamp(event_id: str) -> int:
    """Return the milliseconds that an event id begins with."""
    digits = event_id.partition("#")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0
