"""The HTTP layer: errors in AWS's form, hosts, limits, faults, hostile requests."""

from __future__ import annotations

import json
import random
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import anyio
import pytest
from anyio.lowlevel import checkpoint

from agentcore_memory_async.local import (
    Behavior,
    LocalMemoryService,
    LocalServiceError,
    ManualClock,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client

START = 1_767_225_600.0
PATTERN = "failed to satisfy constraint: Member must satisfy regular expression pattern: "


async def test_every_answer_has_an_id_and_the_services_date(client: Client) -> None:
    """Request ids differ, and the date is that of the clock."""
    first = await client.call("POST", "actors")
    second = await client.call("POST", "actors")
    assert first.headers["x-amzn-RequestId"] != second.headers["x-amzn-RequestId"]
    assert first.headers["Date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    client.clock.advance(60)
    third = await client.call("POST", "actors")
    assert third.headers["Date"] == "Thu, 01 Jan 2026 00:01:00 GMT"


@pytest.mark.parametrize(
    ("delay", "told"),
    [
        (0.5, "0.500"),
        (90, "90.000"),
        ({"SEMANTIC": 2, "*": 5}, "2.000"),
        ({"SUMMARIZATION": 9}, "0.500"),
    ],
)
async def test_answers_tell_the_shortest_extraction_delay(delay: Any, told: str) -> None:
    """Each answer, of errors too, tells the delay before which nothing is extracted, in seconds."""
    async with (
        LocalMemoryService(extraction_delay=delay) as service,
        aiohttp.ClientSession() as http,
    ):
        for path in ("/memories/chat-a1B2c3D4e5/actors", "/nothing"):
            async with http.post(service.endpoint_url + path, json={}) as answer:
                assert answer.headers["x-agentcore-local-extraction-delay"] == told


async def test_a_clock_of_its_own_is_not_told_as_a_delay(client: Client) -> None:
    """A service with a clock of its own tells no delay: its seconds mean nothing outside."""
    answer = await client.call("POST", "actors")
    assert "x-agentcore-local-extraction-delay" not in answer.headers


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"maxResults": 101},
            (
                "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: "
                "Member must have value less than or equal to 100"
            ),
        ),
        (
            {"maxResults": 0},
            (
                "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1"
            ),
        ),
        ({"maxResults": "3"}, "Unable to parse 'maxResults': expected an integer"),
        ({"maxResults": True}, "Unable to parse 'maxResults': expected an integer"),
        (
            {"filter": {"branch": {}}},
            (
                "1 validation error detected: Value at 'filter.branch.name' failed to satisfy "
                "constraint: Member must not be null"
            ),
        ),
    ],
)
async def test_members_are_checked_with_the_services_texts(
    client: Client, members: dict[str, Any], message: str
) -> None:
    """The error names a member that violates its constraint, and the constraint."""
    reply = await client.events(**members)
    assert (reply.status, reply.code) == (400, "ValidationException")
    assert reply.body["message"] == message


async def test_the_session_id_pattern_text(client: Client) -> None:
    """The text for a violated pattern is the service's, pattern included."""
    reply = await client.events(session="a|b")
    assert reply.body["message"] == (
        f"1 validation error detected: Value at 'sessionId' {PATTERN}[a-zA-Z0-9][a-zA-Z0-9-_]*"
    )
    assert reply.body["reason"] == "FieldValidationFailed"
    assert [field["name"] for field in reply.body["fieldList"]] == ["sessionId"]


async def test_all_violations_are_listed(client: Client) -> None:
    """The error of an empty CreateEvent names each missing member."""
    reply = await client.call("POST", "events")
    assert reply.body["message"].startswith("3 validation errors detected: ")


