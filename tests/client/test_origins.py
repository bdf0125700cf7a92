"""Origins: a class of trust that events are given, that records keep, and searches keep to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    IndexedKey,
    InvalidInputError,
    MetadataField,
    Origin,
    RetrievalConfig,
    SemanticStrategy,
    ValidationError,
    where,
)
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import SlowService, manager_on, said, wire_record

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

KEY = "originSource"
SCHEMA = [MetadataField(KEY, extraction_type="STRICTLY_CONSISTENT")]
STORED = {KEY: {"stringValue": "web"}}


@pytest.fixture
async def session() -> AsyncGenerator[AsyncMemorySession]:
    """Return a session of a memory that passes origins on to its facts."""
    async with (
        LocalMemoryService(strict=True, clock=AutoClock()) as service,
        service.control() as control,
    ):
        memory = await control.create_memory(
            "chat",
            strategies=[SemanticStrategy("facts", "/facts/{actorId}/", record_schema=SCHEMA)],
            indexed_keys=[IndexedKey(KEY)],
        )
        async with service.manager(memory.memory_id) as manager:
            yield await manager.create_memory_session("anna", "chat001")


async def teach(session: AsyncMemorySession, *origins: str | None) -> None:
    """Store a fact of each origin, and wait for all of them."""
    async with session.extraction_poller("/facts/{actorId}/", min_records=len(origins)) as poller:
        for number, source in enumerate(origins):
            origin = None if source is None else Origin(source)
            cities = ("Turin", "Rome", "Bern", "Oslo")
            await session.add_turns([said(f"I live in {cities[number]}.")], origin=origin)
        await poller


async def test_records_have_the_origin_of_their_messages(session: AsyncMemorySession) -> None:
    """What was learned from the web says so, and records of different origins stay apart."""
    await teach(session, "user", "web", None)
    records = await session.list_long_term_memory_records("/facts/{actorId}/")
    found = {record.text.split()[-1].strip("."): record.origin for record in records}
    assert {"Turin": Origin("user"), "Rome": Origin("web"), "Bern": None} == found


async def test_searches_keep_to_trusted_origins(session: AsyncMemorySession) -> None:
    """A search for trusted records finds those of any of the named origins, and no other."""
    await teach(session, "user", "web", "tool", None)
    cases: list[list[str | Origin]] = [["user"], ["user", "tool"], ["import"]]
    cases.append(["tool", Origin("web"), "tool"])
    for trusted in cases:
        named = {each.source if isinstance(each, Origin) else each for each in trusted}
        found = await session.search_long_term_memories(
            "Where do I live?", "/facts/{actorId}/", 10, trusted=trusted
        )
        sources = [record.origin.source for record in found if record.origin]
        assert sorted(named - {"import"}) == sorted(sources)
        assert len(sources) == len(found)
        scores = [record.score or 0.0 for record in found]
        assert sorted(scores, reverse=True) == scores
        context = await session.retrieve_context(
            "Where do I live?", {"/facts/{actorId}/": RetrievalConfig()}, trusted=trusted
        )
        assert {each.text for each in found} == {each.text for each in context}
    assert 4 == len(await session.search_long_term_memories("live", "/facts/{actorId}/", 10))


async def test_a_model_answers_with_what_is_trusted(session: AsyncMemorySession) -> None:
    """A turn with a model keeps to trusted records, and stores its own origin."""
    await teach(session, "user", "web")
    result = await session.process_turn_with_llm(
        "Where do I live?",
        lambda _, memories: str(len(memories)),
        {"/facts/{actorId}/": RetrievalConfig()},
        trusted=["user"],
        origin=Origin("user"),
    )
    assert "1" == result.response
    assert {KEY: "user"} == result.event.metadata


async def test_a_memory_that_lacks_the_key_refuses() -> None:
    """Where origins are not indexed, a trusted search is an error that says what to add."""
    async with LocalMemoryService(strict=True) as service, service.control() as control:
        memory = await control.create_memory("chat")
        async with service.manager(memory.memory_id) as manager:
            with pytest.raises(ValidationError, match=r"originSource.*indexedKeys"):
                await manager.search_long_term_memories("q", "/facts/a/", trusted=["user"])


@virtual_time
async def test_every_way_to_store_takes_an_origin() -> None:
    """Turns, forks, buffered messages and ingested ones have the metadata of their origin."""
    transport, origin = FakeTransport(), Origin("web")
    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        event = await session.add_turns([said("hi")], origin=origin)
        await session.fork_conversation([said("hi")], event.event_id, "b", origin=origin)
        async with session.buffered(origin=origin) as buffer:
            await buffer.add(said("hi"))
        await session.ingest_data([said("hi")], origin=origin, metadata={"k": "v"})
    assert [STORED] * 3 == [each["metadata"] for each in transport.sent("CreateEvent")]
    [ingested] = transport.sent("IngestData")
    assert {**STORED, "k": {"stringValue": "v"}} == ingested["metadata"]


Call = Any
INVALID: list[tuple[str, Callable[[AsyncMemorySession], Awaitable[object]]]] = [
    ("origin is str", lambda s: s.add_turns([said("hi")], origin="web")),  # type: ignore[arg-type]
    ("source is empty", lambda s: s.add_turns([said("hi")], origin=Origin(""))),
    ("source has 257", lambda s: s.add_turns([said("hi")], origin=Origin("x" * 257))),
    ("source contains", lambda s: s.add_turns([said("hi")], origin=Origin("a,b"))),
    ("set by origin", lambda s: s.add_turns([said("hi")], metadata={KEY: "user"})),
    ("set by origin", lambda s: s.create_event("order", {}, metadata={KEY: "user"})),
    ("set by origin", lambda s: s.ingest_data([said("hi")], metadata={KEY: "user"})),
    (
        "14",
        lambda s: s.add_turns(
            [said("hi")], origin=Origin("web"), metadata={f"k{n}": "v" for n in range(15)}
        ),
    ),
    ("trusted is empty", lambda s: s.search_long_term_memories("q", trusted=[])),
    ("trusted is str", lambda s: s.search_long_term_memories("q", trusted="user")),
    (r"trusted\[1\]", lambda s: s.retrieve_context("q", {}, trusted=["user", "a,b"])),
    (
        "5 conditions.*trusted",
        lambda s: s.search_long_term_memories(
            "q", trusted=["user"], filters=[where(f"k{n}").exists() for n in range(5)]
        ),
    ),
]


@pytest.mark.parametrize(("match", "call"), INVALID, ids=[match for match, _ in INVALID])
@virtual_time
async def test_invalid_origins_are_refused_before_any_request(match: str, call: Call) -> None:
    """What the service would refuse, or would mean another thing, is refused here."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        with pytest.raises(InvalidInputError, match=match):
            await call(AsyncMemorySession(manager, "a", "s"))
    assert [] == transport.requests


