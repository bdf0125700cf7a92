"""
Build what the stub answers: events, records, and whole answers to the client's calls.

The shapes are those of the service, so that each contestant parses what it would parse there.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import count
from typing import Any

MEMORY = "bench-a1B2c3D4e5"
"""Memory id that all contestants use."""
TEXT = "I only fly window seats, and I'd rather not fly before nine in the morning."
"""Text of all messages and records."""
FIRST_EVENT_S = 1_700_000_000
"""Time of the first event, in seconds since 1970."""
PAGE = 100
"""Largest number of events or records of an answer."""

STORED = "/stored"
"""Path at which the stub says how many events it has stored."""

_numbers = count(1)
_tokens = set[str]()


def event(number: int, **members: Any) -> dict[str, Any]:
    """Return event *number* of a session as the service writes it, with other *members*."""
    return {
        "memoryId": MEMORY,
        "actorId": "a",
        "sessionId": "s",
        "eventId": f"{number:019d}#a1b2c3d4",
        "eventTimestamp": FIRST_EVENT_S + number + 0.123,
        "payload": [{"conversational": {"role": "USER", "content": {"text": TEXT}}}],
        "branch": {"name": "main"},
        "metadata": {},
    } | members


def record(number: int) -> dict[str, Any]:
    """Return record *number* of a search."""
    return {
        "memoryRecordId": f"mem-{number:036d}",
        "content": {"text": f"{TEXT} {number}"},
        "memoryStrategyId": "facts-a1B2c3D4e5",
        "namespaces": ["/facts/a/"],
        "createdAt": FIRST_EVENT_S + number,
        "score": 0.5,
        "metadata": {"x-amz-agentcore-memory-recordType": {"stringValue": "BASE"}},
    }


@cache
def events_page(size: int) -> bytes:
    """Return an answer to ListEvents with *size* events, newest first."""
    return json.dumps({"events": [event(number) for number in range(size, 0, -1)]}).encode()


@cache
def records_found(size: int) -> bytes:
    """Return an answer to RetrieveMemoryRecords with *size* records."""
    return json.dumps({"memoryRecordSummaries": [record(n) for n in range(size)]}).encode()


def created(request: dict[str, Any]) -> bytes:
    """Return an answer to CreateEvent: the event of *request*, with an id of its own."""
    members = {name: value for name, value in request.items() if name != "clientToken"}
    number = next(_numbers)
    _tokens.add(request.get("clientToken", str(number)))
    return json.dumps({"event": event(number, **members)}).encode()


def memory() -> bytes:
    """Return an answer to GetMemory: a memory whose strategies write under three namespaces."""
    names = ("facts", "preferences", "summaries")
    members = {"type": "SEMANTIC", "status": "ACTIVE"}
    strategies = [
        {"strategyId": f"{name}-a1B2c3D4e5", "name": name, "namespaces": [f"/{name}/{{actorId}}/"]}
        | members
        for name in names
    ]
    shown = {"id": MEMORY, "arn": f"arn:aws:bedrock-agentcore:us-west-2:1:memory/{MEMORY}"}
    times = {"createdAt": FIRST_EVENT_S, "updatedAt": FIRST_EVENT_S, "eventExpiryDuration": 90}
    found = {**shown, "name": "bench", "status": "ACTIVE", **times, "strategies": strategies}
    return json.dumps({"memory": found}).encode()


def answer(path: str, body: bytes) -> tuple[int, bytes]:
    """Return the status and body that answer a request to *path*."""
    request = json.loads(body or b"{}")
    if path == STORED:
        return 200, json.dumps(len(_tokens)).encode()
    if path.partition("?")[0].endswith("/details"):
        return 200, memory()
    if path.endswith("/events"):
        return 201, created(request)
    if path.endswith("/retrieve"):
        found = records_found(min(PAGE, request["searchCriteria"].get("topK", 10)))
        asked = request.get("namespacePath") or request["namespace"]
        return 200, found.replace(b'"/facts/a/"', json.dumps(asked).encode())
    if "/sessions/" in path:
        session_id = path.rstrip("/").rpartition("/")[2].encode()
        page = events_page(min(PAGE, request.get("maxResults", 20)))
        return 200, page.replace(b'"sessionId": "s"', b'"sessionId": "%b"' % session_id)
    return 404, b'{"message": "The stub has no such operation"}'
