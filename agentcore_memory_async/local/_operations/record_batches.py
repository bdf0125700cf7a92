"""Operations on batches of records, of which each succeeds or fails by itself."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, TypeAlias

from attrs import evolve

from agentcore_memory_async.local._api.errors import validation
from agentcore_memory_async.local._api.members import child, to_ms
from agentcore_memory_async.local._operations.records import find_record
from agentcore_memory_async.local._storage.metadata import kept_metadata, metadata_problem
from agentcore_memory_async.local._storage.records import NewRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentcore_memory_async.local._operations.request import MemoryRequest, Params
    from agentcore_memory_async.local._storage.records import Record


_Outcome: TypeAlias = "Params"
"""Member of an answer that reports on one record."""


def create_records(request: MemoryRequest) -> Params:
    """Write records; a used client token returns the answer of its first use."""
    token = request.client_token(request.memory_id)
    used = token.first_use()
    if used is not None:
        answer: Params = used.answer
        return answer
    entries = request.params["records"]
    if len({entry["requestIdentifier"] for entry in entries}) != len(entries):
        text = "requestIdentifier must be unique within the request"
        raise validation(text, field="records")
    answer = _answer(_create(request, entry) for entry in entries)
    token.remember(answer)
    return answer


def _create(request: MemoryRequest, entry: Params) -> _Outcome:
    identifier: str = entry["requestIdentifier"]
    metadata, problem = _checked_metadata(request, entry)
    if problem is not None:
        # The service returns an id for every record of a batch, even for one that was not written.
        record_id = f"mem-{hashlib.sha256(identifier.encode()).hexdigest()[:36]}"
        return _failed(record_id, *problem) | {"requestIdentifier": identifier}
    expiry = child(request.params, "recordExpirySpecification")
    new = NewRecord(
        content=entry["content"]["text"],
        namespace=next(iter(entry["namespaces"]), None),
        strategy_id=entry.get("memoryStrategyId"),
        time_ms=to_ms(entry["timestamp"]),
        metadata=metadata,
        expiry_days=expiry.get("recordExpiryDurationDays"),
    )
    record_id = request.service.records.add(
        request.transaction, request.memory_id, new, request.now_ms
    )
    return _succeeded(record_id) | {"requestIdentifier": identifier}


def update_records(request: MemoryRequest) -> Params:
    """Change records in place."""
    return _answer(_update(request, entry) for entry in request.params["records"])


def _update(request: MemoryRequest, entry: Params) -> _Outcome:
    record_id = entry["memoryRecordId"]
    record = find_record(request, record_id)
    if record is None:
        return _not_found(record_id)
    metadata, problem = _checked_metadata(request, entry, record.strategy_id)
    if problem is not None:
        return _failed(record_id, *problem)
    changed = evolve(
        record,
        content=entry["content"]["text"] if entry.get("content") else record.content,
        namespace=entry["namespaces"][0] if entry.get("namespaces") else record.namespace,
        strategy_id=entry.get("memoryStrategyId") or record.strategy_id,
        metadata=json.dumps(metadata) if metadata else record.metadata,
        time_ms=to_ms(entry["timestamp"]),
        expiry_days=_expiry_days(request, record),
    )
    request.service.records.update(request.transaction, request.memory_id, changed, request.now_ms)
    return _succeeded(record_id)


def _expiry_days(request: MemoryRequest, record: Record) -> int | None:
    expiry = child(request.params, "recordExpirySpecification")
    if expiry.get("action") == "REMOVE":
        return None
    return expiry.get("recordExpiryDurationDays") or record.expiry_days


def delete_records(request: MemoryRequest) -> Params:
    """Delete records."""
    return _answer(_delete(request, entry) for entry in request.params["records"])


def _delete(request: MemoryRequest, entry: Params) -> _Outcome:
    # The entry's namespace is for IAM conditions only, and so is sourceNamespaces of updates.
    record_id = entry["memoryRecordId"]
    record = find_record(request, record_id)
    if record is None:
        return _not_found(record_id)
    request.service.records.remove(request.transaction, request.memory_id, record)
    return _succeeded(record_id)


def _checked_metadata(
    request: MemoryRequest, entry: Params, strategy_id: str | None = None
) -> tuple[Params | None, tuple[int, str] | None]:
    """
    Return the metadata to store, and why the record fails: code and text, or None.

    The strategy of the entry takes precedence over *strategy_id*, that of the stored record.
    """
    wanted_id = entry.get("memoryStrategyId")
    strategy = request.memory.strategy(wanted_id or strategy_id)
    if wanted_id is not None and strategy is None:
        return None, (404, f"Memory strategy not found: {wanted_id}")
    metadata = kept_metadata(entry.get("metadata"), strategy)
    return metadata, metadata_problem(metadata, request.memory)


def _answer(outcomes: Iterable[_Outcome]) -> Params:
    answer: Params = {"successfulRecords": [], "failedRecords": []}
    for outcome in outcomes:
        succeeded = outcome["status"] == "SUCCEEDED"
        answer["successfulRecords" if succeeded else "failedRecords"].append(outcome)
    return answer


def _succeeded(record_id: str) -> _Outcome:
    return {"memoryRecordId": record_id, "status": "SUCCEEDED"}


def _failed(record_id: str, code: int, text: str) -> _Outcome:
    return {
        "memoryRecordId": record_id,
        "status": "FAILED",
        "errorCode": code,
        "errorMessage": text,
    }


def _not_found(record_id: str) -> _Outcome:
    return _failed(record_id, 404, f"Memory record not found: {record_id}")
