"""
What a poller knows and decides: pure, snapshots in, new records and a decision out.

No call says that extraction is done. A record is new when its id was not in the baseline, or when
it was written after a given time of the service's clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf
from typing import TYPE_CHECKING

from attrs import field, frozen

from agentcore_memory_async._wire.namespaces import is_under

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agentcore_memory_async.models import ExtractionJob, MemoryRecord

MARGIN = timedelta(seconds=2)
"""How far the clocks of the service's hosts may be apart; ``Date`` has whole seconds."""
LONGEST_LAG = timedelta(minutes=10)
"""A record written more than this before the baseline would be in it (measured lag: 90 s)."""


@frozen
class PollTarget:
    """
    Where new records are expected.

    Attributes:
        prefix: Resolved prefix.
        memory_strategy_id: Only the records of this strategy; None for all.
        min_records: Number of new records that are needed there.
    """

    prefix: str
    memory_strategy_id: str | None = None
    min_records: int = field(default=0, eq=False)

    def has(self, record: MemoryRecord) -> bool:
        """Return whether *record* is one of this target."""
        strategies = {None, record.memory_strategy_id}
        other = record.memory_strategy_id is not None and self.memory_strategy_id not in strategies
        return not other and is_under(record.namespace, self.prefix)


@frozen
class Snapshot:
    """
    What one poll of a target showed.

    Attributes:
        records: Records of the target, from all pages.
        started_at: Start of the poll, on the loop's clock.
        after: Time after which records were requested; None if all were requested.
        service_time: The service's clock at the start of the poll, where it is known.
    """

    records: Sequence[MemoryRecord]
    started_at: float
    after: datetime | None = None
    service_time: datetime | None = None


class TargetState:
    """What is known of one target."""

    def __init__(self) -> None:
        self.polled_at = -inf
        self.polls = 0
        self.has_baseline = False
        self.floor: datetime | None = None
        # Records of the baseline, and records since. The service may remove either.
        self.baseline: dict[str, MemoryRecord] = {}
        self.arrived: dict[str, MemoryRecord] = {}