@pytest.mark.parametrize(
    "members",
    [
        {"payload": [{"conversational": {"role": "SYSTEM", "content": {"text": "x"}}}]},
        {"payload": [{"conversational": {"role": "USER", "content": {"text": ""}}}]},
        {"payload": [{"conversational": {"role": "USER", "content": {"text": "x" * 100_001}}}]},
        {"payload": [{"conversational": {"role": "USER", "content": {"text": "€" * 60_000}}}]},
        {"payload": [{"blob": 1}] * 101},
        {"payload": [{}]},
        {"payload": [{"blob": 1, "json": {"content": 1}}]},
        {"payload": {}},
        {"payload": None},
        {"payload": [{"json": {"content": "x" * 110_000}}]},
        {"actorId": "a@b.c"},
        {"actorId": ""},
        {"actorId": "a" * 256},
        {"eventTimestamp": "2026-01-01T00:00:00Z"},
        {"eventTimestamp": -1},
        {"eventTimestamp": 1e300},
        {"metadata": {"k": {"stringValue": 'a"b'}}},
        {"metadata": {f"k{number}": {"stringValue": "v"} for number in range(16)}},
        {"metadata": {"k": {"numberValue": 3}}},
        {"branch": {"name": "a b"}},
        {"extractionMode": "NONE"},
        {"extractionConfig": {"namespaceVariables": {"actorId": "x"}}},
    ],
)
async def test_events_that_are_refused(client: Client, members: dict[str, Any]) -> None:
    """What the model does not allow is a ValidationException and stores nothing."""
    reply = await client.create(**members)
    assert (reply.status, reply.code) == (400, "ValidationException")
    assert (await client.call("POST", "actors")).body["actorSummaries"] == []


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"1",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"maxResults": NaN}',
        b'{"nextToken": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"maxResults": ' + b"9" * 5000 + b"}",
    ],
)
async def test_bodies_that_are_not_json_objects(client: Client, raw: bytes) -> None:
    """The reason for a body that can't be read is CannotParse."""
    reply = await client.send("POST", f"/memories/{client.memory}/actors", raw=raw)
    assert (reply.status, reply.code) == (400, "ValidationException")
    assert reply.body["reason"] == "CannotParse"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/memories/chat-a1B2c3D4e5/actors"),
        ("POST", "/memories/chat-a1B2c3D4e5/actors/"),
        ("POST", "/memories//actors"),
        ("PATCH", "/memories/x"),
        ("POST", "/memories/chat-a1B2c3D4e5%2Factors"),
    ],
)
async def test_paths_that_are_not_operations(client: Client, method: str, path: str) -> None:
    """An unknown path or method is 404 in AWS's form."""
    reply = await client.send(method, path)
    assert (reply.status, reply.code) == (404, "UnknownOperationException")


async def test_dots_in_the_path_are_no_way_around(client: Client) -> None:
    """An id ``..`` is refused as an id, and does not go up in the path."""
    reply = await client.send("POST", f"/memories/{client.memory}/actor/../sessions/s1")
    assert (reply.status, reply.code) == (400, "ValidationException")


@pytest.mark.parametrize("memory", ["..", "a b", "%00", "%ff", "a%0d%0ab", "x" * 300])
async def test_some_ids_are_refused_without_strict(client: Client, memory: str) -> None:
    """Memory ids with control characters, spaces or dots are refused without strict, too."""
    reply = await client.send("POST", f"/memories/{quote(memory, safe='%')}/actors")
    assert (reply.status, reply.code) == (400, "ValidationException")


async def test_any_harmless_memory_id_works(client: Client) -> None:
    """Ids shorter than the service's, and ARNs, are accepted."""
    client.memory = "mem-abc123def456"
    await client.create("x")
    client.memory = "arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/mem-abc123def456"
    assert await client.texts() == ["x"]


async def test_a_strict_service_knows_only_its_memories(serve: Callable[..., Any]) -> None:
    """Malformed ids and unknown memories are refused with the service's texts."""
    async with serve(strict=True) as client:
        client.memory = "mem-abc123def456"
        malformed = await client.call("POST", "actors")
        assert (malformed.status, malformed.code) == (400, "ValidationException")
        assert malformed.body["message"] == "Invalid memoryId: not a valid memory ID or ARN"
        client.memory = "chat-a1B2c3D4e5"
        unknown = await client.call("POST", "actors")
        assert (unknown.status, unknown.code) == (404, "ResourceNotFoundException")
        assert unknown.body["message"] == "Memory not found: chat-a1B2c3D4e5"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
async def test_a_request_for_another_host_is_refused(client: Client, host: str) -> None:
    """A page that rebinds its name to this machine is refused."""
    path = f"/memories/{client.memory}/actors"
    reply = await client.send("POST", path, headers={"Host": host})
    assert (reply.status, reply.code) == (403, "AccessDeniedException")
    fine = await client.send("POST", path, headers={"Host": "localhost:1"})
    assert fine.status == 200


async def test_a_large_body_is_refused(serve: Callable[..., Any]) -> None:
    """More bytes than the limit are 413, and the service still works."""
    async with serve(behavior=Behavior(body_limit=10_000)) as client:
        path = f"/memories/{client.memory}/actors"
        for size in (10_001, 1_000_000):
            try:
                reply = await client.send("POST", path, raw=b" " * size)
            except aiohttp.ClientError:
                continue  # cut while it was still sending
            assert (reply.status, reply.code) == (413, "RequestEntityTooLargeException")
        assert (await client.send("POST", path, raw=b" " * 10_000)).status == 200


async def test_an_injected_error(client: Client) -> None:
    """fail() applies to the given operation, the given number of times, and does nothing else."""
    fault = client.service.fail("ThrottledException", operation="CreateEvent", times=2)
    for _ in range(2):
        reply = await client.create()
        assert (reply.status, reply.code) == (429, "ThrottledException")
        assert reply.body["message"] == "Rate exceeded."
    assert fault.met == 2
    assert (await client.create()).status == 201
    client.service.fail("ServiceException")
    assert (await client.events()).status == 500
    client.service.clear_faults()
    assert len((await client.events()).body["events"]) == 1


