"""
Which records are new, and whether they are enough: pure, snapshots in, records and a verdict out.

No call says that extraction is done. A record is new when its id was not in the baseline, or when
it was written after a given time of the service's clock.

Targets are polled one by one. When one of them shows that there are enough, the others may hold
records that no poll has shown yet, so each is polled once more before the wait ends.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agentcore_memory_async._extraction.targets import RecordTarget, Snapshot
    from agentcore_memory_async.models import MemoryRecord

MARGIN = timedelta(seconds=2)
"""How far the clocks of the service's hosts may be apart; ``Date`` has whole seconds."""
LONGEST_LAG = timedelta(minutes=10)
"""A record written more than this before the baseline would be in it (measured lag: 90 s)."""


class TargetState:
    """What is known of one target."""

    def __init__(self) -> None:
        self.polled_at = -inf
        self.polls = 0
        self.failed_at = -inf
        self.error: Exception | None = None
        self.has_baseline = False
        self.has_records = False
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
        targets: Iterable[RecordTarget],
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
        # Whether enough came, judged once after each change; then which target showed it, and when.
        self._verdict: bool | None = None
        self._latest: tuple[RecordTarget, float] | None = None
        self._reached: tuple[RecordTarget, float] | None = None
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
    def errors(self) -> list[Exception]:
        """Why the targets whose last poll failed could not be polled."""
        return [seen.error for seen in self._seen.values() if seen.error is not None]

    @property
    def unseen(self) -> list[str]:
        """
        Prefixes that were polled, and under which no record was seen, neither old nor new.

        Filters may hide the records of a prefix, so one that was polled with them is not among
        these.
        """
        return [
            target.prefix
            for target, seen in self._seen.items()
            if seen.polls and not seen.has_records and not target.filters
        ]

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

    def lacks_baseline(self, target: RecordTarget) -> bool:
        """Return whether the next snapshot of *target* is its baseline."""
        return self._after is None and not self._seen[target].has_baseline

    def polled_at(self, target: RecordTarget) -> float:
        """Return when the last poll of *target* began."""
        return self._seen[target].polled_at

    def failed_at(self, target: RecordTarget) -> float:
        """Return when the last poll of *target* failed; minus infinity where it did not."""
        return self._seen[target].failed_at

    def note_failure(self, target: RecordTarget, error: Exception, now: float) -> None:
        """Note that a poll of *target* failed."""
        self._seen[target].failed_at, self._seen[target].error = now, error

    def shows_all(self, target: RecordTarget, after: datetime | None) -> bool:
        """Return whether a poll for what was written *after* shows all that matters here."""
        floor = self._floor(target)
        return after is None or (floor is not None and after <= floor)

    def _floor(self, target: RecordTarget) -> datetime | None:
        """Return the time after which records are new, where it is known."""
        return self._after if self._after is not None else self._seen[target].floor

    def filter_after(self, target: RecordTarget, longest: int) -> datetime | None:
        """
        Return the time after which records matter, or None where all are to be listed.

        A short list is read whole: then it shows which old records went.
        """
        is_short = self._after is None and len(self._seen[target].baseline) <= longest
        return None if is_short else self._floor(target)

    def add(self, target: RecordTarget, snapshot: Snapshot) -> None:
        """Add a snapshot of *target*; a record that is seen twice counts once."""
        seen = self._seen[target]
        seen.failed_at, seen.error = -inf, None
        if snapshot.started_at <= seen.polled_at:
            return
        seen.polled_at = snapshot.started_at
        seen.has_records = seen.has_records or bool(snapshot.records)
        self._verdict, self._latest = None, (target, snapshot.ended_at)
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

    def is_enough(self, *, confirmed: bool = True) -> bool:
        """
        Return whether enough records came, and nothing new for the quiet period.

        Args:
            confirmed: Whether each target must have been polled since enough were there. What came
                at the same time elsewhere is not missed then.
        """
        if not self._is_reached():
            return False
        quiet_at = self._quiet_at()
        return all(
            seen.polled_at >= (self._confirmed_at(target) if confirmed else quiet_at)
            for target, seen in self._seen.items()
        )

    def needed_at(self, target: RecordTarget) -> float:
        """Return when *target* must be polled for the wait to end; infinite where it need not."""
        if not self._is_reached():
            return inf
        needed_at = self._confirmed_at(target)
        return needed_at if self._seen[target].polled_at < needed_at else inf

    def _quiet_at(self) -> float:
        """Return when the quiet period is over."""
        return self._last_new_at + self._settle_s if self._settle_s else -inf

    def _confirmed_at(self, target: RecordTarget) -> float:
        """Return from when on a poll of *target* shows that the wait may end."""
        quiet_at = self._quiet_at()
        if self._reached is None or self._reached[0] == target:
            return quiet_at
        return max(quiet_at, self._reached[1])

    def _is_reached(self) -> bool:
        """Return whether enough records came, and note when they first were there."""
        if self._verdict is None:
            self._verdict = self._judge()
            if not self._verdict:
                self._reached = None
            elif self._reached is None:
                self._reached = self._latest
        return self._verdict

    def _judge(self) -> bool:
        current = self.current
        if not self.has_baseline or len(current) < self._min_records:
            return False
        for target, seen in self._seen.items():
            count = sum(identity not in self._replaced for identity in seen.arrived)
            if count < target.min_records:
                return False
        return self._until is None or self._until(current)
