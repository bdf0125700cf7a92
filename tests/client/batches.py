"""Batches of records, for tests of each operation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentcore_memory_async import MemoryRecordUpdate, NewMemoryRecord, RetryPolicy, TransportError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agentcore_memory_async import BatchResult

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CREATE, UPDATE = "BatchCreateMemoryRecords", "BatchUpdateMemoryRecords"
DELETE = "BatchDeleteMemoryRecords"
ONCE = RetryPolicy(max_attempts=1)
CANARY = "CANARY"


def new(number: int = 0, **members: Any) -> NewMemoryRecord:
    """Return a record to create."""
    given = {"namespace": "/facts/a/", "content": f"{CANARY} {number}", "timestamp": NOW}
    return NewMemoryRecord(**{**given, **members})


def record_id(number: int) -> str:
    """Return a record id."""
    return f"mem-{number:036d}"


def change(number: int, **members: Any) -> MemoryRecordUpdate:
    """Return a change of a record."""
    return MemoryRecordUpdate(memory_record_id=record_id(number), timestamp=NOW, **members)


def lost(operation: str) -> TransportError:
    """Return a lost answer."""
    return TransportError(operation, "connection lost", sent=True)


BATCHES: dict[str, Callable[..., Awaitable[BatchResult]]] = {
    CREATE: lambda manager, count, **options: manager.batch_create_memory_records(
        [new(number) for number in range(count)], **options
    ),
    UPDATE: lambda manager, count, **options: manager.batch_update_memory_records(
        [change(number) for number in range(count)], **options
    ),
    DELETE: lambda manager, count, **options: manager.batch_delete_memory_records(
        [record_id(number) for number in range(count)], **options
    ),
}
"""Each operation with a number of records."""
