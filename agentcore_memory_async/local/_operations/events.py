"""Operations on events, sessions and actors."""

from __future__ import annotations

import itertools
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.local._api.errors import not_found, validation
from agentcore_memory_async.local._api.members import as_object, child, children, to_ms
from agentcore_memory_async.local._operations.java_blobs import java_to_string
from agentcore_memory_async.local._operations.memories import check_variables
from agentcore_memory_async.local._storage import sessions
from agentcore_memory_async.local._storage.client_tokens import fingerprint
from agentcore_memory_async.local._storage.pending import drop_ingested, queue_event
from agentcore_memory_async.local._storage.sessions import Branch, Event, SessionKey

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from agentcore_memory_async.local._operations.request import MemoryRequest, Params
    from agentcore_memory_async.local._storage.client_tokens import FirstUse


_MESSAGE_BYTES = 100 * 1024
"""Bytes of a message (quotas page of 2026-09-26)."""
_EVENT_BYTES = 10 * 1024 * 1024
"""Bytes of an event (quotas page of 2026-09-26)."""
_INGEST_BYTES = 100 * 1024
"""Bytes of the payload of IngestData, as JSON."""
_MAIN = "main"
"""Name of the branch that every session has."""


# Writing.


def create_event(request: MemoryRequest) -> Params:
    """Store an event, and queue it for extraction."""
    params = request.params
    check_variables(request.memory, _variables(params))
    token, digest = request.client_token(request.memory_id), fingerprint(params)
    used = token.first_use()
    if used is not None:
        return {"event": _stored_before(request, used, digest)}
    payload = params["payload"]
    _check_sizes(payload)
    key = _key_of(request)
    branch = _branch_of_new_event(request, key)
    event = _new_event(request, to_ms(params["eventTimestamp"]), payload, branch=branch)
    _write(request, key, event)
    token.remember(event.event_id, digest)
    request.service.stale_reads.restart(key, request.now_ms)
    _queue(request, key, event, payload, skip=params.get("extractionMode") == "SKIP")
    return {"event": _response(request, key, event)}


def ingest_data(request: MemoryRequest) -> Params:
    """Queue content for extraction, without an event that could be read."""
    params = request.params
    payload = params["source"]["inline"]["payload"]
    check_variables(request.memory, _variables(params))
    if len(json.dumps(payload, ensure_ascii=False).encode()) > _INGEST_BYTES:
        text = "The content to ingest is larger than 100 KB"
        raise validation(text, field="source.inline.payload")
    token = request.client_token(request.memory_id)
    used = token.first_use()
    given = params.get("sessionId")
    if used is not None:
        return {"sessionId": given or used.answer}
    key = _key_of(request)
    token.remember(None if given else key.session_id)
    store_ingested(request, key, payload)
    return {"sessionId": key.session_id}


def store_ingested(request: MemoryRequest, key: SessionKey, payload: list[Params]) -> None:
    """Store ingested content as a hidden event, which only the extraction reads, and drops."""
    _check_sizes(payload)
    event = _new_event(request, to_ms(request.params["contentTimestamp"]), payload)
    _write(request, key, event, hidden=True)
    _queue(request, key, event, payload)
    drop_ingested(request.transaction, key, [event.event_id])  # if nothing is to read it


def _key_of(request: MemoryRequest) -> SessionKey:
    """Return the session of a write, which is a new one where the request names none."""
    session_id = request.params.get("sessionId") or random_id()
    return SessionKey(request.memory_id, request.params["actorId"], session_id)


def _new_event(
    request: MemoryRequest, event_ms: int, payload: list[Params], *, branch: str | None = None
) -> Event:
    metadata = request.params.get("metadata")
    return Event(
        sessions.new_event_id(event_ms),
        event_ms,
        branch,
        _dump(payload),
        _dump(metadata) if metadata else None,
        request.now_ms,
    )


def _write(request: MemoryRequest, key: SessionKey, event: Event, *, hidden: bool = False) -> None:
    sessions.add_event(
        request.transaction,
        key,
        event,
        variables=_variables(request.params),
        expires_ms=request.now_ms + request.memory.expiry_days * sessions.DAY_MS,
        hidden=hidden,
    )


def _queue(
    request: MemoryRequest,
    key: SessionKey,
    event: Event,
    payload: list[Params],
    *,
    skip: bool = False,
) -> None:
    due = queue_event(
        request.transaction,
        request.memory,
        key,
        event.event_id,
        payload,
        request.now_ms,
        request.service.delays,
        skip=skip,
    )
    for due_ms in due:
        request.transaction.on_commit(partial(request.service.on_due, key, due_ms))


def _variables(params: Params) -> Mapping[str, str] | None:
    return child(params, "extractionConfig").get("namespaceVariables")


