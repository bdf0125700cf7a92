"""From events to records: the pipeline and the built-in extractor."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local import ExtractionRequest, ManualClock
from agentcore_memory_async.local._heuristics.preferences import (
    extract_preferences,
    replaces_preference,
)
from agentcore_memory_async.local._heuristics.summaries import summarize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.local.local_client import Client

START = 1_767_225_600.0
SUPPORT = (
    ("ASSISTANT", "Hi, how can I help you today?"),
    ("USER", "I'm having trouble with order #12345. It hasn't arrived yet."),
    ("ASSISTANT", "I understand. Let me look up order #12345 for you."),
)
TOLD = "The user is having trouble with order #12345. It hasn't arrived yet."
"""Its fact."""


async def talk(client: Client, *turns: tuple[str, str], **members: Any) -> None:
    """Store messages, one event each."""
    for number, (role, text) in enumerate(turns):
        reply = await client.create(text, role=role, at=START + number, **members)
        assert reply.status == 201


async def test_the_support_conversation_gives_a_fact_and_a_summary(client: Client) -> None:
    """A search finds the fact first that the reference's conversation states."""
    await talk(client, *SUPPORT)
    await client.service.drain()
    assert await client.contents("/facts/ann/") == [TOLD]
    (summary,) = await client.contents("/summaries/ann/s1/")
    assert re.fullmatch(r'<topic name=".*order #12345.*">.+</topic>', summary)
    for query in ("order problem", "order delivery issue"):
        first = (await client.search(query))[0]
        assert first["namespaces"] == ["/facts/ann/"]
        assert 0.5 < first["score"] <= 1


async def test_extraction_waits_for_its_delay(serve: Callable[..., Any]) -> None:
    """Nothing is extracted before the delay has passed on the service's clock."""
    async with serve(extraction_delay=60) as client:
        await talk(client, *SUPPORT)
        client.clock.advance(59)
        await client.service.drain(include_future=False)
        assert await client.records() == []
        client.clock.advance(1)
        await client.service.drain(include_future=False)
        records = await client.records("/facts/")
        assert [record["createdAt"] for record in records] == [START + 60]
        assert records[0]["timestamp"] == START + 2


async def test_drain_does_what_is_due_later_at_once(serve: Callable[..., Any]) -> None:
    """With the machine's clock drain() does not wait for the delay."""
    from agentcore_memory_async.local import SystemClock

    async with serve(clock=SystemClock(), extraction_delay=3600) as client:
        await talk(client, *SUPPORT)
        await client.service.drain()
        assert len(await client.records()) == 2


async def test_what_is_not_extracted(client: Client) -> None:
    """SKIP, blobs and small talk leave no record."""
    await client.create("I prefer window seats", extractionMode="SKIP")
    await client.create(payload=[{"blob": {"text": "I prefer window seats"}}], at=START + 1)
    await talk(client, ("USER", "Hello!"), ("USER", "Thanks, that's all."), session="s2")
    await client.service.drain()
    assert await client.records() == []


async def test_a_duplicate_is_skipped(client: Client) -> None:
    """The same statement in another session does not become a second fact."""
    await talk(client, ("USER", "I live in Oslo with two cats."))
    await talk(client, ("USER", "i live in Oslo, with two cats"), session="s2")
    await client.service.drain()
    assert await client.contents("/facts/ann/") == ["The user lives in Oslo with two cats."]


async def test_a_newer_preference_replaces_the_older(client: Client) -> None:
    """Consolidation writes a new record and the old one is gone."""
    await talk(client, ("USER", "I prefer window seats."))
    await client.service.drain()
    (old,) = await client.records("/preferences/ann/")
    await talk(client, ("USER", "I prefer aisle seats."), session="s2")
    await client.service.drain()
    (new,) = await client.records("/preferences/ann/")
    assert json.loads(new["content"]["text"])["preference"] == "Prefers aisle seats"
    assert new["memoryRecordId"] != old["memoryRecordId"]
    gone = await client.call("GET", "memoryRecord", old["memoryRecordId"])
    assert gone.status == 404


async def test_a_summary_is_replaced_as_the_session_grows(client: Client) -> None:
    """A short session has one summary, which has its newest state."""
    await talk(client, SUPPORT[1])
    await client.service.drain()
    (before,) = await client.records("/summaries/ann/s1/")
    await client.create("I moved to Madrid in May.", at=START + 9)
    await client.service.drain()
    (after,) = await client.records("/summaries/ann/s1/")
    assert after["memoryRecordId"] != before["memoryRecordId"]
    assert "Madrid" in after["content"]["text"]
    assert "#12345" in after["content"]["text"]


