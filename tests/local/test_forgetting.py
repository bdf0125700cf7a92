"""
Forgetting on the local service: faults, interruptions and extraction under way leave nothing.

``python -m tests.local.test_forgetting`` runs it with 10,000 events and 5,000 records.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    Conversation,
    ForgettingReport,
    HistoryMessage,
    HistoryRecord,
    RetryPolicy,
    ServiceLimits,
    ServiceUnavailableError,
    TransportError,
)
from agentcore_memory_async.local import AutoClock, LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async import AsyncMemorySessionManager
    from agentcore_memory_async._transport.base import Answer, Transport

MEMORY = "chat-a1B2c3D4e5"
CANARY = "qzvanishesqz"
"""In each text of the actor that is forgotten, and nowhere else."""
NAMESPACES = {"facts": "/facts/{actorId}/", "preferences": "/preferences/{actorId}/"}
START = datetime(2026, 1, 1, tzinfo=UTC)
FAST = ServiceLimits(events_per_second=100_000, other_events_per_second=100_000)
QUICK = RetryPolicy(backoff=0.001, throttled_backoff=0.001, max_backoff=0.01)


class Faulty:
    """A transport that loses a fifth of the requests or of their answers."""

    def __init__(self, inner: Transport, source: random.Random) -> None:
        self._inner = inner
        self.random = source
        self.faults = 0
        self.left = 0
        self.scope = anyio.CancelScope()

    def cut_after(self, requests: int, scope: anyio.CancelScope) -> None:
        """Cancel *scope* at so many requests from now on."""
        self.left, self.scope = requests, scope

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Send a request, or not."""
        self.left -= 1
        if not self.left:
            self.scope.cancel()
        drawn = self.random.random()
        if drawn < 0.05:
            self.faults += 1
            raise TransportError(operation, "lost on the way there", sent=True)
        if drawn < 0.1:
            self.faults += 1
            raise ServiceUnavailableError(operation, "InternalServerError", "down", 503)
        answer = await self._inner(operation, params)
        if drawn < 0.2:
            self.faults += 1
            raise TransportError(operation, "lost on the way back", sent=True)
        return answer


def conversations(actor_id: str, events: int, word: str) -> list[Conversation]:
    """Return the history of an actor, in sessions of 50 messages."""
    return [
        Conversation(
            actor_id,
            f"s{first}",
            [
                HistoryMessage(f"{word} {number}", "user", START + timedelta(seconds=number))
                for number in range(first, min(first + 50, events))
            ],
        )
        for first in range(0, events, 50)
    ]


def records(actor_id: str, count: int, word: str) -> list[HistoryRecord]:
    """Return records of an actor, in both namespaces and below."""
    places = [f"/facts/{actor_id}/", f"/preferences/{actor_id}/", f"/facts/{actor_id}/more/"]
    return [HistoryRecord(places[number % 3], f"{word} {number}", START) for number in range(count)]


async def interrupted(
    manager: AsyncMemorySessionManager, faulty: Faulty, longest: int, times: int
) -> ForgettingReport:
    """Cut forgetting off so many times, every other time for good, then let it end."""
    forgetting = manager.forget_actor("anna")
    for number in range(times):
        with anyio.CancelScope() as scope:
            faulty.cut_after(faulty.random.randint(1, longest), scope)
            await forgetting
        assert scope.cancelled_caught
        assert not manager._core.retrier._running  # nothing in flight
        if number % 2:
            forgetting = manager.forget_actor("anna")
    return await manager.forget_actor("anna")


def is_in_file(path: Path) -> bool:
    """Return whether a byte of the actor is in the service's file, or in one beside it."""
    files = path.parent.glob(path.name + "*")
    return any(CANARY.encode() in file.read_bytes() for file in files)


async def forgotten(path: Path, events: int, records_count: int, interruptions: int) -> str:
    """Forget one of two actors, check that only it is gone, and return figures."""
    source = random.Random(11)
    began = time.monotonic()
    async with (
        LocalMemoryService(path, clock=AutoClock()) as service,
        service.manager(MEMORY, namespaces=NAMESPACES, limits=FAST, retry=QUICK) as manager,
    ):
        for actor_id, word in (("anna", CANARY), ("annabel", "stays")):
            history = conversations(actor_id, events, word)
            held = records(actor_id, records_count, word)
            await manager.import_conversations([*history, *held], extract=False)
        before = [item async for item in manager.export(["annabel"])]
        session = await manager.create_memory_session("anna", "flight")
        for number in range(20):  # its extraction is under way when forgetting begins
            text = f"I own the {CANARY} number {number}. I prefer {CANARY} seats."
            await session.add_turns([{"role": "user", "content": text}])
        faulty = Faulty(manager._core.retrier._transport, source)
        manager._core.retrier._transport = faulty
        started = time.monotonic()
        report = await interrupted(manager, faulty, max(30, events // 10), interruptions)
        ended = time.monotonic()
        manager._core.retrier._transport = faulty._inner

        assert report.remaining == ()
        left = [item async for item in manager.export(["anna"])]
        assert left == []
        await service.drain()
        assert [item async for item in manager.export(["anna"])] == []
        assert [item async for item in manager.export(["annabel"])] == before
    with sqlite3.connect(path) as db:
        db.execute("VACUUM")
    db.close()
    assert not is_in_file(path)
    assert faulty.faults
    return (
        f"{events:,} events and {records_count:,} records twice, {interruptions} interruptions, "
        f"{faulty.faults:,} faults: made in {started - began:.1f} s, forgotten in "
        f"{ended - started:.1f} s"
    )


@pytest.mark.timeout(120)
async def test_nothing_of_the_actor_is_left(tmp_path: Path) -> None:
    """Neither the service nor its file has anything of the actor, and all of the others."""
    await forgotten(tmp_path / "memory.db", events=120, records_count=60, interruptions=50)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = forgotten(Path(folder) / "memory.db", 10_000, 5_000, 50)
        print(asyncio.run(found))
