"""Large bodies: encoded, hashed, decoded and checked in threads, never in the event loop."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

import anyio
import botocore.auth
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    BlobPayload,
    ConversationalMessage,
    InvalidInputError,
    JsonPayload,
    MessageRole,
    ValidationError,
)
from agentcore_memory_async._transport.base import Answer, SendState
from agentcore_memory_async._transport.capture import ResponseCapture
from agentcore_memory_async._transport.http_session import NoRedirectSession
from agentcore_memory_async._wire import event_codec, payloads, record_codec
from agentcore_memory_async._wire.pieces import decode_in_pieces, encode_in_pieces
from agentcore_memory_async._wire.weight import is_large

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.transport.conftest import Service

MEMORY = "large-a1B2c3D4e5"
LARGE, MOST = 65_536, 1024
"""Characters or bytes, and number of values, from which on data is large."""
TEXT = "a word or two, é and \u2028. " * 3000
ROWS = [{"id": number, "name": f"row {number}", "value": number / 8} for number in range(1500)]
ITEMS: dict[str, Any] = {
    "text": [ConversationalMessage(TEXT, MessageRole.USER)] * 3,
    "json": [JsonPayload({"rows": ROWS})] * 3,
    "blob": [BlobPayload({"rows": ROWS})] * 3,
}
"""Events of more than 200 KB, by the kind of their items."""


def weigh(value: object) -> int:
    """Return the size of an argument of JSON functions or digests."""
    if isinstance(value, str | bytes):
        return len(value)
    return len(str(value))


@pytest.fixture
def in_loop(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of functions that worked on large data in the main thread so far."""
    found: list[str] = []

    def watch(owner: Any, name: str) -> None:
        function = getattr(owner, name)

        def watched(*args: Any, **options: Any) -> Any:
            is_main = threading.current_thread() is threading.main_thread()
            if is_main and any(weigh(arg) >= LARGE for arg in args):
                found.append(f"{owner.__name__}.{name}")
            return function(*args, **options)

        monkeypatch.setattr(owner, name, watched)

    watch(json, "dumps")
    watch(json, "loads")
    watch(hashlib, "sha256")
    watch(hashlib, "blake2b")
    watch(botocore.auth, "sha256")
    watch(payloads, "check_messages")
    watch(payloads, "check_json")
    watch(event_codec, "create_event")
    watch(event_codec, "read_event")
    watch(event_codec, "read_events")
    watch(record_codec, "read_records")
    return found


AT = datetime(2026, 1, 1, tzinfo=UTC)
IDS = {"memoryId": MEMORY, "actorId": "a", "sessionId": "s"}


def event_of(kind: str) -> dict[str, Any]:
    """Return the event of `ITEMS` as the service answers it."""
    payload = [event_codec.payload_item(item) for item in ITEMS[kind]]
    return {**IDS, "eventId": "1#a", "eventTimestamp": AT.timestamp(), "payload": payload}


@pytest.fixture
async def session(service: Service) -> AsyncIterator[AsyncMemorySession]:
    """Yield a session whose requests go to `service`."""
    async with AsyncMemorySessionManager(MEMORY, "us-west-2", endpoint_url=service.url) as manager:
        yield await manager.create_memory_session("a", "s", verify=False)


@pytest.mark.parametrize("kind", ITEMS)
async def test_a_large_event_is_written_outside_the_loop(
    kind: str, service: Service, session: AsyncMemorySession, in_loop: list[str]
) -> None:
    """Every step of a write is done in a thread, and the body is the one that botocore makes."""
    service.body = json.dumps({"event": event_of(kind)}).encode()
    in_loop.clear()
    event = await session.add_turns(ITEMS[kind], client_token="once", timestamp=AT)
    assert [] == in_loop

    [sent] = service.requests
    assert len(sent.body) > LARGE
    wanted = {"clientToken": "once", **event_of(kind)}
    assert {name: wanted[name] for name in sent.json} == sent.json
    assert {"payload", "clientToken", "actorId", "sessionId", "eventTimestamp"} <= set(sent.json)
    assert hashlib.sha256(sent.body).hexdigest() == sent.headers["X-Amz-Content-SHA256"]
    assert "x-amz-content-sha256" in sent.headers["Authorization"]
    assert "application/json" == sent.headers["Content-Type"]
    assert event.timestamp == AT