def _stored_before(request: MemoryRequest, used: FirstUse, digest: str) -> Params:
    """Return the event of a used token; if it was deleted, one made of the new request."""
    mismatch = request.service.behavior.token_mismatch
    if mismatch == "error" and used.fingerprint != digest:
        text = "clientToken was used before with other parameters"
        raise validation(text, reason="IdempotentParameterMismatchException", field="clientToken")
    event_id: str = used.answer
    # Ids are kept nowhere but with the event.
    places = sessions.event_places(request.transaction, request.memory_id, event_id)
    key = next(iter(places), None) or _key_of(request)
    event = sessions.find_expired_event(request.transaction, key, event_id)
    if event is None:
        event_ms = int(event_id.split("#", 1)[0])
        event = _new_event(request, event_ms, request.params["payload"])
        event = evolve(event, event_id=event_id)
    return _response(request, key, event)


def _branch_of_new_event(request: MemoryRequest, key: SessionKey) -> str | None:
    """
    Return the branch of a new event; a new branch is written.

    There are three cases:

    1. The event is on the main branch: it names no branch, or "main".
    2. It continues a branch. The root may be left out unless ``strict_branches`` is set, and may
       differ from the branch's only if ``branch_conflict`` accepts that.
    3. It starts a branch, which needs a root: an event of the same session.
    """
    wanted = request.params.get("branch")
    if not wanted or wanted["name"] == _MAIN:
        return None
    name: str = wanted["name"]
    root: str | None = wanted.get("rootEventId")
    behavior = request.service.behavior
    known = sessions.find_branch(request.transaction, key, name)
    if known is not None:
        if root is None and behavior.strict_branches:
            text = f"rootEventId is required to continue branch {name}"
            raise validation(text, field="branch.rootEventId")
        if root not in {None, known.root_event_id} and behavior.branch_conflict == "refuse":
            text = f"Branch {name} exists with another rootEventId"
            raise validation(text, reason="ResourceConflict", field="branch.rootEventId")
        return name
    if root is None:
        text = f"rootEventId is required to create branch {name}"
        raise validation(text, field="branch.rootEventId")
    places = sessions.event_places(request.transaction, request.memory_id, root)
    if not places:
        raise _not_found(root)
    if key not in places:
        text = "The root event belongs to another session"
        raise validation(text, reason="EventInOtherSession", field="branch.rootEventId")
    sessions.add_branch(request.transaction, key, name, Branch(root, places[key]))
    return name


def _check_sizes(payload: list[Params]) -> None:
    """Check the sizes of texts, not of their JSON: a line break counts as one byte."""
    total = 0
    for number, item in enumerate(payload, start=1):
        size = _size(item)
        total += size
        if size > _MESSAGE_BYTES and "blob" not in item:
            text = f"payload.{number}.member is larger than 100 KB"
            raise validation(text, field=f"payload.{number}.member")
    if total > _EVENT_BYTES:
        text = "The event is larger than 10 MB"
        raise validation(text, field="payload")


def _size(item: Mapping[str, Any]) -> int:
    """Return the bytes of a message's text, or of other content as compact JSON."""
    if "conversational" in item:
        return len(str(child(item["conversational"], "content").get("text", "")).encode())
    return len(_dump(child(item, "json").get("content", item.get("blob"))).encode())


# Reading and deleting.


def get_event(request: MemoryRequest) -> Params:
    """Return one event."""
    key, event_id = request.session_key, request.params["eventId"]
    event = sessions.find_event(request.transaction, key, event_id, request.now_ms)
    if event is None:
        raise _not_found(event_id)
    return {"event": _response(request, key, event)}


def delete_event(request: MemoryRequest) -> Params:
    """Delete one event."""
    event_id = request.params["eventId"]
    transaction, now_ms = request.transaction, request.now_ms
    if not sessions.delete_event(transaction, request.session_key, event_id, now_ms):
        raise _not_found(event_id)
    return {"eventId": event_id}


def list_events(request: MemoryRequest) -> Params:
    """
    Return a page of a session's events, newest first.

    There are two ways to apply a metadata filter. "post-scan" reads a page and then filters it, so
    the answer may have fewer events or none, and a token to go on with. "index" reads on until
    the page is full.
    """
    service, params, key = request.service, request.params, request.session_key
    wanted = child(params, "filter")
    accept = _event_filter(request, children(wanted, "eventMetadata"))
    (before_id,) = request.position(str) or (None,)
    size = request.page_size(service.behavior.default_page)
    post_scan = accept is None or service.behavior.metadata_paging == "post-scan"
    events = sessions.newest_events(
        request.transaction,
        key,
        request.now_ms,
        spans=_branch_spans(request, wanted.get("branch")),
        before_id=before_id,
        written_until_ms=request.written_until_ms(service.lags.event_lists),
        with_payload=params.get("includePayloads") is not False,
        limit=size + 1 if post_scan else None,
    )
    page: list[Event] = []
    scanned, last_id, more = 0, "", False
    for event in events:
        if (scanned if post_scan else len(page)) == size:
            more = True
            break
        scanned, last_id = scanned + 1, event.event_id
        if accept is None or accept(event):
            page.append(event)
    if service.tie_shuffler is not None:
        page = _with_shuffled_ties(page, service.tie_shuffler)
    answer: Params = {"events": [_response(request, key, event) for event in page]}
    if more:
        answer["nextToken"] = request.next_token(last_id)
    return answer


