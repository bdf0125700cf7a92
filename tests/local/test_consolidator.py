"""Extractors that consolidate all records of a request at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local import (
    Behavior,
    BuiltInExtractor,
    Change,
    ConsolidationRequest,
    ExtractorError,
)
from tests.local.local_client import START
from tests.local.model_server import failures
from tests.local.test_strategies import REPAIR, memory, talk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from agentcore_memory_async.local import ExtractionRequest


class Deciding(BuiltInExtractor):
    """An extractor whose facts are the messages, and whose decisions are those of a test."""

    def __init__(self, decide: Callable[[ConsolidationRequest], Any] | None = None) -> None:
        self.decide = decide or (lambda request: list(map(Change, request.new)))
        self.asked: list[ConsolidationRequest] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Return the texts of the messages as facts."""
        if request.kind != "SEMANTIC":
            return super().extract(request)
        return [item.text for item in request.messages]

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Fail: who consolidates is not asked."""
        raise AssertionError

    async def consolidate(self, request: ConsolidationRequest) -> Sequence[Change]:
        """Return what the test decides."""
        self.asked.append(request)
        if self.meanwhile is not None:
            await self.meanwhile()
        decided: Sequence[Change] = self.decide(request)
        return decided


def replacing(old: str, new: str) -> Callable[[ConsolidationRequest], list[Change]]:
    """Return a decision that replaces one record."""
    return lambda request: [Change(new, request.existing.index(old))]


async def test_it_gets_similar_records_and_the_newest(serve: Callable[..., Any]) -> None:
    """Nothing of other strategies is among them, and without any it is not asked."""
    extractor = Deciding()
    async with serve(extractor=extractor) as client:
        await client.put("a dog of no strategy")
        await talk(client, ("USER", "my dog is called Rex"))
        assert [] == extractor.asked
        others = [f"number {number}" for number in range(12)]
        for place, text in enumerate(others):
            await talk(client, ("USER", text), at=START + 10 + place)
        await talk(client, ("USER", "my dog is old"), at=START + 60)
    last = extractor.asked[-1]
    assert ("SEMANTIC", ("my dog is old",)) == (last.kind, last.new)
    assert {"my dog is called Rex", *others[-10:]} == set(last.existing)


@pytest.mark.parametrize(
    ("decide", "expected"),
    [
        (lambda _: [], {"a cat", "a dog"}),
        (lambda _: [Change("a bird")], {"a cat", "a dog", "a bird"}),
        (lambda _: [Change(" ")], {"a cat", "a dog"}),
        (replacing("a dog", "an old dog"), {"a cat", "an old dog"}),
        (replacing("a dog", "a dog"), {"a cat", "a dog"}),
        (replacing("a dog", "a cat"), {"a cat"}),
    ],
    ids=["skip", "add", "blank", "update", "the same text", "the text of another"],
)
async def test_what_it_decides_is_written(
    serve: Callable[..., Any], decide: Any, expected: set[str]
) -> None:
    """What no change carries on is skipped, and no text is there twice."""
    extractor = Deciding()
    async with serve(extractor=extractor) as client:
        await talk(client, ("USER", "a cat"), ("USER", "a dog"))
        kept = {item["content"]["text"]: item["memoryRecordId"] for item in await client.records()}
        extractor.decide = decide
        await talk(client, ("USER", "a dog again"), at=START + 60)
        found = {
            item["content"]["text"]: item["memoryRecordId"]
            for item in await client.records("/facts/")
        }
        assert expected == set(found)
        assert all(found[text] == kept[text] for text in expected & kept.keys())


@pytest.mark.parametrize(
    "decide",
    [
        lambda _: ["a dog"],
        lambda _: None,
        lambda _: [Change("a dog", 1)],
        lambda _: [Change("a dog", -1)],
    ],
    ids=["texts", "nothing", "no such record", "negative"],
)
async def test_other_decisions_fail_the_job(serve: Callable[..., Any], decide: Any) -> None:
    """The records stay as they were, and the job can be started again."""
    extractor = Deciding()
    async with serve(extractor=extractor) as client:
        await talk(client, ("USER", "a cat"))
        extractor.decide = decide
        await talk(client, ("USER", "a dog"), at=START + 60)
        assert ["a cat"] == await client.contents("/facts/")
        assert {"INTERNAL_ERROR"} == await failures(client)


async def test_a_record_that_is_gone_meanwhile(serve: Callable[..., Any]) -> None:
    """An update of a record that somebody deleted adds the new text."""
    extractor = Deciding(replacing("a dog", "an old dog"))
    async with serve(extractor=extractor) as client:
        await talk(client, ("USER", "a dog"))
        (record,) = await client.records("/facts/")
        record_id = record["memoryRecordId"]
        extractor.meanwhile = lambda: client.call("DELETE", "memoryRecords", record_id)
        await talk(client, ("USER", "it is old"), at=START + 60)
        assert ["an old dog"] == await client.contents("/facts/")


async def test_it_is_not_asked_without_consolidation(serve: Callable[..., Any]) -> None:
    """``Behavior(consolidate=False)`` adds everything."""
    extractor = Deciding()
    async with serve(extractor=extractor, behavior=Behavior(consolidate=False)) as client:
        await talk(client, ("USER", "a dog"))
        await talk(client, ("USER", "a dog"), at=START + 60)
        assert ["a dog", "a dog"] == await client.contents("/facts/")
    assert [] == extractor.asked


async def test_a_reflection_that_fails_there_fails_its_episode(serve: Callable[..., Any]) -> None:
    """Started again, the job writes the episode once; no episode is compared."""

    def fail(_: ConsolidationRequest) -> list[Change]:
        raise ExtractorError("MODEL_ERROR")

    extractor, together = Deciding(), ["/episodes/{actorId}/"]
    episodic = {
        "name": "Episodes",
        "namespaceTemplates": together,
        "reflectionConfiguration": {"namespaceTemplates": together},
    }
    async with serve(extractor=extractor) as client:
        await memory(client, {"episodicMemoryStrategy": episodic})
        done = ("USER", "Perfect, that solved it, thank you!")
        for number, provider in enumerate(("Fibernet", "Wirenet", "Cablenet")):
            extractor.decide = fail if number == 2 else extractor.decide
            said = ((role, text.replace("Fibernet", provider)) for role, text in REPAIR)
            await talk(client, *said, done, at=START + 600 * number, session=f"s{number}")
            if number == 1:
                first = await client.contents("/episodes/")
                assert 3 == len(first)
        assert sorted(first) == sorted(await client.contents("/episodes/"))
        assert {"MODEL_ERROR"} == await failures(client)
        extractor.decide = lambda request: [Change(request.new[0], 0)]
        (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
        start = {"extractionJob": {"jobId": job["jobID"]}}
        await client.call("POST", "extractionJobs", "start", **start)
        await client.service.drain()
        kinds = [text.partition(">")[0] for text in await client.contents("/episodes/")]
        assert ["<episode", "<episode", "<episode", "<reflection"] == sorted(kinds)
    assert {"REFLECTION"} == {request.kind for request in extractor.asked}
    assert not any("<episode>" in text for item in extractor.asked for text in item.existing)
