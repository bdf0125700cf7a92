"""
Models to the wire's JSON and back: pure, no await.

Builders return the members of a request, readers take the body of an answer. A body that lacks what
its operation promises is a ``DecodeError``, never an empty success.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import evolve

from agentcore_memory_async._wire import queries
from agentcore_memory_async._wire.validation import EPOCH, MAIN_BRANCH
from agentcore_memory_async.errors import DecodeError
from agentcore_memory_async.models import (
    Branch,
    ConversationalMessage,
    Event,
    ExtractionJob,
    JsonPayload,
    MemoryRecord,
    MessageRole,
)

if TYPE_CHECKING:
    from agentcore_memory_async._wire.payloads import PayloadItem

Body = Mapping[str, Any]
T = TypeVar("T")

_ROLES = {role.value: role for role in MessageRole}
"""Roles by their values on the wire."""


def payload_item(item: PayloadItem) -> dict[str, Any]:
    """Return one item of an event's payload."""
    if isinstance(item, ConversationalMessage):
        return {"conversational": {"role": str(item.role), "content": {"text": item.text}}}
    if isinstance(item, JsonPayload):
        # A copy: a retry sends what the first attempt sent, whatever the caller does meanwhile.
        return {"json": {"content": deepcopy(item.content)}}
    return {"blob": json.dumps(item.content, ensure_ascii=False, separators=(",", ":"))}


def create_event(
    items: tuple[PayloadItem, ...],
    *,
    branch: Branch | None,
    metadata: Mapping[str, str],
    extract: bool,
    namespace_variables: Mapping[str, str],
) -> dict[str, Any]:
    """Return the members of CreateEvent that do not depend on when it is sent."""
    request: dict[str, Any] = {"payload": [payload_item(item) for item in items]}
    if branch is not None:
        request["branch"] = {"name": branch.name}
        if branch.root_event_id is not None:
            request["branch"]["rootEventId"] = branch.root_event_id
    if metadata:
        request["metadata"] = {key: {"stringValue": text} for key, text in metadata.items()}
    if not extract:
        request["extractionMode"] = "SKIP"
    if namespace_variables:
        request["extractionConfig"] = {"namespaceVariables": dict(namespace_variables)}
    return request


def read_time(value: object) -> datetime:
    """Return the time of epoch seconds, to the millisecond; raise TypeError for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        message = f"a time is a {type(value).__name__}"
        raise TypeError(message)
    return EPOCH + timedelta(milliseconds=round(value * 1000))


def _read_blob(value: object) -> object:
    """Return a blob: JSON text decoded, everything else as it came."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _text(body: Body, member: str) -> str:
    """Return an id; an answer without one acknowledges nothing."""
    value = body[member]
    if not isinstance(value, str) or not value:
        message = f"{member} is {type(value).__name__}"
        raise TypeError(message)
    return value


def _read_message(item: Body) -> ConversationalMessage:
    role = _ROLES.get(item["role"], MessageRole.OTHER)
    return ConversationalMessage(str(item["content"].get("text", "")), role)


def _read_event(body: Body) -> Event:
    payload = cast("list[dict[str, Any]]", body.get("payload") or [])
    messages = tuple(
        _read_message(item["conversational"]) for item in payload if "conversational" in item
    )
    others = tuple(_read_content(item) for item in payload if "conversational" not in item)
    branch = cast("Body", body.get("branch") or {})
    name = branch.get("name", MAIN_BRANCH)
    metadata = {
        key: str(value.get("stringValue", ""))
        for key, value in cast("dict[str, Body]", body.get("metadata") or {}).items()
    }
    return Event(
        event_id=_text(body, "eventId"),
        event_type=None if messages else metadata.get(queries.EVENT_TYPE),
        payload=others[0] if len(others) == 1 else others or None,
        messages=messages,
        timestamp=read_time(body["eventTimestamp"]),
        actor_id=_text(body, "actorId"),
        session_id=_text(body, "sessionId"),
        branch=None if name == MAIN_BRANCH else Branch(str(name), branch.get("rootEventId")),
        metadata=metadata,
    )


