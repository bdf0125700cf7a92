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
    from datetime import datetime

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
    extra: dict[str, object] = {}
    if not body.keys() <= _MEMBERS:
        extra = {name: value for name, value in body.items() if name not in _MEMBERS}
    if len(namespaces) > 1:  # the service's model has one; the others are kept
        extra["namespaces"] = namespaces
    if not content.keys() <= _CONTENT:
        extra["content"] = {name: value for name, value in content.items() if name != "text"}
    return MemoryRecord(
        namespace=str(namespaces[0]) if namespaces else "",
        content=text_of(content, "text") or "",
        score=score,
        created_at=time_of(body, "createdAt"),
        memory_record_id=id_of(body, "memoryRecordId"),
        memory_strategy_id=text_of(body, "memoryStrategyId"),
        metadata=_read_metadata(object_of(body, "metadata") or {}),
        timestamp=_optional_time(body, "timestamp"),
        expires_at=_optional_time(body, "expiresAt"),
        extra=extra,
    )


def _optional_time(body: Body, member: str) -> datetime | None:
    return None if body.get(member) is None else time_of(body, member)


def _read_metadata(body: Body) -> dict[str, MetadataValue]:
    """Return the metadata; a value of an unknown kind stays as it came, and null is none."""
    read: dict[str, MetadataValue] = {}
    for key, value in body.items():
        if not isinstance(value, dict):
            if value is not None:
                read[key] = value
            continue
        members = cast("Body", value)
        if [each for each in members.values() if each is not None]:
            read[key] = _read_value(members)
    return read


def _read_value(members: Body) -> MetadataValue:
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
    return cast("MetadataValue", members)


def _is_number(value: object) -> TypeGuard[int | float]:
    # NaN is not within any bounds, and a larger int is no float.
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


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
