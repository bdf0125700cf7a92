"""The checkpoints of a thread, from its records as they are read: newest first. Pure, no await."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import field, frozen

from agentcore_memory_async.integrations.langgraph._records import (
    EMPTY,
    CheckpointKey,
    CheckpointRecord,
    Record,
    Sealed,
    TaskWrite,
    Version,
    WritesRecord,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@frozen
class Found:
    """
    A checkpoint with all that belongs to it.

    Attributes:
        record: Its record.
        values: Values of its channels, without those that have none.
        writes: Its pending writes, in LangGraph's order.
    """

    record: CheckpointRecord
    values: Mapping[str, Sealed] = field(repr=False)
    writes: Sequence[TaskWrite] = field(repr=False)


@frozen
class Conflict:
    """
    Two checkpoints whose writers did not know of one another.

    Attributes:
        key: One of them.
        other: Id of the other one.
        base: Newest checkpoint that both knew.
    """

    key: CheckpointKey
    other: str
    base: str


@frozen
class Written:
    """
    When something was written.

    Attributes:
        depth: Number of newer events in the session.
        at_s: Time of its event, in seconds since 1970.
    """

    depth: int = 0
    at_s: float = 0.0


class History:
    """
    What was read of a thread so far.

    Args:
        namespace: The only namespace that counts; all of them if None.

    Attributes:
        checkpoints: The records of its checkpoints, by namespace and id.
        conflicts: Checkpoints of two writers at once.
        is_whole: Whether there is no older record.
    """

    def __init__(self, namespace: str | None = None) -> None:
        self._namespace = namespace
        self.checkpoints: dict[CheckpointKey, CheckpointRecord] = {}
        self.conflicts: list[Conflict] = []
        self.is_whole = False
        self._values: dict[tuple[str, str, Version], tuple[Sealed, Written]] = {}
        self._writes: dict[CheckpointKey, dict[tuple[str, int], TaskWrite]] = {}
        self._stored_writes = Counter[CheckpointKey]()
        self._earlier_writes = Counter[CheckpointKey]()
        self._followers: dict[CheckpointKey, str] = {}

    def add(self, record: Record, written: Written = Written()) -> None:
        """
        Add the record that was stored before those that were added.

        Args:
            record: Record.
            written: When it was written.
        """
        if self._namespace is not None and record.key[0] != self._namespace:
            return
        if isinstance(record, WritesRecord):
            self._add_writes(record)
        else:
            self._add_checkpoint(record, written)

    def newest(self, namespace: str) -> str | None:
        """Return the id of the newest checkpoint of a namespace; None if none was read."""
        return max((id_ for where, id_ in self.checkpoints if where == namespace), default=None)

    def find(self, key: CheckpointKey) -> Found | None:
        """Return a checkpoint; None while something of it is to be read yet, or it is not there."""
        record = self.checkpoints.get(key)
        if record is None or not self._is_complete(record):
            return None
        own = {channel: value for channel, (_, value) in record.values.items()}
        older = {channel: self.value(key[0], channel, v) for channel, v in record.held.items()}
        values = {
            channel: value
            for channel, value in {**older, **own}.items()
            if value is not None and value != EMPTY
        }
        return Found(record, values, self.writes(key))

    def value(self, namespace: str, channel: str, version: Version) -> Sealed | None:
        """Return the value of a version of a channel; None if it was not read."""
        found = self._values.get((namespace, channel, version))
        return found[0] if found else None

    def written(self, namespace: str, channel: str, version: Version) -> Written | None:
        """Return when a value was written; None if it was not read."""
        found = self._values.get((namespace, channel, version))
        return found[1] if found else None

    def writes(self, key: CheckpointKey) -> list[TaskWrite]:
        """Return the writes of a checkpoint that were read, in LangGraph's order."""
        found = self._writes.get(key, {}).values()
        return sorted(found, key=lambda each: (each.path, each.task_id, each.index))

    def stored_writes(self, key: CheckpointKey) -> int:
        """Return the number of records of writes of a checkpoint that were read."""
        return self._stored_writes[key]

    def _is_complete(self, record: CheckpointRecord) -> bool:
        if self.is_whole:
            return True
        if self._earlier_writes[record.key] < record.earlier_writes:
            return False
        namespace = record.key[0]
        return all((namespace, *held) in self._values for held in record.held.items())

    def _add_writes(self, record: WritesRecord) -> None:
        key = record.key
        self._stored_writes[key] += 1
        if key in self.checkpoints:
            self._earlier_writes[key] += 1
        known = self._writes.setdefault(key, {})
        # Within a record a later special write replaces an earlier one, too.
        for write in {(each.task_id, each.index): each for each in record.writes}.values():
            slot = write.task_id, write.index
            if write.index >= 0 or slot not in known:
                known[slot] = write

    def _add_checkpoint(self, record: CheckpointRecord, written: Written) -> None:
        namespace, id_ = key = record.key
        for channel, (version, value) in record.values.items():
            self._values.setdefault((namespace, channel, version), (value, written))
        if key in self.checkpoints:
            return
        self.checkpoints[key] = record
        if record.base is not None:
            other = self._followers.setdefault((namespace, record.base), id_)
            if other != id_:
                self.conflicts.append(Conflict(key, other, record.base))