async def test_failed_jobs_are_listed_and_started_again(client: Client) -> None:
    """A failed job lists its messages and reason; started again it extracts the record."""
    client.service.fail_extraction(strategy="facts", times=1)
    await talk(client, SUPPORT[1])
    await client.service.drain()
    assert await client.records("/facts/") == []
    (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
    assert (job["status"], job["failureReason"]) == ("FAILED", "LTM_RATE_EXCEEDED")
    assert (job["actorId"], job["sessionId"]) == ("ann", "s1")
    assert [item["messageIndex"] for item in job["messages"]["messagesList"]] == [0]
    started = await client.call(
        "POST", "extractionJobs", "start", extractionJob={"jobId": job["jobID"]}
    )
    assert started.body == {"jobId": job["jobID"]}
    await client.service.drain()
    assert await client.contents("/facts/") == [TOLD]
    assert (await client.call("POST", "extractionJobs")).body["jobs"] == []
    again = await client.call(
        "POST", "extractionJobs", "start", extractionJob={"jobId": job["jobID"]}
    )
    assert again.status == 404


async def test_ingested_content_is_extracted_and_never_listed(client: Client) -> None:
    """IngestData returns 202 and the session; its content is extracted, but not listed."""
    inline = {"payload": [{"conversational": {"role": "USER", "content": {"text": SUPPORT[1][1]}}}]}
    reply = await client.call(
        "POST", "ingest", source={"inline": inline}, contentTimestamp=START, actorId="ann"
    )
    assert reply.status == 202
    await client.service.drain()
    assert await client.contents("/facts/ann/") == [TOLD]
    assert await client.texts(session=reply.body["sessionId"]) == []


async def test_what_waits_survives_a_restart(serve: Callable[..., Any], tmp_path: Path) -> None:
    """A pending event is extracted once the service runs again on its file."""
    path = tmp_path / "memory.db"
    async with serve(path) as client:
        await talk(client, SUPPORT[1])
    async with serve(path, clock=ManualClock(START + 100)) as client:
        await client.service.drain()
        assert await client.contents("/facts/ann/") == [TOLD]
        assert await client.texts() == [SUPPORT[1][1]]


class Shouting:
    """An extractor of a user."""

    async def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Return each message in capitals; fail at one of them."""
        if any(message.text == "fail" for message in request.messages):
            raise ValueError(request.strategy.kind)
        return [message.text.upper() for message in request.messages]

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Return False: nothing is replaced."""
        return False


async def test_an_extractor_of_ones_own(serve: Callable[..., Any]) -> None:
    """A coroutine function extracts; its error fails the job, not the service."""
    async with serve(extractor=Shouting()) as client:
        await client.create("fail", session="s2")
        await client.create("hello")
        await client.service.drain()
        assert await client.contents("/facts/") == ["HELLO"]
        jobs = (await client.call("POST", "extractionJobs")).body["jobs"]
        assert {job["failureReason"] for job in jobs} == {"CUSTOM_MODEL_BEDROCK_INTERNAL_ERROR"}


@pytest.mark.parametrize(
    ("text", "expected", "category"),
    [
        ("I only fly window seats", "Only flies window seats", "travel"),
        ("I'm vegetarian", "Is vegetarian", "food"),
        ("I'm allergic to peanuts.", "Is allergic to peanuts", "food"),
        ("I love Italian food.", "Loves Italian food", "food"),
        ("I don't like spicy food.", "Does not like spicy food", "food"),
        ("My favourite band is Low.", "Favourite band is Low", "music"),
        ("I never drink coffee.", "Never drinks coffee", "food"),
    ],
)
def test_preferences(text: str, expected: str, category: str) -> None:
    """A preference is in the third person, with its context and categories."""
    (found,) = extract_preferences(text)
    assert found["preference"] == expected
    assert category in found["categories"]
    assert text.rstrip(".") in found["context"]


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ("Hates coffee", "Loves coffee", True),
        ("Prefers aisle seats", "Prefers window seats", True),
        ("Loves Thai food", "Loves Italian food", False),
        ("Loves tea", "Loves coffee", False),
    ],
)
def test_which_preference_replaces_another(new: str, old: str, *, expected: bool) -> None:
    """The opposite opinion and another choice replace; another like does not."""
    assert (
        replaces_preference(json.dumps({"preference": new}), json.dumps({"preference": old}))
        is expected
    )


def test_a_summary_escapes_what_was_said() -> None:
    """Markup in a message is text in the summary."""
    (topic,) = summarize([("USER", 'I wrote <topic name="x"> & more in "Paris" today.')])
    assert topic.startswith('<topic name="')
    assert "&lt;topic" in topic
    assert " &amp; " in topic