def _event_filter(
    request: MemoryRequest, expressions: Sequence[Params]
) -> Callable[[Event], bool] | None:
    """Return the function that decides whether an event passes; None without a filter."""
    if not expressions:
        return None
    checks = [_metadata_check(expression) for expression in expressions]
    until_ms = request.service.stale_reads.written_until_ms(request.session_key)
    if until_ms is None:
        until_ms = request.written_until_ms(request.service.lags.event_filters)

    def accept(event: Event) -> bool:
        metadata = as_object(json.loads(event.metadata or "{}"))
        seen = until_ms is None or event.written_ms <= until_ms
        return seen and all(check(metadata) for check in checks)

    return accept


def _metadata_check(expression: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    name = expression["left"]["metadataKey"]
    operator = expression["operator"]
    if operator == "EXISTS":
        return lambda metadata: name in metadata
    if operator == "NOT_EXISTS":
        return lambda metadata: name not in metadata
    right = child(child(expression, "right"), "metadataValue").get("stringValue")
    if right is None:
        text = "EQUALS_TO needs right.metadataValue.stringValue"
        raise validation(text, field="filter.eventMetadata")
    return lambda metadata: bool(child(metadata, name).get("stringValue") == right)


def _branch_spans(
    request: MemoryRequest, wanted: Mapping[str, Any] | None
) -> list[tuple[str | None, str | None]]:
    """Return the branches of a filter, and their parents up to the forks if it includes them."""
    if not wanted:
        return []
    name: str | None = wanted["name"]
    if name == _MAIN:
        return [(None, None)]
    spans: list[tuple[str | None, str | None]] = [(name, None)]
    while wanted.get("includeParentBranches") and name is not None:
        fork = sessions.find_branch(request.transaction, request.session_key, name)
        if fork is None:
            break
        name = fork.root_branch
        spans.append((name, fork.root_event_id))
    return spans


def _with_shuffled_ties(events: Iterable[Event], source: random.Random) -> list[Event]:
    """Return the events, those of the same millisecond in random order."""
    shuffled: list[Event] = []
    for _, group in itertools.groupby(events, key=lambda event: event.event_ms):
        ties = list(group)
        source.shuffle(ties)
        shuffled.extend(ties)
    return shuffled


def list_actors(request: MemoryRequest) -> Params:
    """Return a page of the memory's actors, newest first."""
    (before,) = request.position(int) or (None,)
    size = request.page_size(request.service.behavior.default_page)
    found = sessions.list_actors(
        request.transaction, request.memory_id, before, request.now_ms, size + 1
    )
    answer: Params = {"actorSummaries": [{"actorId": actor_id} for actor_id, _ in found[:size]]}
    if len(found) > size:
        answer["nextToken"] = request.next_token(found[size - 1][1])
    return answer


def list_sessions(request: MemoryRequest) -> Params:
    """Return a page of an actor's sessions, newest first."""
    (before,) = request.position(int) or (None,)
    size = request.page_size(request.service.behavior.default_page)
    actor_id = request.params["actorId"]
    found = sessions.list_sessions(
        request.transaction,
        request.memory_id,
        actor_id,
        before,
        request.now_ms,
        size + 1,
        with_events=bool(child(request.params, "filter").get("eventFilter")),
    )
    answer: Params = {
        "sessionSummaries": [
            {"sessionId": session_id, "actorId": actor_id, "createdAt": created_ms / 1000}
            for session_id, created_ms, _ in found[:size]
        ]
    }
    if len(found) > size:
        answer["nextToken"] = request.next_token(found[size - 1][2])
    return answer


# Answers.


def _response(request: MemoryRequest, key: SessionKey, event: Event) -> Params:
    """Return the wire form of an event."""
    answer: Params = {
        "memoryId": key.memory_id,
        "actorId": key.actor_id,
        "sessionId": key.session_id,
        "eventId": event.event_id,
        "eventTimestamp": event.event_ms / 1000,
        "branch": {"name": event.branch or _MAIN},
    }
    branch = event.branch and sessions.find_branch(request.transaction, key, event.branch)
    if branch:
        answer["branch"]["rootEventId"] = branch.root_event_id
    if event.payload is not None:
        payload = json.loads(event.payload)
        java = request.service.behavior.java_blob_strings
        answer["payload"] = [_with_java_blob(item) for item in payload] if java else payload
    if event.metadata:
        answer["metadata"] = json.loads(event.metadata)
    return answer


def _with_java_blob(item: Params) -> Params:
    if isinstance(item.get("blob"), dict | list):
        return {"blob": java_to_string(item["blob"])}
    return item


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _not_found(event_id: str) -> Exception:
    return not_found(f"Unable to find event with id {event_id}")
