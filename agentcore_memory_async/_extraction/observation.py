"""
What a poller knows and decides: pure, snapshots in, new records and a verdict out.

Nothing says that extraction is done. A record is new when its id was not there at the baseline,
or when it was written after a moment of the service's clock.
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
"""A record that was written so long before the baseline would have been in it (measured: 90 s)."""


@frozen
class Place:
    """
    Where records are waited for.

    Attributes:
        prefix: The resolved prefix.
        memory_strategy_id: Only the records of this strategy; None for all.
        least: How many new records it takes there.
    """

    prefix: str
    memory_strategy_id: str | None = None
    least: int = field(default=0, eq=False)

    def has(self, record: MemoryRecord) -> bool:
        """Tell whether *record* is here."""
        strategies = {None, record.memory_strategy_id}
        other = record.memory_strategy_id is not None and self.memory_strategy_id not in strategies
        return not other and is_under(record.namespace, self.prefix)


@frozen
class Snapshot:
    """
    What one look at a place showed.

    Attributes:
        records: The records there, from all pages.
        started_at: When the look began, on the loop's clock.
        after: Only records written after this were asked for; None for all.
        service_time: The service's clock when the look began, where it is known.
    """

    records: Sequence[MemoryRecord]
    started_at: float
    after: datetime | None = None
    service_time: datetime | None = None


class _Seen:
    """What is known of one place."""

    def __init__(self) -> None:
        self.looked_at = -inf
        self.looks = 0
        self.has_baseline = False
        self.floor: datetime | None = None
        # What was there before, and what came: for either, the service may take it away.
        self.known: dict[str, MemoryRecord] = {}
        self.came: dict[str, MemoryRecord] = {}


class Observation:
    """
    The records that came since a baseline.

    Args:
        places: Where to look.
        min_records: How many new records are enough, over all places.
        settle_s: For how long nothing new may have come before they count as all.
        until: Says of the new records whether they are enough; None where their number does.
        after: What was written after this is new; None where a baseline is taken.
    """

    def __init__(
        self,
        places: Iterable[Place],
        min_records: int = 1,
        settle_s: float = 0.0,
        until: Callable[[list[MemoryRecord]], bool] | None = None,
        after: datetime | None = None,
    ) -> None:
        self._seen = {place: _Seen() for place in places}
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
        """Whether it is known in all places what is old."""
        return self._after is not None or all(seen.has_baseline for seen in self._seen.values())

    @property
    def looks(self) -> int:
        """How often the places were looked at since the baseline."""
        return max(seen.looks for seen in self._seen.values())

    @property
    def was_everywhere(self) -> bool:
        """Whether each place was looked at since the baseline."""
        return all(seen.looks for seen in self._seen.values())

    @property
    def current(self) -> list[MemoryRecord]:
        """The new records, less those that were replaced meanwhile; oldest first."""
        current = [record for record in self.new if record.memory_record_id not in self._replaced]
        return sorted(current, key=lambda record: record.created_at)

    @property
    def replaced(self) -> list[MemoryRecord]:
        """The records that went, old or new, for a new one of their namespace and strategy."""
        return [gone for gone, _ in self._replaced.values()]

    @property
    def updates(self) -> list[MemoryRecord]:
        """The new records that came for others."""
        found = {record.memory_record_id: record for _, record in self._replaced.values()}
        return [record for record in self.new if record.memory_record_id in found]

    def lacks_baseline(self, place: Place) -> bool:
        """Tell whether the next snapshot of *place* is its baseline."""
        return self._after is None and not self._seen[place].has_baseline

    def looked_at(self, place: Place) -> float:
        """Give when the last look at *place* began."""
        return self._seen[place].looked_at

    def shows_all(self, place: Place, after: datetime | None) -> bool:
        """Tell whether a look at what was written *after* shows all that matters here."""
        floor = self._floor(place)
        return after is None or (floor is not None and after <= floor)

    def _floor(self, place: Place) -> datetime | None:
        """Give the moment after which records are new, where it is known."""
        return self._after if self._after is not None else self._seen[place].floor

    def filter_after(self, place: Place, longest: int) -> datetime | None:
        """
        Give the moment after which records matter, or None where all are to be listed.

        A short list is read whole: then it shows which old records went.
        """
        is_short = self._after is None and len(self._seen[place].known) <= longest
        return None if is_short else self._floor(place)

    def see(self, place: Place, snapshot: Snapshot) -> None:
        """Take in what is at *place*; what is seen twice counts once."""
        seen = self._seen[place]
        if snapshot.started_at <= seen.looked_at:
            return
        seen.looked_at = snapshot.started_at
        self._settles_at = None
        if self.lacks_baseline(place):
            seen.has_baseline = True
            if snapshot.service_time is not None:
                seen.floor = snapshot.service_time - MARGIN
            seen.known = {record.memory_record_id: record for record in snapshot.records}
            return
        seen.looks += 1
        self._find_new(seen, snapshot)
        self._find_replaced(seen, snapshot)

    def _find_new(self, seen: _Seen, snapshot: Snapshot) -> None:
        for record in sorted(snapshot.records, key=lambda record: record.created_at):
            identity = record.memory_record_id
            if identity in seen.known or identity in seen.came:
                continue
            if not self._is_new(seen, record):
                seen.known[identity] = record
                continue
            seen.came[identity] = record
            self._last_new_at = max(self._last_new_at, snapshot.started_at)
            if identity not in self._ids:
                self._ids.add(identity)
                self.new.append(record)

    def _is_new(self, seen: _Seen, record: MemoryRecord) -> bool:
        if self._after is not None:
            return record.created_at > self._after
        # Lists lag: what was written shortly before the baseline may show only after it.
        return seen.floor is None or not (
            seen.floor - LONGEST_LAG < record.created_at <= seen.floor
        )

    def _find_replaced(self, seen: _Seen, snapshot: Snapshot) -> None:
        """Find what consolidation replaced: an id is gone, and a newer one is where it was."""
        listed = {record.memory_record_id for record in snapshot.records}
        newest: dict[tuple[str, str | None], MemoryRecord] = {}
        for record in seen.came.values():
            if record.memory_record_id in listed:
                where = record.namespace, record.memory_strategy_id
                other = newest.get(where)
                if other is None or record.created_at >= other.created_at:
                    newest[where] = record
        for identity, record in (*seen.known.items(), *seen.came.items()):
            if identity in listed:
                self._replaced.pop(identity, None)
            elif snapshot.after is None or record.created_at > snapshot.after:
                successor = newest.get((record.namespace, record.memory_strategy_id))
                if successor is not None and successor.created_at > record.created_at:
                    self._replaced[identity] = record, successor

    def is_enough(self) -> bool:
        """Tell whether enough came and nothing new for long enough."""
        return self.settles_at() <= min(seen.looked_at for seen in self._seen.values())

    def settles_at(self) -> float:
        """Give when nothing new will have come for long enough; infinite while it is too little."""
        if self._settles_at is None:
            self._settles_at = self._find_settles_at()
        return self._settles_at

    def _find_settles_at(self) -> float:
        if not self.has_baseline:
            return inf
        current = self.current
        if len(current) < self._min_records:
            return inf
        for place, seen in self._seen.items():
            if sum(identity not in self._replaced for identity in seen.came) < place.least:
                return inf
        if self._until is not None and not self._until(current):
            return inf
        return self._last_new_at + self._settle_s if self._settle_s else -inf


class FailedJobs:
    """
    The failed extraction jobs that concern a wait.

    Args:
        actor_id: Whose session.
        session_id: The session.
        memory_strategy_ids: The strategies that are waited for; empty for any.
        since_event_id: Jobs that name this event or later ones count, without a baseline; None
            where those that are there at first are old.
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
        self._known: set[str] | None = None if since_event_id is None else set()
        self.looked_at = -inf
        self.failed: list[ExtractionJob] = []

    @property
    def lacks_baseline(self) -> bool:
        """Whether the jobs that are seen next are old."""
        return self._known is None

    def see(self, jobs: Iterable[ExtractionJob], started_at: float) -> None:
        """Take in the jobs that failed and were not started again so far."""
        if started_at <= self.looked_at:
            return
        self.looked_at = started_at
        ours = {job.job_id: job for job in jobs if self._concerns(job)}
        if self._known is None:
            self._known = set(ours)
            return
        # One that was away, because it was started again, counts anew.
        self._known &= set(ours)
        self.failed = [job for job in ours.values() if job.job_id not in self._known]

    def told(self) -> None:
        """Note that the caller knows of what failed."""
        if self._known is not None:
            self._known.update(job.job_id for job in self.failed)
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
    """Read the milliseconds that an event id begins with."""
    digits = event_id.partition("#")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0
