"""What a thread is made of, and how it is written as JSON: checkpoints, and the writes of tasks."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "langgraph-thread"
"""Name of the format of the documents in a thread's session."""
EMPTY = ("empty", "")
"""Value of a channel that has none."""

Sealed = tuple[str, str]
"""A value as the serializer wrote it: its type, and its bytes in base64."""
Version = str | int | float
"""Version of a channel's value."""
CheckpointKey = tuple[str, str]
"""Namespace and id of a checkpoint."""


def seal(dumped: tuple[str, bytes]) -> Sealed:
    """Return what a serializer wrote as text."""
    kind, data = dumped
    return kind, b64encode(data).decode("ascii")


def unseal(sealed: Sealed) -> tuple[str, bytes]:
    """Return what a serializer wrote."""
    kind, text = sealed
    return kind, b64decode(text)


@frozen
class CheckpointRecord:
    """
    A checkpoint.

    Attributes:
        key: Its namespace and id.
        parent: Id of its parent; None without one.
        body: The checkpoint without the values of its channels.
        metadata: Its metadata.
        values: The values that are written with it: version and value by channel.
        held: Versions of the other channels, whose values older checkpoints have.
        base: Newest checkpoint of the namespace when its parent was read or written; an empty text
            where there was none, None where that is not known.
        earlier_writes: Number of records of its writes that were stored before it.
    """

    key: CheckpointKey
    parent: str | None
    body: Sealed = field(repr=False)
    metadata: Sealed = field(repr=False)
    values: Mapping[str, tuple[Version, Sealed]] = field(repr=False)
    held: Mapping[str, Version]
    base: str | None = None
    earlier_writes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "checkpoint": self.key,
            "parent": self.parent,
            "body": self.body,
            "metadata": self.metadata,
            "values": self.values,
            "held": self.held,
            "base": self.base,
            "earlier_writes": self.earlier_writes,
        }


@frozen
class TaskWrite:
    """
    One write of a task, to one channel.

    Attributes:
        task_id: Id of the task.
        path: Path of the task, by which writes are ordered.
        index: CheckpointKey among the task's writes; below zero for those that replace one another.
        channel: Name of the channel.
        value: What was written.
    """

    task_id: str
    path: str
    index: int
    channel: str
    value: Sealed = field(repr=False)


@frozen
class WritesRecord:
    """
    Writes of one task, which were stored together.

    Attributes:
        key: Namespace and id of their checkpoint.
        writes: The writes, in their order.
    """

    key: CheckpointKey
    writes: tuple[TaskWrite, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        first = self.writes[0]
        return {
            "writes_of": self.key,
            "task": first.task_id,
            "path": first.path,
            "writes": [(each.index, each.channel, each.value) for each in self.writes],
        }


Record = CheckpointRecord | WritesRecord


def to_document(thread_id: str, records: list[Record]) -> dict[str, Any]:
    """Return the records of a thread that are stored together as JSON."""
    return {"thread": thread_id, "records": [record.to_json() for record in records]}


def read_document(value: Mapping[str, Any]) -> list[Record]:
    """Return the records of a document, in the order in which they were written."""
    return [_read(record) for record in value["records"]]


def _read(found: Mapping[str, Any]) -> Record:
    if "writes_of" in found:
        task_id, path = found["task"], found["path"]
        return WritesRecord(
            _pair(found["writes_of"]),
            tuple(
                TaskWrite(task_id, path, index, channel, _pair(value))
                for index, channel, value in found["writes"]
            ),
        )
    return CheckpointRecord(
        _pair(found["checkpoint"]),
        found["parent"],
        _pair(found["body"]),
        _pair(found["metadata"]),
        {name: (version, _pair(value)) for name, (version, value) in found["values"].items()},
        found["held"],
        found["base"],
        found["earlier_writes"],
    )


def _pair(found: list[str]) -> tuple[str, str]:
    first, second = found
    return first, second