@pytest.mark.parametrize(("after", "stored"), [(False, 0), (True, 1)])
async def test_a_dropped_connection(client: Client, *, after: bool, stored: int) -> None:
    """The event is stored only if the connection was dropped after the write."""
    client.service.drop_connection(after=after, operation="CreateEvent", times=1)
    with pytest.raises(aiohttp.ClientError):
        await client.create()
    assert len((await client.events()).body["events"]) == stored


@pytest.mark.parametrize("how", ["empty", "cut", "html"])
async def test_a_corrupt_body(client: Client, how: Any) -> None:
    """A corrupt body has status 201 and can't be read; the event is stored."""
    client.service.corrupt_body(how, operation="CreateEvent", times=1)
    reply = await client.create()
    assert reply.status == 201
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.raw)
    assert len((await client.events()).body["events"]) == 1


async def test_latency_passes_on_the_clock(client: Client) -> None:
    """A delayed answer comes once the clock is advanced."""
    client.service.add_latency(60, operation="ListActors")
    replies: list[int] = []
    before = client.clock.timers

    async def ask() -> None:
        replies.append((await client.call("POST", "actors")).status)

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        while client.clock.timers < before + 1:
            await checkpoint()
        assert replies == []
        client.clock.advance(60)
    assert replies == [200]


async def test_the_calls_are_kept(client: Client) -> None:
    """calls() returns operation, status and error of each request."""
    await client.create()
    await client.events(maxResults=0)
    assert [(call.operation, call.status, call.error) for call in client.service.calls()] == [
        ("CreateEvent", 201, None),
        ("ListEvents", 400, "ValidationException"),
    ]
    assert len(client.service.calls("CreateEvent")) == 1


async def test_a_taken_port_is_refused(client: Client) -> None:
    """The error of a second service on the port says what to do."""
    port = int(client.service.endpoint_url.rsplit(":", 1)[1])
    with pytest.raises(LocalServiceError, match="choose another port"):
        await LocalMemoryService(port=port).open()


async def test_opening_and_closing() -> None:
    """A closed service has no address; opening twice is an error, closing twice is not."""
    service = LocalMemoryService(clock=ManualClock())
    with pytest.raises(RuntimeError, match="not open"):
        _ = service.endpoint_url
    await service.open()
    with pytest.raises(RuntimeError, match="open already"):
        await service.open()
    await service.aclose()
    await service.aclose()
    with pytest.raises(RuntimeError, match="not open"):
        _ = service.endpoint_url


def sorted_words(text: str) -> list[str]:
    """Return the words of *text* in a fixed order."""
    return sorted(text.split())


def _hostile(source: random.Random, depth: int = 0) -> Any:
    choices: list[Callable[[], Any]] = [
        lambda: None,
        lambda: source.choice([True, False, 0, -1, 1e308, 2**70, 0.1, START]),
        lambda: "".join(source.choices(string.printable + "é\u2028\x00😀", k=source.randrange(30))),
        lambda: source.choice(["/", "..", "main", "a" * 1025, "USER", "EXISTS", "mem-" + "0" * 36]),
    ]
    if depth < 4:
        choices.append(lambda: [_hostile(source, depth + 1) for _ in range(source.randrange(4))])
        choices.append(
            lambda: {
                source.choice(_NAMES): _hostile(source, depth + 1)
                for _ in range(source.randrange(6))
            }
        )
    return source.choice(choices)()


_NAMES = sorted_words(
    """
    actorId sessionId eventTimestamp payload conversational role content text blob json branch
    name rootEventId metadata stringValue clientToken filter eventMetadata left metadataKey
    operator right metadataValue maxResults nextToken namespace namespacePath searchCriteria
    searchQuery topK metadataFilters memoryStrategyId records requestIdentifier namespaces
    timestamp memoryRecordId recordExpirySpecification source inline contentTimestamp
    extractionJob jobId includePayloads x
    """
)
_PATHS = sorted_words(
    """
    events actors memoryRecords retrieve ingest extractionJobs extractionJobs/start
    memoryRecords/batchCreate memoryRecords/batchUpdate memoryRecords/batchDelete
    actor/a/sessions actor/a/sessions/s actor/a/sessions/s/events/1%23ab memoryRecord/x
    memoryRecords/x
    """
)


async def test_no_request_breaks_it(client: Client) -> None:
    """Two thousand random requests return valid answers or client errors, never a 500."""
    source = random.Random(20261122)
    for _ in range(2000):
        method = source.choice(["POST", "POST", "POST", "GET", "DELETE"])
        path = source.choice(_PATHS)
        if source.random() < 0.1:
            path = quote("".join(source.choices(string.printable, k=12)), safe="%/#?&=+;")
        body = {source.choice(_NAMES): _hostile(source) for _ in range(source.randrange(8))}
        reply = await client.send(method, f"/memories/{client.memory}/{path}", body)
        assert reply.status < 500, (method, path, body, reply.raw)
        assert isinstance(json.loads(reply.raw), dict) or reply.code is None
    await client.service.drain()
    assert (await client.create("still here")).status == 201