@virtual_time
async def test_limits_are_taken_at_their_values() -> None:
    """A source of 256 characters beside 14 entries, and four conditions beside trusted ones."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        origin = Origin("x" * 256)
        event = await session.add_turns(
            [said("hi")], origin=origin, metadata={f"k{n}": "v" for n in range(14)}
        )
        filters = [where(f"k{n}").exists() for n in range(4)]
        await session.search_long_term_memories("q", trusted=[origin], filters=filters)
    assert 15 == len(event.metadata)
    [sent] = transport.sent("RetrieveMemoryRecords")
    assert 5 == len(sent["searchCriteria"]["metadataFilters"])


@virtual_time
async def test_an_answer_with_others_shows_none_of_them() -> None:
    """Records of other origins are left out even where a service ignores the filter."""
    transport = FakeTransport()
    texts = [{"stringValue": "user"}, {"stringValue": "web"}, {"numberValue": 1}]
    records = [wire_record(at, score=0.5, metadata={KEY: text}) for at, text in enumerate(texts)]
    transport.reply("RetrieveMemoryRecords", {"memoryRecordSummaries": records})
    async with manager_on(transport) as manager:
        found = await manager.search_long_term_memories("q", "/facts/a/", trusted=["user"])
    assert [Origin("user")] == [record.origin for record in found]


@virtual_time
async def test_origins_are_searched_at_once_and_cancelled_together() -> None:
    """Three origins take the time of one, and a cancelled search leaves none of them in flight."""
    transport = SlowService(takes_s=0.5)
    async with manager_on(transport) as manager:
        search = partial(
            manager.search_long_term_memories, "q", "/facts/a/", trusted=["user", "tool", "web"]
        )
        began = anyio.current_time()
        await search()
        assert 1.0 == anyio.current_time() - began
        with anyio.move_on_after(0.7) as scope:
            await search()
        assert scope.cancelled_caught
        assert 0 == transport.under_way
    assert 6 == len(transport.sent("RetrieveMemoryRecords"))


@virtual_time
async def test_the_error_of_one_origin_is_raised() -> None:
    """If the search for one origin fails, its error is raised by itself, and nothing returned."""
    transport = FakeTransport()
    transport.reply("RetrieveMemoryRecords", {"memoryRecordSummaries": []})
    transport.fail("RetrieveMemoryRecords", "AccessDeniedException", status=403)
    async with manager_on(transport) as manager:
        with pytest.raises(AccessDeniedError):
            await manager.search_long_term_memories("q", "/facts/a/", trusted=["user", "tool"])
