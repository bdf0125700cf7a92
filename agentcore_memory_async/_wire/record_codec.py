"""Long-term records from the wire's JSON: pure, no await."""

from __future__ import annotations

import sys
from typing import cast

from attrs import evolve

from agentcore_memory_async._wire.reading import (
    Body,
    ItemKind,
    OnUnreadable,
    Wrong,
    id_of,
    member_of,
    object_of,
    read_each,
    read_page,
    required,
    text_of,
    time_of,
)
from agentcore_memory_async.models import MemoryRecord


def _read_record(body: Body) -> MemoryRecord:
    namespaces = cast("list[object]", required(member_of(body, "namespaces", list), "namespaces"))
    if not all(isinstance(namespace, str) for namespace in namespaces):
        message = "its namespaces is no list of str"
        raise Wrong(message)
    content = required(object_of(body, "content"), "content")
    return MemoryRecord(
        namespace=str(namespaces[0]) if namespaces else "",
        content=text_of(content, "text") or "",
        score=None,
        created_at=time_of(body, "createdAt"),
        memory_record_id=id_of(body, "memoryRecordId"),
        memory_strategy_id=text_of(body, "memoryStrategyId"),
    )


def _read_found(body: Body) -> MemoryRecord:
    """Return a record of a search; in lists the score is left out, whatever it is."""
    return evolve(_read_record(body), score=_read_score(body.get("score")))


def _read_score(value: object) -> float | None:
    if value is None:
        return None
    # NaN is not within any bounds, and a larger int is no float.
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    ):
        return float(value)
    message = "its score is no number"
    raise Wrong(message)


def read_records(operation: str, body: Body, unreadable: OnUnreadable) -> list[MemoryRecord]:
    """Return a page of records."""
    items = read_page(operation, body, "memoryRecordSummaries")
    kind = _FOUND if operation == "RetrieveMemoryRecords" else _RECORD
    return read_each(operation, items, kind, unreadable)


_RECORD = ItemKind("record", "memoryRecordId", _read_record)
"""Records of a list."""
_FOUND = ItemKind("record", "memoryRecordId", _read_found)
"""Records of a search."""
