"""Operations on long-term records, except those on batches."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

from agentcore_memory_async.local._api.errors import not_found
from agentcore_memory_async.local._storage.metadata import record_filter
from agentcore_memory_async.local._storage.namespaces import NamespaceQuery

if TYPE_CHECKING:
    from agentcore_memory_async.local._operations.request import MemoryRequest, Params
    from agentcore_memory_async.local._storage.records import Record


_DEFAULT_TOP_K = 10
"""Results of a search whose request has no topK; a guess."""
_NO_STRATEGY = "none"
"""Strategy id in responses for a record without a strategy."""


def list_records(request: MemoryRequest) -> Params:
    """Return a page of the records of a namespace, newest first."""
    service, params = request.service, request.params
    query = _namespace_query(request)
    accept = record_filter(params.get("metadataFilters"), request.memory)
    size = request.page_size(service.behavior.default_page)
    with closing(
        service.records.newest(
            request.transaction,
            request.memory_id,
            query,
            request.now_ms,
            strategy_id=params.get("memoryStrategyId"),
            after=request.position(int, int),
            created_until_ms=request.written_until_ms(service.lags.record_lists),
        )
    ) as newest:
        accepted = (
            record
            for record in newest
            if accept is None or accept(record.filterable(), record.updated_ms)
        )
        found = list(islice(accepted, size + 1))
    page = found[:size]
    answer: Params = {}
    if len(found) > size:
        answer["nextToken"] = request.next_token(page[-1].created_ms, page[-1].seq)
    if service.record_shuffler is not None:
        service.record_shuffler.shuffle(page)
    return {"memoryRecordSummaries": [_response(record) for record in page]} | answer


def retrieve_records(request: MemoryRequest) -> Params:
    """Return a page of the records that match a query, best first."""
    service, behavior = request.service, request.service.behavior
    query = _namespace_query(request)
    criteria = request.params["searchCriteria"]
    accept = record_filter(criteria.get("metadataFilters"), request.memory)
    strategy_id = criteria.get("memoryStrategyId")
    until_ms = request.written_until_ms(service.lags.record_lists)

    def passes(record: Record) -> bool:
        return (
            (strategy_id is None or record.strategy_id == strategy_id)
            and (record.expires_ms is None or record.expires_ms > request.now_ms)
            and (until_ms is None or record.created_ms <= until_ms)
            and (accept is None or accept(record.filterable(), record.updated_ms))
        )

    (start,) = request.position(int) or (0,)
    size = request.page_size(behavior.default_page)
    by_characters = behavior.legacy_prefix or behavior.raw_prefix
    found = service.records.search(
        request.transaction,
        request.memory_id,
        criteria["searchQuery"],
        query,
        passes,
        int(criteria.get("topK") or _DEFAULT_TOP_K),
        thorough=accept is not None or strategy_id is not None or by_characters,
    )
    answer: Params = {
        "memoryRecordSummaries": [
            _response(record) | {"score": score} for record, score in found[start : start + size]
        ]
    }
    if start + size < len(found):
        answer["nextToken"] = request.next_token(start + size)
    return answer


def get_record(request: MemoryRequest) -> Params:
    """Return one record, with its expiry."""
    record = find_record(request, request.params["memoryRecordId"])
    if record is None:
        raise _not_found(request)
    answer = _response(record)
    if record.expires_ms is not None:
        answer["expiresAt"] = record.expires_ms / 1000
    return {"memoryRecord": answer}


def delete_record(request: MemoryRequest) -> Params:
    """Delete one record."""
    record = find_record(request, request.params["memoryRecordId"])
    if record is None:
        raise _not_found(request)
    request.service.records.remove(request.transaction, request.memory_id, record)
    return {"memoryRecordId": record.record_id}


def find_record(request: MemoryRequest, record_id: str) -> Record | None:
    """Return the record of an id, unless it has expired or is too new to be seen by its id."""
    service = request.service
    record = service.records.find(request.transaction, request.memory_id, record_id, request.now_ms)
    until_ms = request.written_until_ms(service.lags.record_ids)
    if record is not None and until_ms is not None and record.created_ms > until_ms:
        return None
    return record


def _namespace_query(request: MemoryRequest) -> NamespaceQuery:
    behavior = request.service.behavior
    return NamespaceQuery.of(
        request.params, legacy_prefix=behavior.legacy_prefix, raw_prefix=behavior.raw_prefix
    )


def _response(record: Record) -> Params:
    """Return the summary of a record."""
    answer: Params = {
        "memoryRecordId": record.record_id,
        "content": {"text": record.content},
        "memoryStrategyId": record.strategy_id or _NO_STRATEGY,
        "namespaces": [record.namespace] if record.namespace is not None else [],
        "createdAt": record.created_ms / 1000,
    }
    if record.time_ms is not None:
        answer["timestamp"] = record.time_ms / 1000
    if record.metadata:
        answer["metadata"] = json.loads(record.metadata)
    return answer


def _not_found(request: MemoryRequest) -> Exception:
    return not_found(f"Memory record not found: {request.params['memoryRecordId']}")
