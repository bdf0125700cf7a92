"""
Models to the wire's JSON and back: pure, no await.

Builders return the members of a request, readers take the body of an answer. A body that lacks what
its operation promises is a ``DecodeError``, never an empty success. One item of a list that cannot
be read does not hide the others: the caller says what becomes of its error.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from attrs import evolve, frozen

from agentcore_memory_async._wire import queries
from agentcore_memory_async._wire.validation import EPOCH, MAIN_BRANCH, plain
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

OnUnreadable = Callable[[DecodeError], None]
"""Judges the error of one unreadable item: raises it, or warns."""
BLOB_MARK = " \t "
"""
What the blobs of this package begin with: white space, which JSON permits.

A string that another program stored stays the string that it is, even ``true`` or a number.
"""
_SHOWN_ID = re.compile(r"[A-Za-z0-9#_:./-]{1,200}")
"""Ids that errors show."""
_ROLES = {role.value: role for role in MessageRole}
"""Roles by their values on the wire."""


def payload_item(item: PayloadItem) -> dict[str, Any]:
    """Return one item of an event's payload."""
    if isinstance(item, ConversationalMessage):
        return {"conversational": {"role": item.role.value, "content": {"text": plain(item.text)}}}
    if isinstance(item, JsonPayload):
        # A copy: a retry sends what the first attempt sent, whatever the caller does meanwhile.
        # By JSON, so that nothing of the caller's own types is in it.
        return {"json": {"content": json.loads(json.dumps(item.content))}}
    encoded = json.dumps(item.content, ensure_ascii=False, separators=(",", ":"))
    return {"blob": BLOB_MARK + encoded}


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


class _Wrong(Exception):  # noqa: N818 - never raised beyond this module
    """What is wrong with a member of an answer, without its content."""


def _text(body: Body, member: str) -> str | None:
    """Return a text; None where it is absent or null."""
    value: str | None = _member(body, member, str)
    return value


def _object(body: Body, member: str) -> Body | None:
    """Return an object; None where it is absent or null."""
    value: Body | None = _member(body, member, Mapping)
    return value


def _member(body: Body, member: str, kind: type[Any]) -> Any:
    value = body.get(member)
    if value is None or isinstance(value, kind):
        return value
    message = f"its {member} is {type(value).__name__}"
    raise _Wrong(message)


def _required(value: T | None, member: str) -> T:
    """Return the value of a member that the service always sends."""
    if value is None:
        message = f"its {member} is missing"
        raise _Wrong(message)
    return value


def _id(body: Body, member: str) -> str:
    """Return an id; an answer without one acknowledges nothing."""
    return _required(_text(body, member) or None, member)


def _objects(body: Body, member: str) -> list[Body]:
    """Return a list of objects; an empty one where it is absent or null."""
    items = cast("list[object]", _member(body, member, list) or [])
    if not all(isinstance(item, Mapping) for item in items):
        message = f"its {member} is no list of objects"
        raise _Wrong(message)
    return cast("list[Body]", items)