def _read_content(item: Body) -> object:
    """Return an item that is not a message; one of an unknown kind stays as it came."""
    if "json" in item:
        return item["json"]["content"]
    return _read_blob(item["blob"]) if "blob" in item else item


def _read_record(body: Body) -> MemoryRecord:
    namespaces = cast("list[str]", body.get("namespaces") or [])
    return MemoryRecord(
        namespace=str(namespaces[0]) if namespaces else "",
        content=str(body["content"].get("text", "")),
        score=None,
        created_at=read_time(body["createdAt"]),
        memory_record_id=_text(body, "memoryRecordId"),
        memory_strategy_id=body.get("memoryStrategyId"),
    )


def _read_found(body: Body) -> MemoryRecord:
    """Return a record of a search; in lists the score is left out, whatever it is."""
    return evolve(_read_record(body), score=_read_score(body["score"]))


def _read_score(value: object) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        message = f"a score is {type(value).__name__}"
        raise TypeError(message)
    return float(value)


def _read(operation: str, raw: object, what: str, reader: Callable[[Body], T]) -> T:
    """Call *reader*; an answer that it cannot read is a `DecodeError`."""
    body = cast("Body", raw)
    if not isinstance(raw, Mapping):
        raise DecodeError(operation, f"it has no {what}", raw)
    try:
        return reader(body)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        kind = type(error).__name__
    # Raised out here, where the error is no context of it: its text could quote content.
    raise DecodeError(operation, f"{what}: {kind}", body)


def read_created_event(body: Body, accepted_at: datetime | None, request: Body) -> Event:
    """
    Return the event of an answer to CreateEvent; *accepted_at* is the service's clock in it.

    An event id acknowledges the write. So if its other members are unreadable, the event is the
    one that *request* asked for: sending it again would not help.
    """
    operation = "CreateEvent"
    event_id = _read(operation, body.get("event"), "event", lambda raw: _text(raw, "eventId"))
    try:
        event = read_event(operation, body)
    except DecodeError:
        event = read_event(operation, {"event": {**request, "eventId": event_id}})
    return evolve(event, accepted_at=accepted_at)


def read_event(operation: str, body: Body) -> Event:
    """Return the event of an answer to CreateEvent or GetEvent."""
    return _read(operation, body.get("event"), "event", _read_event)


def read_events(body: Body) -> list[Event]:
    """Return a page of ListEvents."""
    return [_read("ListEvents", item, "event", _read_event) for item in _items(body, "events")]


def read_records(operation: str, body: Body) -> list[MemoryRecord]:
    """Return a page of records."""
    items = _items(body, "memoryRecordSummaries", operation)
    reader = _read_found if operation == "RetrieveMemoryRecords" else _read_record
    return [_read(operation, item, "record", reader) for item in items]


def _read_job(body: Body) -> ExtractionJob:
    messages = cast("list[Body]", body["messages"].get("messagesList") or [])
    return ExtractionJob(
        job_id=_text(body, "jobID"),
        memory_strategy_id=body.get("strategyId"),
        actor_id=str(body.get("actorId") or ""),
        session_id=str(body.get("sessionId") or ""),
        status=str(body.get("status") or "FAILED"),
        reason=str(body.get("failureReason") or ""),
        event_ids=tuple(dict.fromkeys(_text(message, "eventId") for message in messages)),
    )


def read_jobs(body: Body) -> list[ExtractionJob]:
    """Return a page of failed extraction jobs."""
    operation = "ListMemoryExtractionJobs"
    return [_read(operation, item, "job", _read_job) for item in _items(body, "jobs", operation)]


def read_started_job(body: Body) -> str:
    """Return the job id of an answer to StartMemoryExtractionJob."""
    return _read("StartMemoryExtractionJob", body, "job id", lambda raw: _text(raw, "jobId"))


def _items(body: Body, member: str, operation: str = "ListEvents") -> Iterator[object]:
    items = body.get(member)
    if not isinstance(items, list):
        raise DecodeError(operation, f"it has no list of {member}", dict(body))
    return iter(cast("list[object]", items))
