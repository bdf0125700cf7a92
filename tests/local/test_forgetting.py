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
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    Conversation,
    ForgettingReport,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
    JsonPayload,
    RetryPolicy,
    ServiceLimits,
    ServiceUnavailableError,
    TransportError,
)
from agentcore_memory_async.local import (
    AutoClock,
    Behavior,
    BuiltInExtractor,
    LocalMemoryService,
    ManualClock,
)
from tests.client.doubles import said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agentcore_memory_async import AsyncMemorySessionManager
    from agentcore_memory_async._transport.base import Answer, Transport
    from agentcore_memory_async.local import ExtractionRequest

MEMORY = "chat-a1B2c3D4e5"
CANARY = "qzvanishesqz"
"""In each text of the actor that is forgotten, and nowhere else."""
NAMESPACES = {
    "facts": "/facts/{actorId}/",
    "preferences": "/preferences/{actorId}/",
    "summaries": "/summaries/{actorId}/{sessionId}/",
}
START = datetime(2026, 1, 1, tzinfo=UTC)
FAST = ServiceLimits(None, None)
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


def vacuumed(path: Path) -> Path:
    """Return the service's file, without the pages that it has freed."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("VACUUM")
    return path


def tables_with_canary(path: Path) -> set[str]:
    """Return the tables of the service's file that have anything of the actor."""
    with closing(sqlite3.connect(path)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = {name: db.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables}
    return {name for name, of_table in rows.items() if CANARY in str(of_table)}


def is_in_file(path: Path) -> bool:
    """Return whether a byte of the actor is in the service's file, or in one beside it."""
    files = path.parent.glob(path.name + "*")
    return any(CANARY.encode() in file.read_bytes() for file in files)


async def forgotten(path: Path, events: int, records_count: int, interruptions: int) -> str:
    """Forget one of two actors, check that only it is gone, and return figures."""
    source = random.Random(11)
    began = time.monotonic()
    async with (
        LocalMemoryService(path, clock=AutoClock(), extraction_delay=90.0) as service,
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
            await session.ingest_data([{"role": "user", "content": f"{text} I live in {CANARY}."}])
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
    assert not is_in_file(vacuumed(path))
    assert faulty.faults
    return (
        f"{events:,} events and {records_count:,} records twice, {interruptions} interruptions, "
        f"{faulty.faults:,} faults: made in {started - began:.1f} s, forgotten in "
        f"{ended - started:.1f} s"
    )


class Held:
    """The built-in extractor, which waits for a test."""

    def __init__(self) -> None:
        self.began = anyio.Event()
        self.may_go_on = anyio.Event()
        self._inner = BuiltInExtractor()

    async def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Extract, once the test says so."""
        self.began.set()
        await self.may_go_on.wait()
        return self._inner.extract(request)

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Replace nothing."""
        return False


@pytest.mark.parametrize("way", ["add_turns", "ingest_data"])
async def test_records_of_an_extraction_under_way_are_deleted_too(way: str, tmp_path: Path) -> None:
    """The extractor has read the messages when they are deleted, and writes its records later."""
    path, held, clock = tmp_path / "memory.db", Held(), AutoClock()
    text = f"I live in {CANARY}. I prefer {CANARY} seats."
    async with (
        LocalMemoryService(path, clock=clock, extractor=held) as service,
        service.manager(MEMORY, namespaces=NAMESPACES) as manager,
    ):
        session = await manager.create_memory_session("anna", "s1")
        await session.add_turns([{"role": "user", "content": "hello"}])
        await getattr(session, way)([{"role": "user", "content": text}])
        with anyio.fail_after(30):
            clock.advance(1.0)
            await held.began.wait()
        forgetting = manager.forget_actor("anna")
        async for step in forgetting:
            if step.phase == "events":
                assert await session.list_events() == []
                held.may_go_on.set()
        report = await forgetting
        assert report.deleted.records
        assert await manager.list_long_term_memory_records("/") == []
    assert not is_in_file(vacuumed(path))


async def test_ingested_content_is_kept_until_it_is_extracted_and_no_longer(tmp_path: Path) -> None:
    """Content of a failed job stays for its restart; that of no strategy goes at once."""
    path = tmp_path / "memory.db"
    async with (
        LocalMemoryService(path, clock=AutoClock()) as service,
        service.manager(MEMORY, namespaces=NAMESPACES) as manager,
    ):
        session = await manager.create_memory_session("anna", "s1")
        service.fail_extraction(times=3)
        await session.ingest_data([{"role": "user", "content": f"I live in {CANARY}."}])
        await service.drain()
        assert is_in_file(path)
        for job in await manager.list_memory_extraction_jobs():
            await manager.start_memory_extraction_job(job.job_id)
        await service.drain()
        assert await manager.list_long_term_memory_records("/facts/anna/")
        await manager.forget_actor("anna")
    assert not is_in_file(vacuumed(path))


async def test_an_older_file_loses_what_it_has_extracted_of_ingested_content(
    tmp_path: Path,
) -> None:
    """Its rows are dropped when the file is brought up to date; what is pending stays."""
    path = tmp_path / "memory.db"
    async with (
        LocalMemoryService(path, extraction_delay=1000.0) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await manager.create_memory_session("anna", "s1")
        for text in (f"I live in {CANARY}.", "I live in Turin."):
            await session.ingest_data([{"role": "user", "content": text}])
    with closing(sqlite3.connect(path)) as db:
        extracted = "SELECT event_id FROM events WHERE payload LIKE ?"
        db.execute(f"DELETE FROM pending WHERE event_id = ({extracted})", (f"%{CANARY}%",))
        db.execute("PRAGMA user_version = 7")
        db.commit()
    async with LocalMemoryService(path):
        pass
    assert not is_in_file(vacuumed(path))
    assert b"Turin" in path.read_bytes()


async def test_a_strict_service_throttles_nothing() -> None:
    """With its quotas, an import and a deletion by default limits meet none of them."""
    events = [HistoryEvent((JsonPayload(number),), START) for number in range(7)]
    chats = [Conversation("anna", f"s{number}", events) for number in range(2)]
    async with (
        LocalMemoryService(behavior=Behavior(throttle=True)) as service,
        service.manager(MEMORY, namespaces=NAMESPACES) as manager,
    ):
        await manager.import_conversations([*chats, *records("anna", 300, "x")], extract=False)
        report = await manager.forget_actor("anna", settle=0)
        errors = [each.error for each in service.calls()]
    assert (report.deleted.events, report.deleted.records) == (14, 300)
    assert set(errors) == {None}


async def test_of_a_session_whose_events_are_gone_only_ids_are_left_for_a_day(
    tmp_path: Path,
) -> None:
    """Names of branches, metadata and failed jobs go with the events, the ids a day later."""
    path, actor_id, clock = tmp_path / "memory.db", f"a-{CANARY}", ManualClock(START)
    async with LocalMemoryService(path, clock=clock) as service:
        async with service.manager(MEMORY, limits=FAST) as manager:
            session = await manager.create_memory_session(actor_id, "s1")
            service.fail_extraction()
            first = await session.add_turns([said("hello")], metadata={CANARY: CANARY})
            await session.fork_conversation([said("again")], first.event_id, CANARY)
            await service.drain()
            assert await manager.list_memory_extraction_jobs()
            await manager.forget_actor(actor_id, namespaces=NAMESPACES, settle=0)
            assert not await manager.list_memory_extraction_jobs()
        assert tables_with_canary(path) == {"actors", "sessions"}
        clock.advance(timedelta(days=2))
        with anyio.fail_after(30):
            while tables_with_canary(path):
                await anyio.sleep(0.01)
    assert not is_in_file(vacuumed(path))


@pytest.mark.timeout(120)
async def test_nothing_of_the_actor_is_left(tmp_path: Path) -> None:
    """Neither the service nor its file has anything of the actor, and all of the others."""
    await forgotten(tmp_path / "memory.db", events=120, records_count=60, interruptions=50)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = forgotten(Path(folder) / "memory.db", 10_000, 5_000, 50)
        print(asyncio.run(found))
