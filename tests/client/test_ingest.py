"""Content that is extracted from and not kept as an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from agentcore_memory_async import (
    AnswerMismatchError,
    DecodeError,
    InvalidInputError,
    JsonPayload,
    MemorySessionManager,
    OutcomeUnknownError,
    RetryPolicy,
    TransportError,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import EPOCH_S, virtual_time
from tests.client.doubles import MEMORY, manager_on, said

INGEST = "IngestData"
LOST = TransportError(INGEST, "connection lost", sent=True)
FACT = "I only fly window seats."
ENVELOPE = len(json.dumps([{"json": {"content": ""}}]))
"""Bytes of the JSON of one text without its content."""


@virtual_time
async def test_everything_that_is_given_is_sent() -> None:
    """A session sends its ids, messages and data, time, metadata and variables."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.ingest_data(
            [said("hi"), {"role": "assistant", "content": "hello"}, JsonPayload({"k": [1]})],
            timestamp=datetime(2025, 5, 1, 12, 0, 0, 123_456, tzinfo=UTC),
            metadata={"k": "v"},
            namespace_variables={"tenant": "t1"},
            client_token="token-1",
        )
    assert "s" == found
    assert [
        {
            "memoryId": MEMORY,
            "actorId": "a",
            "sessionId": "s",
            "source": {
                "inline": {
                    "payload": [
                        {"conversational": {"role": "USER", "content": {"text": "hi"}}},
                        {"conversational": {"role": "ASSISTANT", "content": {"text": "hello"}}},
                        {"json": {"content": {"k": [1]}}},
                    ]
                }
            },
            "contentTimestamp": 1746100800.123,
            "metadata": {"k": {"stringValue": "v"}},
            "extractionConfig": {"namespaceVariables": {"tenant": "t1"}},
            "clientToken": "token-1",
        }
    ] == transport.sent(INGEST)


@virtual_time
async def test_an_actor_gets_a_session_of_the_service() -> None:
    """An actor names no session, now is the time, and each call has a token of its own."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        made = {await manager.actor("a").ingest_data([said("hi")]) for _ in range(2)}
    first, second = transport.sent(INGEST)
    assert 2 == len(made)
    assert {"memoryId", "actorId", "source", "contentTimestamp", "clientToken"} == set(first)
    assert EPOCH_S == first["contentTimestamp"]
    assert first["clientToken"] != second["clientToken"]


@virtual_time
async def test_all_attempts_are_one_request() -> None:
    """A lost answer is asked for by the same request; without any, the outcome is unknown."""
    transport = FakeTransport()
    transport.reply(INGEST, LOST, LOST)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        assert "s" == await session.ingest_data([said("hi")])
        transport.reply(INGEST, LOST)
        with pytest.raises(OutcomeUnknownError) as caught:
            await session.with_options(retry=RetryPolicy(max_attempts=1)).ingest_data([said(FACT)])
    first, second, third, last = transport.sent(INGEST)
    assert first == second == third
    assert last == caught.value.request
    assert (INGEST, last["clientToken"]) == (caught.value.operation, caught.value.client_token)
    assert FACT not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "kind"), [({}, DecodeError), ({"sessionId": "other"}, AnswerMismatchError)]
)
@virtual_time
async def test_another_session_is_no_answer(body: dict[str, Any], kind: type[Exception]) -> None:
    """An answer without a session, or with another one, acknowledges nothing."""
    transport = FakeTransport()
    transport.reply(INGEST, *[body] * 2)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        once = session.with_options(retry=RetryPolicy(max_attempts=1))
        with pytest.raises((kind, OutcomeUnknownError)) as caught:
            await once.ingest_data([said("hi")])
    assert kind in {type(caught.value), type(caught.value.__cause__)}


@pytest.mark.parametrize("text", ["a", "é"])
@virtual_time
async def test_the_content_is_limited_as_a_whole(text: str) -> None:
    """Content of 100 KB as JSON is sent, in one message or many, and of a byte more it is not."""
    room = 100 * 1024 - ENVELOPE
    most = text * (room // len(text.encode()))
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.ingest_data([JsonPayload(most)])
        await session.ingest_data([said("a")] * 100)
        over = JsonPayload(most + "a" * (1 + room % len(text.encode())))
        for items in ([over], [said("a" * 60_000)] * 2, [said("a")] * 101, []):
            with pytest.raises(InvalidInputError, match="messages has"):
                await session.ingest_data(items)
    assert 2 == len(transport.requests)


async def test_what_is_ingested_is_extracted_and_not_listed() -> None:
    """The service extracts records from ingested content, once per token, and lists no event."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for _ in range(2):
            assert "s" == await session.ingest_data([said(FACT)], client_token="t")
        made = await manager.actor("a").ingest_data([said("My name is Ada.")])
        assert made != "s"
        await service.drain(include_future=True)
        records = await session.list_long_term_memory_records("/facts/{actorId}/")
        assert 1 == sum("window seats" in record.text for record in records)
        assert 1 == sum("Ada" in record.text for record in records)
        assert [] == await session.list_events()


def test_the_facade_ingests_too() -> None:
    """The blocking session and actor ingest without ``await``."""
    with MemorySessionManager(MEMORY, transport=FakeTransport()) as manager:
        session = manager.create_memory_session("a", "s", verify=False)
        assert "s" == session.ingest_data([said("hi")])
        assert session.get_actor().ingest_data([said("hi")])