class Observation:
    """
    The records that came since a baseline.

    Args:
        targets: Where new records are expected.
        min_records: Number of new records that is enough, over all targets.
        settle_s: Quiet period in seconds that ends the wait.
        until: Returns whether the new records are enough; None where their number decides.
        after: Records written after this are new; None where a baseline is taken.
    """

    def __init__(
        self,
        targets: Iterable[PollTarget],
        min_records: int = 1,
        settle_s: float = 0.0,
        until: Callable[[list[MemoryRecord]], bool] | None = None,
        after: datetime | None = None,
    ) -> None:
        self._seen = {target: TargetState() for target in targets}
        self._min_records = min_records
        self._settle_s = settle_s
        self._until = until
        self._after = after
        self._last_new_at = -inf
        self._ids: set[str] = set()
        self._replaced: dict[str, tuple[MemoryRecord, MemoryRecord]] = {}
        self._settles_at: float | None = None
        self.new: list[MemoryRecord] = []

    @property
    def has_baseline(self) -> bool:
        """Whether the old records of all targets are known."""
        return self._after is not None or all(seen.has_baseline for seen in self._seen.values())

    @property
    def polls(self) -> int:
        """Number of polls since the baseline, for the target that was polled most often."""
        return max(seen.polls for seen in self._seen.values())

    @property
    def has_polled_all(self) -> bool:
        """Whether each target was polled since the baseline."""
        return all(seen.polls for seen in self._seen.values())

    @property
    def current(self) -> list[MemoryRecord]:
        """New records without those that were replaced meanwhile, oldest first."""
        current = [record for record in self.new if record.memory_record_id not in self._replaced]
        return sorted(current, key=lambda record: record.created_at)

    @property
    def replaced(self) -> list[MemoryRecord]:
        """Records, old or new, that gave way to a new one of their namespace and strategy."""
        return [gone for gone, _ in self._replaced.values()]

    @property
    def updates(self) -> list[MemoryRecord]:
        """New records that replaced others."""
        found = {record.memory_record_id: record for _, record in self._replaced.values()}
        return [record for record in self.new if record.memory_record_id in found]

    def lacks_baseline(self, target: PollTarget) -> bool:
        """Return whether the next snapshot of *target* is its baseline."""
        return self._after is None and not self._seen[target].has_baseline

    def polled_at(self, target: PollTarget) -> float:
        """Return when the last poll of *target* began."""
        return self._seen[target].polled_at

    def shows_all(self, target: PollTarget, after: datetime | None) -> bool:
        """Return whether a poll for what was written *after* shows all that matters here."""
        floor = self._floor(target)
        return after is None or (floor is not None and after <= floor)

    def _floor(self, target: PollTarget) -> datetime | None:
        """Return the time after which records are new, where it is known."""
        return self._after if self._after is not None else self._seen[target].floor

    def filter_after(self, target: PollTarget, longest: int) -> datetime | None:
        """
        Return the time after which records matter, or None where all are to be listed.

        A short list is read whole: then it shows which old records went.
        """
        is_short = self._after is None and len(self._seen[target].baseline) <= longest
        return None if is_short else self._floor(target)

    def add(self, target: PollTarget, snapshot: Snapshot) -> None:
        """Add a snapshot of *target*; a record that is seen twice counts once."""
        seen = self._seen[target]
        if snapshot.started_at <= seen.polled_at:
            return
        seen.polled_at = snapshot.started_at
        self._settles_at = None
        if self.lacks_baseline(target):
            seen.has_baseline = True
            if snapshot.service_time is not None:
                seen.floor = snapshot.service_time - MARGIN
            seen.baseline = {record.memory_record_id: record for record in snapshot.records}
            return
        seen.polls += 1
        self._find_new(seen, snapshot)
        self._find_replaced(seen, snapshot)

    def _find_new(self, seen: TargetState, snapshot: Snapshot) -> None:
        for record in sorted(snapshot.records, key=lambda record: record.created_at):
            identity = record.memory_record_id
            if identity in seen.baseline or identity in seen.arrived:
                continue
            if not self._is_new(seen, record):
                seen.baseline[identity] = record
                continue
            seen.arrived[identity] = record
            self._last_new_at = max(self._last_new_at, snapshot.started_at)
            if identity not in self._ids:
                self._ids.add(identity)
                self.new.append(record)

    def _is_new(self, seen: TargetState, record: MemoryRecord) -> bool:
        if self._after is not None:
            return record.created_at > self._after
        # Lists lag: what was written shortly before the baseline may show only after it.
        return seen.floor is None or not (
            seen.floor - LONGEST_LAG < record.created_at <= seen.floor
        )

    def _find_replaced(self, seen: TargetState, snapshot: Snapshot) -> None:
        """Find what consolidation replaced: an id is gone, and a newer record is in its place."""
        listed = {record.memory_record_id for record in snapshot.records}
        newest: dict[tuple[str, str | None], MemoryRecord] = {}
        for record in seen.arrived.values():
            if record.memory_record_id in listed:
                where = record.namespace, record.memory_strategy_id
                other = newest.get(where)
                if other is None or record.created_at >= other.created_at:
                    newest[where] = record
        for identity, record in (*seen.baseline.items(), *seen.arrived.items()):
            if identity in listed:
                self._replaced.pop(identity, None)
            elif snapshot.after is None or record.created_at > snapshot.after:
                successor = newest.get((record.namespace, record.memory_strategy_id))
                if successor is not None and successor.created_at > record.created_at:
                    self._replaced[identity] = record, successor

    def is_enough(self) -> bool:
        """Return whether enough records came, and nothing new for the quiet period."""
        return self.settles_at() <= min(seen.polled_at for seen in self._seen.values())

    def settles_at(self) -> float:
        """Return when the quiet period ends; infinite while there are too few records."""
        if self._settles_at is None:
            self._settles_at = self._find_settles_at()
        return self._settles_at

    def _find_settles_at(self) -> float:
        if not self.has_baseline:
            return inf
        current = self.current
        if len(current) < self._min_records:
            return inf
        for target, seen in self._seen.items():
            if (
                sum(identity not in self._replaced for identity in seen.arrived)
                < target.min_records
            ):
                return inf
        if self._until is not None and not self._until(current):
            return inf
        return self._last_new_at + self._settle_s if self._settle_s else -inf


class FailedJobs:
    """
    The failed extraction jobs that concern a wait.

    Args:
        actor_id: Actor id.
        session_id: Session id.
        memory_strategy_ids: Ids of the strategies that matter; empty for any.
        since_event_id: Jobs that name this event or later ones count, without a baseline; None
            where the jobs of the first poll are old.
    """

    def __init__(
        self,
        actor_id: str,
        session_id: str,
        memory_strategy_ids: Iterable[str] = (),
        since_event_id: str | None = None,
    ) -> None:
        self.actor_id = actor_id
        self.session_id = session_id
        self._strategies = frozenset(memory_strategy_ids)
        self._since_ms = _stamp(since_event_id) if since_event_id is not None else None
        self._baseline: set[str] | None = None if since_event_id is None else set()
        self.polled_at = -inf
        self.failed: list[ExtractionJob] = []

    @property
    def lacks_baseline(self) -> bool:
        """Whether the next jobs are the baseline."""
        return self._baseline is None

    def add(self, jobs: Iterable[ExtractionJob], started_at: float) -> None:
        """Update the failed jobs with *jobs*, all that a poll begun at *started_at* listed."""
        if started_at <= self.polled_at:
            return
        self.polled_at = started_at
        ours = {job.job_id: job for job in jobs if self._concerns(job)}
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
        if (job.actor_id, job.session_id) != (self.actor_id, self.session_id) or not job.event_ids:
            return False
        if self._strategies and job.memory_strategy_id not in {*self._strategies, None}:
            return False
        return self._since_ms is None or any(
            _stamp(event_id) >= self._since_ms for event_id in job.event_ids
        )


def _stamp(event_id: str) -> int:
    """Return the milliseconds that an event id begins with."""
    digits = event_id.partition("#")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0
