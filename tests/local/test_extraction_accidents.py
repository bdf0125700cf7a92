"""What goes wrong while an extraction runs: extractors that fail in odd ways, deleted memories."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async.local import (
    BuiltInExtractor,
    Extraction,
    ExtractionRequest,
    SystemClock,
)
from tests.local.local_client import START
from tests.local.test_growth import Counted
from tests.local.test_strategies import EPISODIC, memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FACT = "The user lives in Oslo."


class CancelledCoroutine(BuiltInExtractor):
    """A coroutine function that waits for something that is cancelled, for one kind."""

    async def extract(self, request: ExtractionRequest) -> Sequence[str]:  # type: ignore[override]
        """Extract; a summary never is."""
        await anyio.sleep(0)
        if request.kind == "SUMMARIZATION":
            answer = asyncio.get_running_loop().create_future()
            answer.cancel()
            await answer
        await anyio.sleep(0.01)
        return super().extract(request)


class CancelledFunction(BuiltInExtractor):
    """A plain function whose own loop is cancelled, for one kind."""

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Extract; a summary never is."""
        if request.kind == "SUMMARIZATION":
            raise asyncio.CancelledError
        return super().extract(request)


@pytest.mark.parametrize("kind", [CancelledCoroutine, CancelledFunction])
async def test_what_an_extractor_waited_for_is_cancelled(
    serve: Callable[..., Any], kind: Callable[[], BuiltInExtractor]
) -> None:
    """It fails that job, which can be started again, and no other strategy's."""
    async with serve(extractor=kind()) as client:
        await client.create(FACT)
        await client.service.drain()
        assert await client.contents("/facts/ann/") == [FACT]
        (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
        assert job["failureReason"] == "CUSTOM_MODEL_BEDROCK_INTERNAL_ERROR"
        assert await Counted(client.service, 0).count_rows("open_parts") == 0


class NeverReplaces(BuiltInExtractor):
    """An extractor that can't tell what replaces what."""

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Raise."""
        raise RuntimeError(kind, new, old)


async def test_a_failure_in_a_hurry_ends(serve: Callable[..., Any]) -> None:
    """Events that drain() extracts before they are due become failed jobs, too."""
    clock = SystemClock()
    async with serve(extractor=NeverReplaces(), clock=clock, extraction_delay=3600) as client:
        for text in (FACT, "I live in Rome now."):
            await client.create(text, at=START)
            with anyio.fail_after(20):
                await client.service.drain()
        assert await client.contents("/facts/ann/") == [FACT]
        jobs = (await client.call("POST", "extractionJobs")).body["jobs"]
        assert {job["failureReason"] for job in jobs} == {"LTM_RATE_EXCEEDED"}


class Waiting(BuiltInExtractor):
    """An extractor that waits until it is released, and then may fail."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.started = anyio.Event()
        self.release = anyio.Event()

    async def extract(self, request: ExtractionRequest) -> Sequence[str]:  # type: ignore[override]
        """Extract once released."""
        self.started.set()
        await self.release.wait()
        if self.fails:
            raise TimeoutError
        return super().extract(request)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_memory_is_deleted_while_it_is_extracted(
    serve: Callable[..., Any], *, fails: bool
) -> None:
    """Nothing is written into it any more: it would stay for ever."""
    extractor = Waiting(fails=fails)
    async with serve(extractor=extractor, extraction_delay=0) as client:
        await memory(client, EPISODIC)
        await client.create(FACT)
        with anyio.fail_after(20):
            await extractor.started.wait()
        assert (await client.send("DELETE", f"/memories/{client.memory}/delete")).status == 202
        extractor.release.set()
        await client.service.drain()
        counted = Counted(client.service, 0)
        for table in ("records", "record_paths", "pending", "open_parts", "failed_jobs"):
            assert await counted.count_rows(table) == 0


class FailingReflection(BuiltInExtractor):
    """An extractor whose episodes are worded anew each time, and which can't reflect at first."""

    def __init__(self) -> None:
        self.episodes = 0
        self.fails = True

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Extract; a reflection not at first."""
        if request.kind == "REFLECTION" and self.fails:
            raise TimeoutError
        if request.kind == "REFLECTION":
            return ["<reflection><title>Flights</title></reflection>"]
        made = super().extract(request)
        if request.kind != "EPISODIC" or not made:
            return made
        self.episodes += 1
        texts = [text.replace("</", f" as told {self.episodes}</", 1) for text in made]
        return Extraction(texts, settled=len(request.history) + len(request.messages))


async def test_an_episode_is_written_with_its_reflection(serve: Callable[..., Any]) -> None:
    """If that fails, starting the job again brings both, and no second episode."""
    extractor = FailingReflection()
    async with serve(extractor=extractor) as client:
        await memory(client, EPISODIC)
        await client.create("I need help with my flight to Lima on Monday.", at=START)
        await client.create("Your flight leaves at 8 am.", role="ASSISTANT", at=START + 1)
        await client.create("It works now, thanks!", at=START + 2)
        await client.service.drain()
        assert await client.contents("/episodes/") == []
        (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
        assert job["failureReason"] == "CUSTOM_MODEL_BEDROCK_MODEL_TIMEOUT"
        extractor.fails = False
        start = {"extractionJob": {"jobId": job["jobID"]}}
        assert (await client.call("POST", "extractionJobs", "start", **start)).status == 200
        await client.service.drain()
        found = [text.split(">", 1)[0] for text in await client.contents("/episodes/")]
        assert sorted(found) == ["<episode", "<reflection"]