@pytest.mark.parametrize("kind", ITEMS)
async def test_a_refusal_of_a_large_event_is_looked_through_outside_the_loop(
    kind: str, service: Service, session: AsyncMemorySession, in_loop: list[str]
) -> None:
    """What the service's message repeats of a large event is found in a thread."""
    service.status = 400
    service.body = json.dumps({"__type": "ValidationException", "message": "no row 77"}).encode()
    in_loop.clear()
    with pytest.raises(ValidationError):
        await session.add_turns(ITEMS[kind])

    assert [] == in_loop


async def test_custom_data_is_written_outside_the_loop(
    service: Service, session: AsyncMemorySession, in_loop: list[str]
) -> None:
    """``create_event`` checks and encodes its payload in a thread."""
    service.body = b'{"event": {"eventId": "1#a"}}'
    assert "1#a" == await session.create_event("order", {"rows": ROWS}, client_token="once")

    assert [] == in_loop
    assert {"rows": ROWS} == service.requests[0].json["payload"][0]["json"]["content"]


RECORD = {
    "memoryRecordId": "mem-" + "0" * 36,
    "content": {"text": TEXT},
    "memoryStrategyId": "facts-0123456789",
    "namespaces": ["/facts/a/"],
    "createdAt": AT.timestamp(),
    "score": 0.5,
}
READS: dict[str, tuple[dict[str, Any], Callable[[AsyncMemorySession], Awaitable[Any]]]] = {
    **{
        f"ListEvents, {kind}": (
            {"events": [event_of(kind)]},
            lambda session: session.list_events(),
        )
        for kind in ITEMS
    },
    "ListEvents for turns": (
        {"events": [event_of("text")]},
        lambda session: session.get_last_k_turns(3),
    ),
    "ListMemoryRecords": (
        {"memoryRecordSummaries": [RECORD] * 2},
        lambda session: session.list_long_term_memory_records("/facts/a/"),
    ),
    "RetrieveMemoryRecords": (
        {"memoryRecordSummaries": [RECORD] * 2},
        lambda session: session.search_long_term_memories("seats", "/facts/a/"),
    ),
}
"""Answers with large bodies, and the calls that read them."""


@pytest.mark.parametrize("name", READS)
async def test_a_large_answer_is_read_outside_the_loop(
    name: str, service: Service, session: AsyncMemorySession, in_loop: list[str]
) -> None:
    """Decoding, comparing and reading are done in a thread, for every operation."""
    answer, read = READS[name]
    service.body = json.dumps(answer).encode()
    in_loop.clear()

    assert await read(session)
    assert [] == in_loop


async def test_a_small_call_starts_no_thread(
    service: Service, session: AsyncMemorySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread would cost more than the work."""
    service.body = b'{"event": {"eventId": "1#a"}}'
    await session.add_turns([ConversationalMessage("hi", MessageRole.USER)])
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "run_in_executor", None)
    await session.add_turns([ConversationalMessage("hi", MessageRole.USER)], client_token="t")
    await session.create_event("order", {"n": 1})

    assert 3 == len(service.requests)


async def test_a_large_write_keeps_its_place(service: Service, session: AsyncMemorySession) -> None:
    """A small write that is made after a large one is sent after it."""
    service.body = b'{"event": {"eventId": "1#a"}}'
    async with anyio.create_task_group() as tasks:
        for items in (ITEMS["json"], [ConversationalMessage("hi", MessageRole.USER)]) * 2:
            tasks.start_soon(session.add_turns, items)

    assert [3, 1, 3, 1] == [len(request.json["payload"]) for request in service.requests]


async def test_a_large_write_that_is_wrong_leaves_the_queue(
    service: Service, session: AsyncMemorySession
) -> None:
    """A mistake that the thread finds is raised, nothing is sent, and the next write goes on."""
    service.body = b'{"event": {"eventId": "1#a"}}'
    with pytest.raises(InvalidInputError, match=r"messages\[1\]"):
        await session.add_turns([JsonPayload({"rows": ROWS}), JsonPayload({"rows": [ROWS, (1,)]})])
    assert [] == service.requests
    await session.add_turns([ConversationalMessage("hi", MessageRole.USER)])

    assert 1 == len(service.requests)


async def test_a_large_write_cancelled_in_its_thread_sends_nothing(
    service: Service, session: AsyncMemorySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is half done: no request, and the queue goes on."""
    service.body = b'{"event": {"eventId": "1#a"}}'
    scope = anyio.CancelScope()
    check = payloads.check_messages

    def cancelling(messages: object) -> Any:
        loop.call_soon_threadsafe(scope.cancel)
        return check(messages)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(payloads, "check_messages", cancelling)
    with scope:
        await session.add_turns(ITEMS["json"])
    assert scope.cancelled_caught
    monkeypatch.undo()
    await session.add_turns([ConversationalMessage("hi", MessageRole.USER)])

    assert [1] == [len(request.json["payload"]) for request in service.requests]


async def test_data_that_changes_after_the_call_is_sent_as_it_was(
    service: Service, session: AsyncMemorySession
) -> None:
    """All attempts send what was encoded first."""
    service.body = b'{"event": {"eventId": "1#a"}}'
    service.status = 500
    rows = [dict(row) for row in ROWS]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.add_turns, [JsonPayload({"rows": rows})])
        while not service.requests:
            await anyio.sleep(0.001)
        rows.clear()
        while len(service.requests) < 2:
            await anyio.sleep(0.001)
        service.status = 200

    first, *others = service.requests
    assert {first.body} == {request.body for request in others}
    assert ROWS == first.json["payload"][0]["json"]["content"]["rows"]


