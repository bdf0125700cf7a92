"""Batches of records: what fails is told record by record."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local._api.errors import validation
from agentcore_memory_async.local._api.members import child
from agentcore_memory_async.local._operations.events import milliseconds
from agentcore_memory_async.local._storage.metadata import kept_metadata, metadata_problem
from agentcore_memory_async.local._storage.records import NewRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.memories import Memory
    from agentcore_memory_async.local._storage.records import Records


_CREATE = "BatchCreateMemoryRecords"


def batch_create(
    transaction: Transaction,
    records: Records,
    memory: Memory,
    params: Mapping[str, Any],
    now_ms: int,
) -> dict[str, Any]:
    """Write records; a used client token gives the answer of its first use."""
    db = transaction.db
    token = params.get("clientToken")
    if token is not None:
        row = db.execute(
            "SELECT answer FROM tokens WHERE memory_id = ? AND operation = ? AND token = ?",
            (memory.memory_id, _CREATE, token),
        ).fetchone()
        if row is not None:
            answer: dict[str, Any] = json.loads(row[0])
            return answer
    given = [entry["requestIdentifier"] for entry in params["records"]]
    if len(set(given)) != len(given):
        text = "requestIdentifier must be unique within the request"
        raise validation(text, field="records")
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    expiry = child(params, "recordExpirySpecification").get("recordExpiryDurationDays")
    for entry in params["records"]:
        strategy_id = entry.get("memoryStrategyId")
        strategy = memory.strategy(strategy_id)
        metadata = kept_metadata(entry.get("metadata"), strategy)
        problem = metadata_problem(metadata, memory)
        if strategy_id is not None and strategy is None:
            problem = (404, f"Memory strategy not found: {strategy_id}")
        if problem is not None:
            # The service names every record of a batch; one that was not made gets an id too.
            digest = hashlib.sha256(entry["requestIdentifier"].encode()).hexdigest()[:36]
            failed.append(_failed(f"mem-{digest}", problem, entry["requestIdentifier"]))
            continue
        namespaces = entry["namespaces"]
        record_id = records.add(
            transaction,
            memory.memory_id,
            NewRecord(
                content=entry["content"]["text"],
                namespace=namespaces[0] if namespaces else None,
                strategy_id=strategy_id,
                time_ms=milliseconds(entry["timestamp"]),
                metadata=metadata,
                expiry_days=expiry,
            ),
            now_ms,
        )
        done.append(_succeeded(record_id, entry["requestIdentifier"]))
    answer = {"successfulRecords": done, "failedRecords": failed}
    if token is not None:
        db.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, '', ?)",
            (memory.memory_id, _CREATE, token, json.dumps(answer)),
        )
    return answer


def batch_update(
    transaction: Transaction,
    records: Records,
    memory: Memory,
    params: Mapping[str, Any],
    now_ms: int,
    before_ms: int,
) -> dict[str, Any]:
    """Change records in place; those newer than *before_ms* are not found yet."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    expiry = child(params, "recordExpirySpecification")
    for entry in params["records"]:
        record_id = entry["memoryRecordId"]
        record = records.find(transaction, memory.memory_id, record_id, now_ms)
        if record is None or record.created_ms > before_ms:
            failed.append(_failed(record_id, (404, f"Memory record not found: {record_id}")))
            continue
        strategy_id = entry.get("memoryStrategyId")
        strategy = memory.strategy(strategy_id or record.strategy_id)
        metadata = kept_metadata(entry.get("metadata"), strategy)
        problem = metadata_problem(metadata, memory)
        if strategy_id is not None and strategy is None:
            problem = (404, f"Memory strategy not found: {strategy_id}")
        if problem is not None:
            failed.append(_failed(record_id, problem))
            continue
        change = dict(entry) | {"metadata": metadata}
        records.change(transaction, memory.memory_id, record, change, expiry, now_ms)
        done.append(_succeeded(record_id))
    return {"successfulRecords": done, "failedRecords": failed}


def batch_delete(
    transaction: Transaction,
    records: Records,
    memory: Memory,
    params: Mapping[str, Any],
    now_ms: int,
    before_ms: int,
) -> dict[str, Any]:
    """Delete records; those newer than *before_ms* are not found yet."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in params["records"]:
        record_id = entry["memoryRecordId"]
        record = records.find(transaction, memory.memory_id, record_id, now_ms)
        # The entry's namespace is for IAM conditions only, and so is sourceNamespaces above.
        if record is None or record.created_ms > before_ms:
            failed.append(_failed(record_id, (404, f"Memory record not found: {record_id}")))
            continue
        records.remove(transaction, memory.memory_id, record)
        done.append(_succeeded(record_id))
    return {"successfulRecords": done, "failedRecords": failed}


def _succeeded(record_id: str, request_identifier: str | None = None) -> dict[str, Any]:
    answer = {"memoryRecordId": record_id, "status": "SUCCEEDED"}
    if request_identifier is not None:
        answer["requestIdentifier"] = request_identifier
    return answer


def _failed(
    record_id: str, problem: tuple[int, str], request_identifier: str | None = None
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "memoryRecordId": record_id,
        "status": "FAILED",
        "errorCode": problem[0],
        "errorMessage": problem[1],
    }
    if request_identifier is not None:
        answer["requestIdentifier"] = request_identifier
    return answer