def read_time(value: object) -> datetime:
    """Return the time of epoch seconds, to the millisecond; raise TypeError for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        message = f"a time is a {type(value).__name__}"
        raise TypeError(message)
    return EPOCH + timedelta(milliseconds=round(value * 1000))


def _time(body: Body, member: str) -> datetime:
    try:
        return read_time(body.get(member))
    except (TypeError, ValueError, OverflowError):
        pass
    message = f"its {member} is no time"
    raise _Wrong(message)


def _read_blob(value: object) -> object:
    """Return a blob: what this package wrote as it was given, everything else as it came."""
    if not isinstance(value, str) or not value.startswith(BLOB_MARK):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _read_message(item: Body) -> ConversationalMessage:
    """Return a message; a role that is unknown here reads as OTHER."""
    role = _ROLES.get(_required(_text(item, "role"), "role"), MessageRole.OTHER)
    content = _required(_object(item, "content"), "content")
    return ConversationalMessage(_text(content, "text") or "", role)


def _read_event(body: Body) -> Event:
    payload = _objects(body, "payload")
    said = [_object(item, "conversational") for item in payload]
    messages = tuple(_read_message(message) for message in said if message is not None)
    others = tuple(
        _read_content(item)
        for item, message in zip(payload, said, strict=True)
        if message is None and any(value is not None for value in item.values())
    )
    metadata = _read_metadata(body)
    return Event(
        event_id=_id(body, "eventId"),
        event_type=None if messages else metadata.get(queries.EVENT_TYPE),
        payload=others[0] if len(others) == 1 else others or None,
        messages=messages,
        timestamp=_time(body, "eventTimestamp"),
        actor_id=_id(body, "actorId"),
        session_id=_id(body, "sessionId"),
        branch=_read_branch(body),
        metadata=metadata,
    )


def _read_content(item: Body) -> object:
    """Return an item that is not a message; one of an unknown kind stays as it came."""
    data = _object(item, "json")
    if data is not None:
        if "content" not in data:
            message = "its json has no content"
            raise _Wrong(message)
        return data["content"]
    return item if item.get("blob") is None else _read_blob(item["blob"])


def _read_branch(body: Body) -> Branch | None:
    branch: Body = _object(body, "branch") or {}
    name = _id(branch, "name") if branch else MAIN_BRANCH
    if name == MAIN_BRANCH:
        return None
    return Branch(name, _text(branch, "rootEventId"))


def _read_metadata(body: Body) -> dict[str, str]:
    """Return the metadata; a value of a kind that is unknown here is kept as JSON."""
    metadata: Body = _object(body, "metadata") or {}
    read: dict[str, str] = {}
    for key in metadata:
        value = metadata[key]
        values = cast("Body", value).values() if isinstance(value, Mapping) else [value]
        known = [each for each in values if each is not None]
        text = known[0] if len(known) == 1 else known
        read[key] = text if isinstance(text, str) else json.dumps(text) if known else ""
    return read


def _read_record(body: Body) -> MemoryRecord:
    namespaces = cast("list[object]", _required(_member(body, "namespaces", list), "namespaces"))
    if not all(isinstance(namespace, str) for namespace in namespaces):
        message = "its namespaces is no list of str"
        raise _Wrong(message)
    content = _required(_object(body, "content"), "content")
    return MemoryRecord(
        namespace=str(namespaces[0]) if namespaces else "",
        content=_text(content, "text") or "",
        score=None,
        created_at=_time(body, "createdAt"),
        memory_record_id=_id(body, "memoryRecordId"),
        memory_strategy_id=_text(body, "memoryStrategyId"),
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
    raise _Wrong(message)


def _read(operation: str, raw: object, what: str, reader: Callable[[Body], T]) -> T:
    """Call *reader*; an answer that it cannot read is a `DecodeError`."""
    if not isinstance(raw, Mapping):
        raise DecodeError(operation, f"it has no {what}", raw, parsed=True)
    try:
        return reader(cast("Body", raw))
    except _Wrong as error:
        wrong = str(error)
    # Raised out here, where what is wrong is no context of it.
    raise DecodeError(operation, f"{what}: {wrong}", cast("Body", raw), parsed=True)


def _read_each(
    operation: str, items: list[object], kind: ItemKind[T], unreadable: OnUnreadable
) -> list[T]:
    """Read each item; *unreadable* judges an item that cannot be read, and the others stay."""
    read: list[T] = []
    for place, item in enumerate(items):
        try:
            read.append(_read(operation, item, kind.named(place, item), kind.reader))
        except DecodeError as error:
            unreadable(error)
    return read


@frozen
class ItemKind(Generic[T]):
    """
    A kind of items in lists.

    Attributes:
        name: Name, for errors.
        id_member: Member that has its id.
        reader: Reads an item.
    """

    name: str
    id_member: str
    reader: Callable[[Body], T]

    def named(self, place: int, item: object) -> str:
        """Return what an error calls the item: by its id, or by its place in the page."""
        known = cast("Body", item).get(self.id_member) if isinstance(item, Mapping) else None
        if isinstance(known, str) and _SHOWN_ID.fullmatch(known):
            return f"{self.name} {known}"
        return f"{self.name} number {place + 1} of the page"


def read_created_event(body: Body, accepted_at: datetime | None, request: Body) -> Event:
    """
    Return the event of an answer to CreateEvent; *accepted_at* is the service's clock in it.

    An event id acknowledges the write. So what else the answer leaves out, or says in an unreadable
    way, is taken from *request*: sending it again would not help.
    """
    operation = "CreateEvent"
    event_id = _read(operation, body.get("event"), "event", lambda raw: _id(raw, "eventId"))
    asked = {**request, "eventId": event_id}
    try:
        event = read_event(operation, {"event": _filled(body["event"], asked)})
    except DecodeError:
        event = read_event(operation, {"event": asked})
    return evolve(event, accepted_at=accepted_at)


def _filled(answer: object, asked: object, levels: int = 5) -> object:
    """Return *answer* with what it leaves out, down to the text of a message, as in *asked*."""
    if levels and _are_both(Mapping, answer, asked):
        known, sent = cast("Body", answer), cast("Body", asked)
        names = {**sent, **known}
        return {name: _filled(known.get(name), sent.get(name), levels - 1) for name in names}
    if levels and _are_both(list, answer, asked):
        pairs = zip(cast("list[object]", answer), cast("list[object]", asked), strict=False)
        return [_filled(item, sent, levels - 1) for item, sent in pairs]
    return asked if answer is None else answer


def _are_both(kind: type[Any], answer: object, asked: object) -> bool:
    return isinstance(answer, kind) and isinstance(asked, kind)


def read_event(operation: str, body: Body) -> Event:
    """Return the event of an answer to CreateEvent or GetEvent."""
    return _read(operation, body.get("event"), "event", _read_event)


def read_events(body: Body, unreadable: OnUnreadable) -> list[Event]:
    """Return a page of ListEvents."""
    operation = "ListEvents"
    return _read_each(operation, read_page(operation, body, "events"), _EVENT, unreadable)


def read_records(operation: str, body: Body, unreadable: OnUnreadable) -> list[MemoryRecord]:
    """Return a page of records."""
    items = read_page(operation, body, "memoryRecordSummaries")
    kind = _FOUND if operation == "RetrieveMemoryRecords" else _RECORD
    return _read_each(operation, items, kind, unreadable)


def _read_job(body: Body) -> ExtractionJob:
    messages = _objects(_required(_object(body, "messages"), "messages"), "messagesList")
    return ExtractionJob(
        job_id=_id(body, "jobID"),
        memory_strategy_id=_text(body, "strategyId"),
        actor_id=_text(body, "actorId") or "",
        session_id=_text(body, "sessionId") or "",
        status=_text(body, "status") or "FAILED",
        reason=_text(body, "failureReason") or "",
        event_ids=tuple(dict.fromkeys(_id(message, "eventId") for message in messages)),
    )


def read_jobs(body: Body, unreadable: OnUnreadable, asked: Body) -> list[ExtractionJob]:
    """Return a page of failed extraction jobs; those that name no actor are of the one *asked*."""
    operation = "ListMemoryExtractionJobs"
    jobs = _read_each(operation, read_page(operation, body, "jobs"), _JOB, unreadable)
    actor_id, session_id = asked.get("actorId", ""), asked.get("sessionId", "")
    return [
        evolve(job, actor_id=job.actor_id or actor_id, session_id=job.session_id or session_id)
        for job in jobs
    ]


def read_started_job(body: Body) -> str:
    """Return the job id of an answer to StartMemoryExtractionJob."""
    return _read("StartMemoryExtractionJob", body, "job", lambda raw: _id(raw, "jobId"))


def read_page(operation: str, body: Body, member: str) -> list[object]:
    """Return the items of a page, not read yet; a page without its list is no empty one."""
    items = body.get(member)
    if not isinstance(items, list):
        raise DecodeError(operation, f"it has no list of {member}", dict(body), parsed=True)
    return cast("list[object]", items)


_EVENT = ItemKind("event", "eventId", _read_event)
"""Events of a session."""
_RECORD = ItemKind("record", "memoryRecordId", _read_record)
"""Records of a list."""
_FOUND = ItemKind("record", "memoryRecordId", _read_found)
"""Records of a search."""
_JOB = ItemKind("job", "jobID", _read_job)
"""Failed extraction jobs."""
