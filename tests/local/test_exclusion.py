"""What extraction and search must not see: skipped events, and what a filter excludes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async.local import (
    Behavior,
    BuiltInExtractor,
    ExtractionRequest,
    LocalMemoryService,
)
from agentcore_memory_async.local._language.third_person import about_speaker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client

START = 1_767_225_600.0


class Noting(BuiltInExtractor):
    """An extractor that keeps its requests."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[ExtractionRequest] = []

    def extract(self, request: ExtractionRequest) -> Any:
        """Keep *request*, and extract."""
        self.asked.append(request)
        return super().extract(request)


async def test_skipped_events_are_never_read(serve: Callable[..., Any]) -> None:
    """Skipped events are neither extracted nor history of other events."""
    extractor = Noting()
    async with serve(extractor=extractor) as client:
        await client.create("The launch code is Zanzibar 4711.", extractionMode="SKIP")
        await client.create("I live in Oslo and work as a geologist.", at=START + 1)
        await client.service.drain()
        assert not any("Zanzibar" in text for text in await client.contents())
    told = [item.text for each in extractor.asked for item in (*each.history, *each.messages)]
    assert told
    assert not any("Zanzibar" in text for text in told)


async def test_a_job_that_is_started_again_reads_in_order(serve: Callable[..., Any]) -> None:
    """Later events are not history of an earlier one; a summary stays in order."""
    async with serve() as client:
        client.service.fail_extraction(strategy="SUMMARIZATION")
        await client.create("I live in Oslo with my dog Rex.")
        await client.service.drain()
        client.service.clear_faults()
        await client.create("I work at the harbour as a pilot.", at=START + 1)
        await client.service.drain()
        (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
        again = {"extractionJob": {"jobId": job["jobID"]}}
        assert (await client.call("POST", "extractionJobs", "start", **again)).status == 200
        await client.service.drain()
        (summary,) = await client.contents("/summaries/ann/s1/")
    assert 0 < summary.index("Oslo") < summary.index("harbour")


async def test_a_search_finds_what_passes_however_much_does_not(
    serve: Callable[..., Any],
) -> None:
    """250 newer records, and 2,600 that fit the query better, do not hide the one that passes."""
    strategy = {"memoryStrategyId": "other-0123456789"}
    others = [f"Customer note {number}" for number in range(2600)]
    async with serve(behavior=Behavior(raw_prefix=True)) as client:
        alice = "Written down for good: a longer note on a customer."
        await client.put(alice, namespace="/users/alice/")
        for start in range(0, len(others), 100):
            await client.put(*others[start : start + 100], namespace="/notes/")
        found = await client.search("customer note", "/users/al")
        assert [record["namespaces"] for record in found] == [["/users/alice/"]]
        assert len(await client.search("customer note", "/notes/", topK=100)) == 20
        assert await client.search("customer note", "/notes/", **strategy) == []


async def test_what_is_ingested_keeps_its_metadata(serve: Callable[..., Any]) -> None:
    """STRICTLY_CONSISTENT keys apply to the metadata of ingested content."""
    extractor = Noting()
    async with serve(extractor=extractor) as client:
        reply = await client.call(
            "POST",
            "ingest",
            actorId="ann",
            sessionId="s1",
            contentTimestamp=START,
            source={
                "inline": {
                    "payload": [
                        {"conversational": {"role": "USER", "content": {"text": "I live in Oslo."}}}
                    ]
                }
            },
            metadata={"tenant": {"stringValue": "acme"}},
        )
        assert reply.status == 202, reply.raw
        rows = await client.service._context.store.read(
            lambda transaction: transaction.db.execute("SELECT metadata FROM events").fetchall()
        )
    assert rows == [('{"tenant":{"stringValue":"acme"}}',)]


async def test_stopping_waits_a_second_for_a_request(serve: Callable[..., Any]) -> None:
    """A client that hangs does not hold up the end of the service."""
    service = LocalMemoryService()
    await service.open()
    host, _, port = service.endpoint_url.removeprefix("http://").partition(":")
    stream = await anyio.connect_tcp(host, int(port))
    await stream.send(b"POST /memories/m/actors HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
    await anyio.sleep(0.05)
    began = time.monotonic()
    await service.aclose()
    assert time.monotonic() - began < 20  # by default it would be a minute
    await stream.aclose()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I need a flight that leaves at 9 am on Friday", "leaves at 9 am on"),
        ("I need to wake up at 5am to go running", "at 5am to go"),
        ("I have Type I diabetes", "Type I diabetes"),
        ("I think I am late", "they are late"),
    ],
)
def test_narration_keeps_hours_and_numerals(said: str, told: str) -> None:
    """Not every "am" and "I" is of the speaker."""
    assert told in about_speaker(said, "The user")


async def test_numbers_beyond_json_are_refused(client: Client) -> None:
    """1e999 is refused: it would be returned as Infinity, which is not JSON."""
    body = b'{"actorId":"a","sessionId":"s","eventTimestamp":1,"payload":[{"blob":{"x":1e999}}]}'
    reply = await client.send("POST", f"/memories/{client.memory}/events", raw=body)
    assert (400, "ValidationException") == (reply.status, reply.code)
