"""
What a poller knows and decides: pure, snapshots in, new records and a verdict out.

Nothing says that extraction is done. A record is new when its id was not there at the baseline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentcore_memory_async.models import MemoryRecord


class Observation:
    """
    The records that came since a baseline.

    Args:
        min_records: How many new records are enough.
        settle_s: For how long nothing new may have come before they count as all.
    """

    def __init__(self, min_records: int, settle_s: float) -> None:
        self._min_records = min_records
        self._settle_s = settle_s
        self._known: set[str] = set()
        self._last_new_at = 0.0
        self.new: list[MemoryRecord] = []

    def start(self, baseline: Iterable[MemoryRecord]) -> None:
        """Forget what was, and take what is there now as known."""
        self._known = {record.memory_record_id for record in baseline}
        self.new = []

    def look(self, snapshot: Iterable[MemoryRecord], now: float) -> list[MemoryRecord]:
        """Take what is there at *now* and give what is new in it, oldest first."""
        fresh: dict[str, MemoryRecord] = {}
        for record in snapshot:
            if record.memory_record_id not in self._known:
                fresh[record.memory_record_id] = record
        if fresh:
            self._known.update(fresh)
            self._last_new_at = now
        found = sorted(fresh.values(), key=lambda record: record.created_at)
        self.new += found
        return found

    def is_enough(self, now: float) -> bool:
        """Tell whether enough came and nothing new for long enough."""
        if len(self.new) < self._min_records:
            return False
        return now - self._last_new_at >= self._settle_s
