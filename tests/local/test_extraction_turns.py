"""No session waits for another's extraction, and a large one takes turns with the others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async.local import BuiltInExtractor, ExtractionRequest, ManualClock
from agentcore_memory_async.local._operations.dispatch import perform
from tests.local.local_client import START

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.local.local_client import Client

SLOW = 12
"""Sessions whose extraction takes as long as the test."""


class SlowFunction(BuiltInExtractor):
    """A plain function that waits, for some actors."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Extract; for a slow actor, once it is released."""
        if request.actor_id.startswith("slow"):
            self.release.wait(20)
        return super().extract(request)


class SlowCoroutine(BuiltInExtractor):
    """A coroutine function that waits, for some actors."""

    def __init__(self) -> None:
        self.release = anyio.Event()

    async def extract(self, request: ExtractionRequest) -> Sequence[str]:  # type: ignore[override]
        """Extract; for a slow actor, once it is released."""
        if request.actor_id.startswith("slow"):
            await self.release.wait()
        return super().extract(request)


@pytest.mark.parametrize("kind", [SlowFunction, SlowCoroutine])
async def test_a_slow_extractor_delays_only_its_own_session(
    serve: Callable[..., Any], kind: Callable[[], Any]
) -> None:
    """Another actor's fact is there while the extraction of many sessions still waits."""
    extractor = kind()
    async with serve(extractor=extractor, extraction_delay=0) as client:
        try:
            for number in range(SLOW):
                await client.create("The user lives in Oslo.", actor=f"slow{number}")
            await client.create("The user lives in Rome.", actor="quick")
            with anyio.fail_after(15):
                while not await client.contents("/facts/quick/"):
                    pass
            assert client.service.pending_sessions == SLOW
            assert await client.contents("/facts/slow0/") == []
        finally:
            extractor.release.set()
        await client.service.drain()
        for number in range(SLOW):
            assert await client.contents(f"/facts/slow{number}/") == ["The user lives in Oslo."]


class Noting(BuiltInExtractor):
    """An extractor that notes whom it extracts for, and how many messages are new."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Extract."""
        if request.kind == "SEMANTIC":
            self.calls.append((request.actor_id, len(request.messages)))
        return super().extract(request)


async def store(client: Client, actor: str, count: int) -> None:
    """Store facts of an actor, past HTTP."""
    for number in range(count):
        payload = [
            {
                "conversational": {
                    "role": "USER",
                    "content": {"text": f"The user owns boat {number}."},
                }
            }
        ]
        params = {
            "actorId": actor,
            "sessionId": "s1",
            "eventTimestamp": START + number,
            "payload": payload,
        }
        await perform(client.service._context, "CreateEvent", client.memory, params)


async def test_large_sessions_take_turns_with_the_others(serve: Callable[..., Any]) -> None:
    """However much several sessions have, a round of each is small, and a small one comes soon."""
    extractor = Noting()
    large = ("a1", "a2", "a3")
    async with serve(extractor=extractor) as client:
        for actor in large:
            await store(client, actor, 400)
        await store(client, "zoe", 1)
        await client.service.drain()
        for actor in (*large, "zoe"):
            new = sum(count for name, count in extractor.calls if name == actor)
            assert new == (400 if actor in large else 1)
        assert max(count for _, count in extractor.calls) <= 50
        assert [name for name, _ in extractor.calls].index("zoe") <= 6
        texts = await client.contents("/facts/a1/", maxResults=100)
        assert len(texts) == 100


async def test_a_session_that_is_cut_off_goes_on_after_a_restart(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """Rounds that are written are not done again, and the others are not lost."""
    path = tmp_path / "memory.db"
    first = Noting()
    stop = anyio.Event()

    class Stopping(Noting):
        async def extract(self, request: ExtractionRequest) -> Sequence[str]:  # type: ignore[override]
            done = sum(count for _, count in first.calls)
            if request.kind == "SEMANTIC" and done >= 100:
                stop.set()
                await anyio.sleep_forever()
            return first.extract(request)

    async with serve(path, extractor=Stopping()) as client:
        await store(client, "ann", 300)
        client.clock.advance(1)
        await stop.wait()
    again = Noting()
    async with serve(path, extractor=again, clock=ManualClock(START + 10)) as client:
        await client.service.drain()
        rest = sum(count for _, count in again.calls)
        assert rest == 200
        seen: set[str] = set()
        token: dict[str, str] = {}
        while True:
            members = {"namespacePath": "/facts/ann/", "maxResults": 100} | token
            page = (await client.call("POST", "memoryRecords", **members)).body
            for record in page["memoryRecordSummaries"]:
                assert record["content"]["text"] not in seen
                seen.add(record["content"]["text"])
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        assert seen == {f"The user owns boat {number}." for number in range(300)}
