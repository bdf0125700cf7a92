"""What a record can come from: exact by a key that was passed on, else by its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from agentcore_memory_async import (
    AsyncMemorySession,
    Event,
    IndexedKey,
    InvalidInputError,
    MemoryRecord,
    MetadataField,
    Origin,
    SemanticStrategy,
)
from agentcore_memory_async._wire.explanations import explain
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests.client.doubles import manager_on, said
from tests.control.doubles import FACTS, answer, control_on

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)
SKEW = timedelta(minutes=5)
PREFIX = "/facts/{actorId}/"


def event(at: timedelta, **metadata: str) -> Event:
    """Return an event *at* after now."""
    return Event("1#a", None, None, (), NOW + at, "a", "s", metadata=metadata)


def record(timestamp: datetime | None = NOW, **metadata: Any) -> MemoryRecord:
    """Return a record that was written now."""
    return MemoryRecord("/facts/a/", "x", None, NOW, metadata=metadata, timestamp=timestamp)


@pytest.mark.parametrize("describes", [True, False])
async def test_a_record_comes_from_the_events_of_its_key(describes: bool) -> None:
    """The events with the key's value are those that it comes from, once it is known to be one."""
    schema = [MetadataField("topic", extraction_type="STRICTLY_CONSISTENT")]
    async with (
        LocalMemoryService(strict=True, clock=AutoClock()) as service,
        service.control() as control,
    ):
        memory = await control.create_memory(
            "chat",
            strategies=[SemanticStrategy("facts", PREFIX, record_schema=schema)],
            indexed_keys=[IndexedKey("topic")],
        )
        async with service.manager(memory.memory_id) as manager:
            if describes:
                await manager.describe(control)
            session = await manager.create_memory_session("anna", "chat001")
            home = await session.add_turns([said("I live in Turin.")], metadata={"topic": "home"})
            work = await session.add_turns([said("I work in Rome.")], metadata={"topic": "work"})
            for stored, topic in ((home, "home"), (work, "work")):
                [found] = await session.wait_for_extraction(
                    PREFIX, since=stored, exact=("topic", topic)
                )
                why = await session.explain(found)
                if not describes:
                    assert ("time", ()) == (why.by, why.keys)
                    assert {home.event_id, work.event_id} == {each.event_id for each in why.events}
                    continue
                assert ("key", ("topic",)) == (why.by, why.keys)
                assert [stored.event_id] == [each.event_id for each in why.events]
                assert list(stored.messages) == list(why.messages)


async def test_without_a_key_it_is_told_by_time() -> None:
    """Without a key, all events before the record are told, the nearest first."""
    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager("chat-a1B2c3D4e5") as manager,
    ):
        session = await manager.create_memory_session("anna", "chat001")
        old = await session.add_turns([said("Hello.")], timestamp=NOW)
        stored = await session.add_turns([said("I live in Turin.")], origin=Origin("user"))
        [found] = await session.wait_for_extraction(PREFIX, since=stored)
        why = await session.explain(found)
        assert ("time", ()) == (why.by, why.keys)
        assert [stored.event_id, old.event_id] == [each.event_id for each in why.events]


@pytest.mark.parametrize("timestamp", [NOW, NOW - SKEW, NOW + SKEW, None], ids=str)
def test_what_came_later_is_no_source(timestamp: datetime | None) -> None:
    """Events are left out from 5 minutes after the record on, by its own or its content's time."""
    latest = max(timestamp or NOW, NOW) + SKEW - NOW
    events = [event(latest + MS), event(latest), event(-SKEW), event(timedelta(0))]
    found = explain(record(timestamp), events, set()).events
    assert set(map(id, events[1:])) == set(map(id, found))
    said_at = timestamp or NOW
    apart = [abs(each.timestamp - said_at) for each in found]
    assert sorted(apart) == apart


def test_only_keys_that_are_passed_on_count() -> None:
    """Keys that no strategy passes on, the service's own, and other values than text do not."""
    own = "x-amz-agentcore-memory-recordType"
    events = [event(-MS, k="a", other="b", **{own: "y"}), event(-MS, k="b", number="1")]
    metadata: dict[str, Any] = {"k": "a", "other": "c", own: "x", "number": 1.0}
    found = explain(record(**metadata), events, {"k", own, "number"})
    assert ((events[0],), ("k",)) == (found.events, found.keys)
    assert "time" == explain(record(**metadata), events, set()).by


async def test_all_branches_are_looked_through() -> None:
    """An event of a branch explains a record as one of the main branch does."""
    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager("chat-a1B2c3D4e5") as manager,
    ):
        session = await manager.create_memory_session("anna", "chat001")
        root = await session.add_turns([said("Hello.")])
        forked = await session.fork_conversation([said("Turin")], root.event_id, "b")
        events = (await session.explain(record(datetime.now(UTC)))).events
        assert {root.event_id, forked.event_id} == {each.event_id for each in events}


async def test_only_a_record_is_explained() -> None:
    """The id of a record is refused before any request."""
    transport = FakeTransport()
    async with manager_on(transport, clock=lambda: 0.0) as manager:
        with pytest.raises(InvalidInputError, match="record is str"):
            await AsyncMemorySession(manager, "a", "s").explain("mem-1")  # type: ignore[arg-type]
    assert [] == transport.requests


@pytest.mark.parametrize("extraction_type", ["LLM_INFERRED", "STRICTLY_CONSISTENT"])
@pytest.mark.parametrize("writes", ["mine", "another's"])
@pytest.mark.parametrize("actor_id", ["a", "b", "a/b"])
async def test_only_what_is_certain_is_told_by_key(
    extraction_type: str, writes: str, actor_id: str
) -> None:
    """
    A key that a model inferred, or that another strategy passes on, tells no more than time. Nor
    does that of another actor's record.
    """
    transport, described = FakeTransport(), FakeTransport()
    schema = {"metadataSchema": [{"key": "topic", "extractionType": extraction_type}]}
    plain = FACTS | {"strategyId": "other-0123456789", "name": "other"}
    strategies = [FACTS | {"memoryRecordSchema": schema}, plain]
    described.reply("GetMemory", answer(strategies=strategies))
    written_by = FACTS["strategyId"] if writes == "mine" else plain["strategyId"]
    is_exact = (writes, extraction_type, actor_id) == ("mine", "STRICTLY_CONSISTENT", "a")
    async with (
        manager_on(transport, allow_hierarchical_actor_ids=True) as manager,
        control_on(described) as control,
    ):
        await manager.describe(control)
        session = AsyncMemorySession(manager, actor_id, "s")
        found = evolve(
            record(datetime.now(UTC), topic="home"),
            created_at=datetime.now(UTC),
            memory_strategy_id=written_by,
        )
        why = await session.explain(found)
    assert ("key" if is_exact else "time") == why.by
    assert (("topic",) if is_exact else ()) == why.keys
