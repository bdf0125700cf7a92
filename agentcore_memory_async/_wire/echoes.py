"""
Whether an answer belongs to its request: pure, no await.

An answer of the service repeats much of what was asked. A late duplicate on a kept connection, or a
proxy that swaps answers, brings another request's answer, which must neither acknowledge a write
nor show another actor's data. A member that an answer leaves out is not held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from agentcore_memory_async._wire.reading import read_time
from agentcore_memory_async._wire.validation import MAIN_BRANCH, short_memory_id
from agentcore_memory_async.errors import AnswerMismatchError

Body = Mapping[str, Any]


def check_answer(operation: str, params: Body, body: Body) -> None:
    """Raise `AnswerMismatchError` if *body* repeats anything else than *params* asked for."""
    if operation == "CreateEvent":
        if isinstance(body.get("event"), dict):
            _check_event(operation, params, body["event"])
    elif operation in _BATCHES:
        member = _BATCHES[operation]
        other = _other_in_batch(params, body, member)
        if other is not None:
            raise AnswerMismatchError(operation, member, other)
    elif operation in _SINGLE:
        if found := _SINGLE[operation](params, body):
            raise AnswerMismatchError(operation, found)
    elif operation in _LISTS:
        member, differing = _LISTS[operation]
        items = _bodies(body.get(member))
        found = differing(params, items)
        if found or _is_other_branch(params, body, items):
            raise AnswerMismatchError(operation, found or "branch")


def _check_event(operation: str, asked: Body, event: Body) -> None:
    found = _other_ids(asked, event) or _other_write(asked, event)
    if found:
        event_id = event.get("eventId")
        known = event_id if isinstance(event_id, str) else ""
        raise AnswerMismatchError(operation, found, known)


def _bodies(items: object) -> list[Body]:
    """Return what of a list can be compared; reading the answer judges everything else."""
    listed = cast("list[object]", items) if isinstance(items, list) else []
    return [cast("Body", item) for item in listed if isinstance(item, dict)]


def _is_other_branch(asked: Body, body: Body, events: list[Body]) -> bool:
    """
    Return whether a page has events, and all of them say that they are of another branch.

    One alone does not tell: moto lists all branches, and they are filtered when they are read.
    Where parents are included, a page may be of them alone. A whole list is not: it begins on the
    main branch, unless both that and the branch itself have lost their events.
    """
    wanted = asked.get("filter", {})
    branch = wanted.get("branch")
    if not branch:
        return False
    known = {"", branch["name"]}
    if branch.get("includeParentBranches"):
        if asked.get("nextToken") or body.get("nextToken") or wanted.get("eventMetadata"):
            return False
        known.add(MAIN_BRANCH)
    names = [_branch_name(event.get("branch")) for event in events]
    return any(names) and not known.intersection(names)


def _other_ids(asked: Body, item: Body) -> str:
    """Return the first id in which *item* differs, or an empty text."""
    memory_id, theirs = asked.get("memoryId"), item.get("memoryId")
    if (
        theirs != memory_id
        and memory_id
        and isinstance(theirs, str)
        and short_memory_id(memory_id) != short_memory_id(theirs)
    ):
        return "memoryId"
    return _other(asked, item, ("actorId", "sessionId"))


def _other(asked: Body, item: Body, members: tuple[str, ...]) -> str:
    for member in members:
        mine, theirs = asked.get(member), item.get(member)
        if mine != theirs and mine is not None and isinstance(theirs, str):
            return member
    return ""


def _other_event(asked: Body, body: Body) -> str:
    event = body.get("event")
    if not isinstance(event, dict):
        return ""
    read = cast("Body", event)
    return _other_ids(asked, read) or _other(asked, read, ("eventId",))


def _other_job(asked: Body, job: Body) -> str:
    return _other(asked.get("filter", {}), job, ("actorId", "sessionId", "strategyId"))


def _other_memory(asked: Body, body: Body) -> str:
    """Return in what a memory is not that which was asked for: its id, or the name of a new one."""
    memory = body.get("memory")
    known: Body = cast("Body", memory) if isinstance(memory, dict) else {}
    return _other({"id": asked.get("memoryId"), **asked}, known, ("id", "name"))


def _other_got_record(asked: Body, body: Body) -> str:
    records = _bodies([body.get("memoryRecord")])
    return _other(asked, records[0], ("memoryRecordId",)) if records else ""


def _other_in_batch(asked: Body, body: Body, member: str) -> str | None:
    """Return by what the answer names a record that is not of the batch; None where it does not."""
    mine = {record.get(member) for record in asked["records"]}
    items = [*_bodies(body.get("successfulRecords")), *_bodies(body.get("failedRecords"))]
    theirs = (item.get(member) for item in items)
    return next((each for each in theirs if isinstance(each, str) and each not in mine), None)


_BATCHES = {
    "BatchCreateMemoryRecords": "requestIdentifier",
    "BatchDeleteMemoryRecords": "memoryRecordId",
    "BatchUpdateMemoryRecords": "memoryRecordId",
}
"""Members by which the answers to batches name records."""
_SINGLE: dict[str, Callable[[Body, Body], str]] = {
    **dict.fromkeys(("CreateMemory", "GetMemory", "UpdateMemory"), _other_memory),
    "DeleteMemory": lambda asked, body: _other(asked, body, ("memoryId",)),
    "DeleteEvent": lambda asked, body: _other(asked, body, ("eventId",)),
    "DeleteMemoryRecord": lambda asked, body: _other(asked, body, ("memoryRecordId",)),
    "GetEvent": _other_event,
    "GetMemoryRecord": _other_got_record,
    "IngestData": lambda asked, body: _other(asked, body, ("sessionId",)),
    "StartMemoryExtractionJob": lambda asked, body: _other(
        asked["extractionJob"], body, ("jobId",)
    ),
}
"""What tells in what the answer about one thing differs."""


def _in_any(differing: Callable[[Body, Body], str]) -> Callable[[Body, list[Body]], str]:
    """Return what tells in what any item of a list differs, by what tells it of one."""
    return lambda asked, items: next(
        (found for item in items if (found := differing(asked, item))), ""
    )


def _other_records(asked: Body, records: list[Body]) -> str:
    """
    Return in what any of *records* is outside of what *asked* reads, or an empty text.

    A namespace is held against the mere text of the prefix, as the service once did: what it takes
    beyond the path is no sign of another request.
    """
    prefix = (asked.get("namespace") or asked.get("namespacePath") or "").strip("/")
    member = ("memoryStrategyId",)
    of_strategy = asked if member[0] in asked else asked.get("searchCriteria", {})
    within: object = None  # namespaces of the record before: most of a page have the same
    for record in records:
        theirs = record.get("namespaces")
        if theirs != within:
            if _is_elsewhere(theirs, prefix):
                return "namespaces"
            within = theirs
        if found := _other(of_strategy, record, member):
            return found
    return ""


def _is_elsewhere(namespaces: object, prefix: str) -> bool:
    """Return whether *namespaces* names any, and none of them begins with *prefix*."""
    listed = cast("list[object]", namespaces) if isinstance(namespaces, list) else []
    known = [each.strip("/") for each in listed if isinstance(each, str)]
    return bool(known) and not any(each.startswith(prefix) for each in known)


_LISTS: dict[str, tuple[str, Callable[[Body, list[Body]], str]]] = {
    "ListEvents": ("events", _in_any(_other_ids)),
    "ListMemoryExtractionJobs": ("jobs", _in_any(_other_job)),
    "ListMemoryRecords": ("memoryRecordSummaries", _other_records),
    "ListSessions": ("sessionSummaries", _in_any(_other_ids)),
    "RetrieveMemoryRecords": ("memoryRecordSummaries", _other_records),
}
"""Members with the items of lists, and what tells in what any of them differs."""


def _other_write(asked: Body, event: Body) -> str:
    """
    Return in what *event* is another write than *asked*, or an empty text.

    The time tells the writes of a session apart: one manager uses none twice, and other processes
    that use it as well have other texts. It differs where an earlier process stored this very write
    under the same token; then all the content has to be the same.
    """
    theirs, mine = _branch_name(event.get("branch")), _branch_name(asked.get("branch"))
    if theirs and theirs != (mine or MAIN_BRANCH):
        return "branch"
    if not isinstance(event.get("payload"), list):
        return ""
    payload = cast("list[object]", event["payload"])
    if payload == asked["payload"]:
        return ""
    if len(payload) != len(asked["payload"]):
        return "payload"
    pairs = list(zip(payload, asked["payload"], strict=True))
    if any(map(_is_other, pairs)):
        return "payload"
    is_same_time = _is_same_time(event.get("eventTimestamp"), asked["eventTimestamp"])
    return "" if is_same_time or all(map(_is_alike, pairs)) else "eventTimestamp"


def _branch_name(branch: object) -> str:
    name = cast("Body", branch).get("name") if isinstance(branch, dict) else None
    return name if isinstance(name, str) else ""


def _is_same_time(theirs: object, mine: float) -> bool:
    """Return whether both are the same millisecond; what is no time is left to reading."""
    if theirs == mine:
        return True
    try:
        return read_time(theirs) == read_time(mine)
    except (TypeError, ValueError, OverflowError):
        return True


def _is_other(pair: tuple[object, object]) -> bool:
    """
    Return whether an item is certainly not the one that was sent: by its kind, role or text.

    A blob that is no text comes back as one from the service (boto3#4614).
    """
    theirs, mine = map(_parts, pair)
    return any(
        isinstance(part, str) and isinstance(sent, str) and part != sent
        for part, sent in zip(theirs, mine, strict=True)
    )


def _is_alike(pair: tuple[object, object]) -> bool:
    """Return whether all that an item says is what was sent; unknown members say nothing."""
    theirs, mine = map(_parts, pair)
    if theirs[0] == mine[0] == "json":
        return _json(pair[0]) == _json(pair[1])
    return theirs[0] is None or theirs == mine


def _json(item: object) -> object:
    data = cast("Body", item)["json"]
    return cast("Body", data).get("content") if isinstance(data, dict) else None


def _parts(item: object) -> tuple[object, object, object]:
    """
    Return kind, role and text of an item; None for what it does not say.

    JSON has no text here: the service may write its numbers in another way.
    """
    body: Body = cast("Body", item) if isinstance(item, dict) else {}
    message = body.get("conversational")
    if isinstance(message, dict):
        said = cast("Body", message)
        content = said.get("content")
        text = cast("Body", content).get("text") if isinstance(content, dict) else None
        return "message", said.get("role"), text
    if body.get("blob") is not None:
        return "blob", None, body["blob"]
    return (None if body.get("json") is None else "json"), None, None
