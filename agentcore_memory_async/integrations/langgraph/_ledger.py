"""
What a saver knows of the threads that it reads and writes, and what it needn't write again.

A checkpoint is written with the values that changed. The others are in older checkpoints: how far
back, the saver knows from what it read and wrote itself. One that it does not know of, or that is
far back, is written again, so that the newest checkpoint is never far from its values.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

from attrs import Factory, define, frozen

from agentcore_memory_async.integrations.langgraph._history import Conflict, Written
from agentcore_memory_async.integrations.langgraph._records import (
    EMPTY,
    CheckpointKey,
    CheckpointRecord,
    Sealed,
    Version,
    WritesRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async.integrations.langgraph._history import Found, History

REACH = 40
"""Events after which a value is written again; the newest checkpoint is read with `PAGE` events."""
MAX_NAMESPACES = 1000
"""Namespaces of a thread that are known at once."""
MAX_CHECKPOINTS = 100
"""Checkpoints of a namespace that are known at once."""

REACH_S = 3600.0
"""Seconds after which a value is written again, since events expire by their age."""

K = TypeVar("K")
V = TypeVar("V")


@frozen
class Put:
    """
    A checkpoint that is to be written.

    Attributes:
        key: Its namespace and id.
        parent: Id of its parent; None without one.
        body: The checkpoint without the values of its channels.
        metadata: Its metadata.
        changed: Version and value of the channels that changed.
        unchanged: Versions of the other channels.
        dump: Returns the value of one of those; None if it has none.
    """

    key: CheckpointKey
    parent: str | None
    body: Sealed
    metadata: Sealed
    changed: Mapping[str, tuple[Version, Sealed]]
    unchanged: Mapping[str, Version]
    dump: Callable[[str], Sealed | None]


@frozen
class Value:
    """
    What is known of the value of a channel.

    Attributes:
        version: Version.
        position: Number of events before that which has it.
        at_s: Time of that event, in seconds since 1970.
        is_none: Whether there is none.
    """

    version: Version
    position: int
    at_s: float
    is_none: bool


@define
class Namespace:
    """
    What is known of a namespace.

    Attributes:
        latest: Id of its newest checkpoint; empty where there is none, None where that is not
            known.
        bases: The newest checkpoint when another one was read or written, by the latter's id.
        values: The newest value of each channel.
        stored_writes: Number of records of the writes of a checkpoint.
        reported: Checkpoints whose followers were reported as a conflict.
    """

    latest: str | None = None
    bases: OrderedDict[str, str] = Factory(OrderedDict[str, str])
    values: dict[str, Value] = Factory(dict[str, Value])
    stored_writes: OrderedDict[str, int] = Factory(OrderedDict[str, int])
    reported: set[str] = Factory(set[str])


class Ledger:
    """What is known of one thread."""

    def __init__(self) -> None:
        self._namespaces: OrderedDict[str, Namespace] = OrderedDict()
        self._events = 0

    def add_event(self) -> None:
        """Note that an event was written."""
        self._events += 1

    def note_writes(self, record: WritesRecord) -> None:
        """Note writes that are written now."""
        namespace, id_ = record.key
        known = self._namespace(namespace)
        keep(known.stored_writes, id_, known.stored_writes.get(id_, 0) + 1, MAX_CHECKPOINTS)

    def note_absence(self, namespace: str) -> None:
        """Note that a namespace was read, and has no checkpoint."""
        known = self._namespace(namespace)
        known.latest = ""
        keep(known.bases, "", "", MAX_CHECKPOINTS)

    def note_read(self, found: Found, history: History) -> list[Conflict]:
        """Note a checkpoint that was read, and return the conflicts that nobody knew of."""
        namespace, id_ = key = found.record.key
        known = self._namespace(namespace)
        known.latest = max(history.newest(namespace) or id_, known.latest or id_)
        keep(known.bases, id_, known.latest, MAX_CHECKPOINTS)
        keep(known.stored_writes, id_, history.stored_writes(key), MAX_CHECKPOINTS)
        versions = {name: version for name, (version, _) in found.record.values.items()}
        for channel, version in {**found.record.held, **versions}.items():
            written = history.written(namespace, channel, version) or Written()
            known.values[channel] = Value(
                version,
                self._events - written.depth,
                written.at_s,
                channel not in found.values,
            )
        fresh = [each for each in history.conflicts if each.base not in known.reported]
        known.reported.update(each.base for each in fresh)
        return fresh

    def compose(self, put: Put, now_s: float) -> tuple[CheckpointRecord, Conflict | None]:
        """Return the record of a checkpoint, and the conflict that it is in."""
        namespace, id_ = put.key
        known = self._namespace(namespace)
        values, held = dict(put.changed), dict[str, Version]()
        for channel, version in put.unchanged.items():
            near = known.values.get(channel)
            if near is not None and self._is_near(near, version, now_s):
                value = EMPTY if near.is_none else None
            else:
                value = put.dump(channel)
            if value is None:
                held[channel] = version
            else:
                values[channel] = version, value
        for channel, (version, value) in values.items():
            known.values[channel] = Value(version, self._events, now_s, value == EMPTY)
        base = known.bases.get(put.parent or "")
        conflict = None
        if base is not None and known.latest not in {base, id_, None}:
            conflict = Conflict(put.key, known.latest or "", base)
            known.reported.add(base)
        known.latest = id_
        keep(known.bases, id_, id_, MAX_CHECKPOINTS)
        record = CheckpointRecord(
            put.key,
            put.parent,
            put.body,
            put.metadata,
            values,
            held,
            base,
            known.stored_writes.get(id_, 0),
        )
        return record, conflict

    def _is_near(self, value: Value, version: Version, now_s: float) -> bool:
        """Return whether a checkpoint may refer to a value instead of having it."""
        if value.version != version:
            return False
        is_near = self._events - value.position < REACH and now_s - value.at_s < REACH_S
        return value.is_none or is_near

    def _namespace(self, name: str) -> Namespace:
        known = self._namespaces.get(name)
        return keep(self._namespaces, name, known or Namespace(), MAX_NAMESPACES)


def keep(known: OrderedDict[K, V], key: K, value: V, most: int) -> V:
    """Keep a value, and no more than *most* of them: those that were used last."""
    known[key] = value
    known.move_to_end(key)
    if len(known) > most:
        known.popitem(last=False)
    return value