@pytest.mark.parametrize("kind", ITEMS)
async def test_a_large_event_is_encoded_in_pieces(
    kind: str, service: Service, session: AsyncMemorySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No call of the encoder has more than an item: it holds the interpreter, in any thread."""
    service.body = b'{"event": {"eventId": "1#a"}}'
    encode = json.JSONEncoder.encode
    lengths: list[int] = []

    def counting(self: json.JSONEncoder, value: object) -> str:
        encoded = encode(self, value)
        lengths.append(len(encoded))
        return encoded

    monkeypatch.setattr(json.JSONEncoder, "encode", counting)
    await session.add_turns(ITEMS[kind], client_token="once")

    (request,) = service.requests
    assert len(request.body) / 2 > max(lengths)
    assert "application/json" == request.headers["Content-Type"]


@pytest.mark.parametrize(
    "members",
    [
        {"payload": [{"a": 1.5}, {"b": TEXT}], "clientToken": "t", "metadata": {}, "n": []},
        {"a": {"z": [1], "b": None}},
        {},
    ],
)
def test_a_body_in_pieces_is_what_botocore_makes(members: dict[str, Any]) -> None:
    """A body encoded in pieces is the same as one encoded at once, also with sorted keys."""
    made = ResponseCapture("CreateEvent", SendState())
    made.encode_request(members)

    assert json.dumps(members).encode() == made.request_body
    pieces = encode_in_pieces(members, json.JSONEncoder(sort_keys=True))
    assert json.dumps(members, sort_keys=True) == "".join(pieces)
    assert members == decode_in_pieces(made.request_body or b"")


def test_what_is_large() -> None:
    """Text counts by its length, other values by their number; both add up."""
    message = ConversationalMessage("x" * (LARGE // 2), MessageRole.USER)

    assert [False, True, False, True, False, True, False, True, True] == [
        is_large("x" * (LARGE - 1)),
        is_large(b"x" * LARGE),
        is_large([message]),
        is_large([message, message]),
        is_large([0] * (MOST - 2)),
        is_large([0] * (MOST - 1)),
        is_large({"a": {"b": [1, None]}}),
        is_large({str(number): number for number in range(MOST)}),
        is_large([JsonPayload({"rows": ROWS})]),
    ]


@pytest.mark.parametrize(("size", "is_large"), [(None, False), (65_535, False), (65_536, True)])
def test_an_answer_is_large_from_64_kib_on(size: int | None, is_large: bool) -> None:
    """Less is read in the loop."""
    capture = ResponseCapture("ListEvents", SendState(), body=b"a" * (size or 0))

    assert [is_large] * 2 == [Answer({}, size=size).is_large, capture.is_large]


@pytest.mark.parametrize("data", [None, b"a" * 2**20, b"a" * (2**20 + 1), bytearray(2**20 + 1)])
def test_a_body_is_sent_as_a_file_above_1_mib(data: bytes | bytearray | None) -> None:
    """From there on aiohttp warns about bytes."""
    session = mock.Mock()
    NoRedirectSession(session).request("POST", "url", data=data)
    sent = session.request.call_args.kwargs["data"]

    if data is None or len(data) == 2**20:
        assert data is sent
    else:
        assert data == sent.read()
