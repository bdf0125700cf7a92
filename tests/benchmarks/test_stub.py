"""What the contestants talk to takes requests as they come off the wire."""

from __future__ import annotations

import json

import pytest

from benchmarks.common.canned import answer
from benchmarks.common.stub import take_request, to_response

HEAD = b"POST /memories/m/events HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\n\r\n"


@pytest.mark.parametrize("cut", [0, 10, len(HEAD) - 1, len(HEAD), len(HEAD) + 1])
def test_part_of_a_request(cut: int) -> None:
    """A request that is not whole stays unread."""
    unread = bytearray((HEAD + b"{}")[:cut])
    assert take_request(unread) is None
    assert len(unread) == cut


def test_requests_in_one_piece() -> None:
    """Requests are taken one by one."""
    unread = bytearray(HEAD + b"{}" + HEAD + b"[]" + HEAD[:9])
    assert take_request(unread) == ("/memories/m/events", b"{}")
    assert take_request(unread) == ("/memories/m/events", b"[]")
    assert bytes(unread) == HEAD[:9]


def test_length_of_a_response() -> None:
    """A response says its length."""
    head, _, body = to_response(201, b'{"a": 1}').partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"\r\nContent-Length: 8" in head
    assert body == b'{"a": 1}'


def test_created_event() -> None:
    """A created event echoes the request under an id of its own."""
    request = json.dumps({"actorId": "b", "sessionId": "s1", "clientToken": "t"}).encode()
    events = [json.loads(answer("/memories/m/events", request)[1])["event"] for _ in range(2)]
    assert events[0]["actorId"] == "b"
    assert events[0]["sessionId"] == "s1"
    assert "clientToken" not in events[0]
    assert events[0]["eventId"] < events[1]["eventId"]


@pytest.mark.parametrize("size", [1, 100])
def test_size_of_pages(size: int) -> None:
    """Pages have the size that was asked for."""
    _, page = answer("/memories/m/actor/a/sessions/s", json.dumps({"maxResults": size}).encode())
    assert len(json.loads(page)["events"]) == size
    criteria = {"searchQuery": "q", "topK": size}
    body = json.dumps({"namespace": "/a/", "searchCriteria": criteria}).encode()
    _, found = answer("/memories/m/retrieve", body)
    assert len(json.loads(found)["memoryRecordSummaries"]) == size


@pytest.mark.parametrize("where", ["namespace", "namespacePath"])
def test_records_of_the_namespace(where: str) -> None:
    """Records are below the prefix that was searched."""
    body = json.dumps({where: "/facts/b/", "searchCriteria": {"searchQuery": "q"}}).encode()
    records = json.loads(answer("/memories/m/retrieve", body)[1])["memoryRecordSummaries"]
    assert {tuple(each["namespaces"]) for each in records} == {("/facts/b/",)}


def test_events_of_the_session() -> None:
    """Events are of the session that was asked for."""
    events = json.loads(answer("/memories/m/actor/a/sessions/s7", b"{}")[1])["events"]
    assert {each["sessionId"] for each in events} == {"s7"}


def test_stored_events_are_counted_once() -> None:
    """An event that is sent again under its client token is not another one."""
    before = int(answer("/stored", b"")[1])
    for token in ("t1", "t1", "t2"):
        answer("/memories/m/events", json.dumps({"clientToken": token}).encode())
    assert 2 == int(answer("/stored", b"")[1]) - before


def test_the_memory_has_namespaces() -> None:
    """Those that a chat app searches."""
    memory = json.loads(answer("/memories/m/details?view=full", b"")[1])["memory"]
    assert 3 == len(memory["strategies"])
