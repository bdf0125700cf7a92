"""Long-term records from the wire's JSON: pure, no await."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TypeGuard, cast

from agentcore_memory_async._wire.reading import (
    Body,
    ItemKind,
    OnUnreadable,
    Wrong,
    id_of,
    list_of,
    object_of,
    read,
    read_each,
    read_page,
    read_time,
    required,
    text_of,
    time_of,
)
from agentcore_memory_async.models import MemoryRecord

if TYPE_CHECKING:
    from agentcore_memory_async.models import MetadataValue

_MEMBERS = frozenset(
    {
        "content",
        "createdAt",
        "expiresAt",
        "memoryRecordId",
        "memoryStrategyId",
        "metadata",
        "namespaces",
        "score",
        "timestamp",
    }
)
"""Members of a record that are read; the others are kept in its ``extra``."""
_CONTENT = frozenset({"text"})
"""Members of the content of a record that are read; the others are kept in its ``extra``."""


def _read_record(body: Body, score: float | None = None) -> MemoryRecord:
    namespaces = required(list_of(body, "namespaces"), "namespaces")
    for namespace in namespaces:
        if not isinstance(namespace, str):
            message = "its namespaces is no list of str"
            raise Wrong(message)
    content = required(object_of(body, "content"), "content")
    timestamp, expires_at = body.get("timestamp"), body.get("expiresAt")
    return MemoryRecord(
        namespaces[0] if namespaces else "",
        text_of(content, "text") or "",
        score,
        time_of(body, "createdAt"),
        id_of(body, "memoryRecordId"),
        text_of(body, "memoryStrategyId"),
        _read_metadata(object_of(body, "metadata") or {}),
        None if timestamp is None else time_of(body, "timestamp"),
        None if expires_at is None else time_of(body, "expiresAt"),
        _read_extra(body, content, namespaces),
    )


def _read_extra(body: Body, content: Body, namespaces: list[str]) -> dict[str, object]:
    """Return what a record has no attribute for."""
    extra: dict[str, object] = {}
    if not _MEMBERS.issuperset(body):
        extra = {name: value for name, value in body.items() if name not in _MEMBERS}
    if len(namespaces) > 1:  # the service's model has one; the others are kept
        extra["namespaces"] = namespaces
    if not _CONTENT.issuperset(content):
        extra["content"] = {name: value for name, value in content.items() if name != "text"}
    return extra


def _read_metadata(body: Body) -> dict[str, MetadataValue]:
    """Return the metadata; a value of an unknown kind stays as it came, and null is none."""
    read: dict[str, MetadataValue] = {}
    for key, value in body.items():
        known = _read_value(cast("Body", value)) if isinstance(value, dict) else value
        if known is not None:
            read[key] = known
    return read


def _read_value(members: Body) -> MetadataValue | None:
    for kind, each in members.items():
        if kind == "stringValue" and isinstance(each, str):
            return each
        if kind == "stringListValue" and isinstance(each, list):
            return tuple(map(str, cast("list[object]", each)))
        if kind == "numberValue" and _is_number(each):
            return each
        if kind == "dateTimeValue" and _is_number(each):
            with suppress(ValueError, OverflowError):
                return read_time(each)
    is_null = all(each is None for each in members.values())
    return None if is_null else cast("MetadataValue", members)


_NUMBERS = (float, int)
"""Kinds of numbers, of which bool is none."""
_MAX_FLOAT = sys.float_info.max
"""Largest float."""


def _is_number(value: object) -> TypeGuard[int | float]:
    # NaN is not within any bounds, and a larger int is no float. JSON has no other kinds.
    return type(value) in _NUMBERS and abs(cast("float", value)) <= _MAX_FLOAT


def _read_found(body: Body) -> MemoryRecord:
    """Return a record of a search; in lists the score is left out, whatever it is."""
    return _read_record(body, _read_score(body.get("score")))


def _read_score(value: object) -> float | None:
    if value is None:
        return None
    if _is_number(value):
        return float(value)
    message = "its score is no number"
    raise Wrong(message)


def read_record(body: Body) -> MemoryRecord:
    """Return the record of an answer to GetMemoryRecord."""
    return read("GetMemoryRecord", body.get("memoryRecord"), "record", _read_record)


def read_deleted_record(body: Body) -> str:
    """Return the record id of an answer to DeleteMemoryRecord."""
    return read("DeleteMemoryRecord", body, "record", lambda raw: id_of(raw, "memoryRecordId"))


def read_records(operation: str, body: Body, unreadable: OnUnreadable) -> list[MemoryRecord]:
    """Return a page of records."""
    items = read_page(operation, body, "memoryRecordSummaries")
    kind = _FOUND if operation == "RetrieveMemoryRecords" else _RECORD
    return read_each(operation, items, kind, unreadable)


_RECORD = ItemKind("record", "memoryRecordId", _read_record)
"""Records of a list."""
_FOUND = ItemKind("record", "memoryRecordId", _read_found)
"""Records of a search."""
