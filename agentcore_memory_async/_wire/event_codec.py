"""
Events to the wire's JSON and back: pure, no await.

Builders return the members of a request, readers take the body of an answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from agentcore_memory_async._wire.filters import EVENT_TYPE
from agentcore_memory_async._wire.payloads import check_ingested_size
from agentcore_memory_async._wire.reading import (
    Body,
    ItemKind,
    OnUnreadable,
    Wrong,
    id_of,
    object_of,
    objects_of,
    read,
    read_each,
    read_page,
    required,
    text_of,
    time_of,
)
from agentcore_memory_async._wire.validation import MAIN_BRANCH, plain
from agentcore_memory_async.errors import DecodeError
from agentcore_memory_async.models import (
    Branch,
    ConversationalMessage,
    Event,
    JsonPayload,
    MessageRole,
)

if TYPE_CHECKING:
    from datetime import datetime

    from agentcore_memory_async._wire.payloads import PayloadItem

BLOB_MARK = " \t "
"""
What the blobs of this package begin with: white space, which JSON permits.

A string that another program stored stays the string that it is, even ``true`` or a number.
"""
_ROLES = {role.value: role for role in MessageRole}
"""Roles by their values on the wire."""
_OTHER = MessageRole.OTHER
"""Role of a speaker that is unknown here."""


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
    if not extract:
        request["extractionMode"] = "SKIP"
    return request | _context(metadata, namespace_variables)


def ingest_data(
    items: tuple[PayloadItem, ...],
    *,
    metadata: Mapping[str, str],
    namespace_variables: Mapping[str, str],
) -> dict[str, Any]:
    """Return the members of IngestData that are content."""
    payload = [payload_item(item) for item in items]
    check_ingested_size(payload)
    return {"source": {"inline": {"payload": payload}}} | _context(metadata, namespace_variables)


def _context(metadata: Mapping[str, str], namespace_variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the members beside the content, as far as they are given."""
    request: dict[str, Any] = {}
    if metadata:
        request["metadata"] = {key: {"stringValue": text} for key, text in metadata.items()}
    if namespace_variables:
        request["extractionConfig"] = {"namespaceVariables": dict(namespace_variables)}
    return request


def read_blob(value: object) -> object:
    """Return a blob: what this package wrote as it was given, everything else as it came."""
    if not isinstance(value, str) or not value.startswith(BLOB_MARK):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def read_message(item: Body) -> ConversationalMessage:
    """Return a message; a role that is unknown here reads as OTHER."""
    name = required(text_of(item, "role"), "role")
    content = required(object_of(item, "content"), "content")
    return ConversationalMessage(text_of(content, "text") or "", _ROLES.get(name, _OTHER))


def read_listed_event(body: Body, accepted_at: datetime | None = None) -> Event:
    messages: list[ConversationalMessage] = []
    others: list[object] = []
    for item in objects_of(body, "payload"):
        said = object_of(item, "conversational")
        if said is not None:
            messages.append(read_message(said))
        elif any(value is not None for value in item.values()):
            others.append(_read_content(item))
    metadata = _read_metadata(body)
    return Event(
        id_of(body, "eventId"),
        None if messages else metadata.get(EVENT_TYPE),
        others[0] if len(others) == 1 else tuple(others) or None,
        tuple(messages),
        time_of(body, "eventTimestamp"),
        id_of(body, "actorId"),
        id_of(body, "sessionId"),
        _read_branch(body),
        metadata,
        accepted_at,
    )


def _read_content(item: Body) -> object:
    """Return an item that is not a message; one of an unknown kind stays as it came."""
    data = object_of(item, "json")
    if data is not None:
        if "content" not in data:
            message = "its json has no content"
            raise Wrong(message)
        return data["content"]
    return item if item.get("blob") is None else read_blob(item["blob"])


def _read_branch(body: Body) -> Branch | None:
    branch: Body = object_of(body, "branch") or {}
    name = id_of(branch, "name") if branch else MAIN_BRANCH
    if name == MAIN_BRANCH:
        return None
    return Branch(name, text_of(branch, "rootEventId"))


def _read_metadata(body: Body) -> dict[str, str]:
    """Return the metadata; a value of a kind that is unknown here is kept as JSON."""
    metadata: Body = object_of(body, "metadata") or {}
    read: dict[str, str] = {}
    for key in metadata:
        value = metadata[key]
        values = cast("Body", value).values() if isinstance(value, Mapping) else [value]
        known = [each for each in values if each is not None]
        text = known[0] if len(known) == 1 else known
        read[key] = text if isinstance(text, str) else json.dumps(text) if known else ""
    return read


def read_created_event(body: Body, accepted_at: datetime | None, request: Body) -> Event:
    """
    Return the event of an answer to CreateEvent; *accepted_at* is the service's clock in it.

    An event id acknowledges the write. So what else the answer leaves out, or says in an unreadable
    way, is taken from *request*: sending it again would not help.
    """
    operation = "CreateEvent"
    event_id = read(operation, body.get("event"), "event", lambda raw: id_of(raw, "eventId"))
    asked = {**request, "eventId": event_id}
    reader = partial(read_listed_event, accepted_at=accepted_at)
    try:
        return read(operation, cast("Body", _filled(body["event"], asked)), "event", reader)
    except DecodeError:
        return read(operation, asked, "event", reader)


def _filled(answer: object, asked: object, levels: int = 5) -> object:
    """Return *answer* with what it leaves out, down to the text of a message, as in *asked*."""
    if answer == asked:
        return answer
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
    return read(operation, body.get("event"), "event", read_listed_event)


def read_deleted_event(body: Body) -> str:
    """Return the event id of an answer to DeleteEvent."""
    return read("DeleteEvent", body, "event", lambda raw: id_of(raw, "eventId"))


def read_ingested(body: Body) -> str:
    """Return the session id of an answer to IngestData."""
    return read("IngestData", body, "session", lambda raw: id_of(raw, "sessionId"))


def read_events(body: Body, unreadable: OnUnreadable) -> list[Event]:
    """Return a page of ListEvents."""
    operation = "ListEvents"
    return read_each(operation, read_page(operation, body, "events"), _EVENT, unreadable)


_EVENT = ItemKind("event", "eventId", read_listed_event)
"""Events of a session."""
