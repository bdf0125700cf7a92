"""Requests by which the doctor finds out what is allowed, and what it writes and removes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.cli._doctor.findings import problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agentcore_memory_async.cli._doctor.findings import Finding
    from agentcore_memory_async.cli._doctor.seen import Asked, Reply

    Ask = Callable[[str, Mapping[str, Any]], Awaitable[Reply]]

FIRST = "ListActors"
"""The request by which the connection is judged."""
ACTOR = "agentcore-memory-doctor"
"""Actor of the doctor's own, who said nothing."""
NAMESPACE = f"/{ACTOR}/"
"""Namespace of its records."""
_NO_EVENT = "0000000000000000#00000000"
"""Id of an event that there is not."""
_NO_RECORD = f"mem-{'0' * 36}"
"""Id of a record that there is not."""
MOST_JOBS = 50
"""Largest number of jobs of one answer."""


def reads(asked: Asked) -> dict[str, dict[str, Any]]:
    """Return the requests that read from the memory, by operation; none reads much."""
    session = {"actorId": asked.actor_id or ACTOR, "sessionId": ACTOR}
    one = {"maxResults": 1}
    path = {"namespacePath": _path(asked)}
    members: dict[str, dict[str, Any]] = {
        FIRST: one,
        "ListSessions": {"actorId": session["actorId"], **one},
        "ListEvents": {**session, "includePayloads": False, **one},
        "GetEvent": {**session, "eventId": _NO_EVENT},
        "ListMemoryRecords": {**path, **one},
        "RetrieveMemoryRecords": {**path, "searchCriteria": {"searchQuery": "doctor", "topK": 1}},
        "GetMemoryRecord": {"memoryRecordId": _NO_RECORD},
        "ListMemoryExtractionJobs": {"maxResults": MOST_JOBS},
    }
    return {name: {"memoryId": asked.memory, **each} for name, each in members.items()}


def first_of_control(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the request to the control plane by which the connection is judged."""
    if asked.memory:
        return "GetMemory", {"memoryId": asked.memory_id}
    return "ListMemories", {"maxResults": 1}


def _path(asked: Asked) -> str:
    """Return the path of the first given namespace, up to a variable without a value."""
    given = asked.namespaces[0] if asked.namespaces else "/"
    if asked.actor_id:
        given = given.replace("{actorId}", asked.actor_id)
    return given.partition("{")[0] or "/"


async def try_writing(ask: Ask, asked: Asked) -> tuple[list[Reply], list[Finding]]:
    """
    Perform the actions that write, and remove what they wrote.

    The event is a blob, from which nothing is extracted; the records have a namespace of their own.

    Returns:
        The replies, and what could not be removed.
    """
    memory = {"memoryId": asked.memory}
    now, session = time.time(), {"actorId": asked.actor_id or ACTOR, "sessionId": ACTOR}
    created = await ask(
        "CreateEvent",
        {
            **memory,
            **session,
            "eventTimestamp": round(now, 3),
            "payload": [{"blob": "doctor"}],
            "clientToken": random_id(),
        },
    )
    event_id = created.answer.body["event"]["eventId"] if created.answer else _NO_EVENT
    deleted = await ask("DeleteEvent", {**memory, **session, "eventId": event_id})
    left: list[Finding] = []
    if created.answer and not deleted.answer:
        left.append(_left(f"event {event_id} of actor {session['actorId']}", "delete_event"))
    replies = [created, deleted]
    job = {"extractionJob": {"jobId": random_id()}, "clientToken": random_id()}
    replies.append(await ask("StartMemoryExtractionJob", {**memory, **job}))
    of_records, left_records = await _try_records(ask, memory, now)
    return [*replies, *of_records], [*left, *left_records]


async def _try_records(
    ask: Ask, memory: Mapping[str, Any], now: float
) -> tuple[list[Reply], list[Finding]]:
    record = {"namespaces": [NAMESPACE], "content": {"text": "doctor"}, "timestamp": round(now, 3)}
    new = [{"requestIdentifier": f"doctor-{number}", **record} for number in range(2)]
    token = {"clientToken": random_id()}
    created = await ask("BatchCreateMemoryRecords", {**memory, "records": new, **token})
    body = created.answer.body if created.answer else {}
    ids = [each["memoryRecordId"] for each in body.get("successfulRecords", ())]
    first, *others = ids or [_NO_RECORD]
    change = {"memoryRecordId": first, "timestamp": round(now, 3)}
    updated = await ask("BatchUpdateMemoryRecords", {**memory, "records": [change]})
    rest = [{"memoryRecordId": each} for each in others or [first]]
    gone = await ask("BatchDeleteMemoryRecords", {**memory, "records": rest})
    one_gone = await ask("DeleteMemoryRecord", {**memory, "memoryRecordId": first})
    replies = [created, updated, gone, one_gone]
    if ids and not gone.answer:
        return replies, [_left(f"records under {NAMESPACE}", "delete_namespace")]
    if ids and not one_gone.answer:
        await ask("BatchDeleteMemoryRecords", {**memory, "records": [{"memoryRecordId": first}]})
    return replies, []


def _left(what: str, method: str) -> Finding:
    cause = f"what --write wrote could not be removed: {what}"
    return problem("permissions", cause, f"Remove it by {method}")
