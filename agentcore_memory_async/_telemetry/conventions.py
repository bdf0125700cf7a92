"""
OpenTelemetry's GenAI conventions 0.1.0, of which operation is what, and what a span says of it.

Everything here is pure: wire name and request, or answer, to names and attributes. The tables of
docs/tracing.md say the same; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

from agentcore_memory_async._wire.validation import short_memory_id
from agentcore_memory_async.errors import AgentCoreMemoryError, ServiceError
from agentcore_memory_async.models import Memory, MemoryRecord

AttributeValue = str | int
"""Value of an attribute."""

PROVIDER = "aws.bedrock"
"""The conventions' name of the provider; AgentCore is a part of Amazon Bedrock."""

NAMES = {
    "BatchCreateMemoryRecords": "create_memory",
    "BatchDeleteMemoryRecords": "delete_memory",
    "BatchUpdateMemoryRecords": "update_memory",
    "CreateEvent": "upsert_memory",
    "CreateMemory": "create_memory_store",
    "DeleteMemory": "delete_memory_store",
    "DeleteMemoryRecord": "delete_memory",
    "IngestData": "upsert_memory",
    "RetrieveMemoryRecords": "search_memory",
}
"""The conventions' names of our operations; others have none, and get no span."""

DEFAULT_PORTS = {"http": 80, "https": 443}
"""Ports of addresses that name none."""


def span_name(operation: str, request: Mapping[str, Any]) -> str | None:
    """Return the conventions' name of an operation; None where it has none, and gets no span."""
    if request.get("extractionMode") == "SKIP":  # an event that no record comes from
        return None
    return NAMES.get(operation)


def request_attributes(operation: str, request: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Return what a span says when it begins."""
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": NAMES[operation],
        "gen_ai.provider.name": PROVIDER,
    }
    if "memoryId" in request:
        attributes["gen_ai.memory.store.id"] = short_memory_id(request["memoryId"])
    records = _asked_records(operation, request)
    if records is not None:
        attributes["gen_ai.memory.record.count"] = len(records)
        if len(records) == 1 and "memoryRecordId" in records[0]:
            attributes["gen_ai.memory.record.id"] = records[0]["memoryRecordId"]
    return attributes


def answer_attributes(answer: object) -> dict[str, AttributeValue]:
    """Return what a span says more when its operation has succeeded."""
    if (memory_id := _created_id(answer)) is not None:
        return {"gen_ai.memory.store.id": memory_id}
    records = _found_records(answer)
    return {} if records is None else {"gen_ai.memory.record.count": len(records)}


def request_content(operation: str, request: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Return what a span says when it begins, where content is wanted."""
    if operation == "RetrieveMemoryRecords":
        return {"gen_ai.memory.query.text": request["searchCriteria"]["searchQuery"]}
    records = _asked_records(operation, request) or ()
    return _records_attribute(each for each in records if "content" in each)


def answer_content(answer: object) -> dict[str, AttributeValue]:
    """Return what a span says when its operation has succeeded, where content is wanted."""
    return _records_attribute(_found_records(answer) or ())


@lru_cache
def server_attributes(endpoint_url: str) -> Mapping[str, AttributeValue]:
    """Return what says where requests go; empty where that is not known."""
    parts = urlsplit(endpoint_url)
    if not parts.hostname:
        return {}
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 443)
    return {"server.address": parts.hostname, "server.port": port}


def error_type(error: BaseException) -> str:
    """Return the service's code of an error, or the name of its class."""
    if isinstance(error, ServiceError) and error.code:
        return error.code
    return type(error).__qualname__


def error_description(error: BaseException) -> str | None:
    """Return the message of an error of this package, which shows no content; None of others."""
    return str(error) if isinstance(error, AgentCoreMemoryError) else None


def _asked_records(operation: str, request: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the records that a request names; None where it names none."""
    if operation == "DeleteMemoryRecord":
        return [request]
    return request.get("records")


def _created_id(answer: object) -> str | None:
    """Return the id of a memory that was created."""
    return answer.memory_id if isinstance(answer, Memory) else None


def _found_records(answer: object) -> list[object] | None:
    """Return the records that a search found; None for another answer."""
    if isinstance(answer, list):
        return cast("list[object]", answer)
    if isinstance(answer, Mapping):  # of call()
        return cast("Mapping[str, Any]", answer).get("memoryRecordSummaries")
    return None


def _shown(record: object) -> dict[str, Any]:
    """Return a record, of ours or of the wire, as the conventions' schema of records has it."""
    if isinstance(record, MemoryRecord):
        content, named = record.content, {"id": record.memory_record_id, "score": record.score}
    else:
        members = cast("Mapping[str, Any]", record)
        content = members["content"].get("text", members["content"])
        named = {"id": members.get("memoryRecordId"), "score": members.get("score")}
    return {"content": content, **{name: each for name, each in named.items() if each is not None}}


def _records_attribute(records: Iterable[object]) -> dict[str, AttributeValue]:
    shown = [_shown(each) for each in records]
    if not shown:
        return {}
    return {"gen_ai.memory.records": json.dumps(shown, ensure_ascii=False)}
