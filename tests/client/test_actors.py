"""Who a memory knows: actors and their sessions, on the manager and on the actor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentcore_memory_async import (
    ActorSummary,
    AnswerMismatchError,
    AsyncActor,
    AsyncMemorySessionManager,
    InvalidInputError,
    MemorySessionManager,
    RetryPolicy,
    SessionSummary,
    UnreadableItemWarning,
)
from agentcore_memory_async.local import LocalMemoryService, ManualClock
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import EPOCH_S, virtual_time
from tests.client.doubles import MEMORY, manager_on, pages, said, wire_record

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def wire_session(session_id: str, **members: Any) -> dict[str, Any]:
    """Return a session as the service lists it."""
    return {"sessionId": session_id, "actorId": "a", "createdAt": EPOCH_S} | members


Lists = Callable[[AsyncMemorySessionManager], Awaitable[list[Any]]]


async def iterated(manager: AsyncMemorySessionManager) -> list[SessionSummary]:
    """Return the sessions of an actor, iterated over."""
    return [each async for each in manager.actor("a").iter_sessions(page_size=7)]


SESSIONS: dict[str, Lists] = {
    "manager": lambda manager: manager.list_actor_sessions("a", page_size=7),
    "actor": lambda manager: manager.actor("a").list_sessions(page_size=7),
    "actor, iterated": iterated,
}


@pytest.mark.parametrize("call", SESSIONS)
@virtual_time
async def test_every_page_of_sessions_is_read(call: str) -> None:
    """Sessions come from every page, in the service's order, with the actor where none is named."""
    transport = FakeTransport()
    contents = [[wire_session("s1")], [], [wire_session("s2", actorId=None, new=1)]]
    transport.reply("ListSessions", *pages("sessionSummaries", *contents))
    async with manager_on(transport) as manager:
        found = await SESSIONS[call](manager)

    assert [SessionSummary("s1", "a", NOW), SessionSummary("s2", "a", NOW)] == found
    sent = transport.sent("ListSessions")
    assert {"memoryId": MEMORY, "actorId": "a", "maxResults": 7} == sent[0]
    assert [None, "t0", "t1"] == [params.get("nextToken") for params in sent]


@virtual_time
async def test_actors_are_listed_and_iterated() -> None:
    """Actors come from every page, up to the number that is asked for."""
    transport = FakeTransport()
    contents: list[list[dict[str, Any]]]
    contents = [[{"actorId": "a"}], [], [{"actorId": "enc-b", "new": 1}, {"actorId": "c"}]]
    listed = pages("actorSummaries", *contents)
    transport.reply("ListActors", *listed, *listed, listed[0])
    expected = [ActorSummary("a"), ActorSummary("enc-b"), ActorSummary("c")]
    async with manager_on(transport) as manager:
        assert expected == await manager.list_actors()
        assert expected == [each async for each in manager.iter_actors(page_size=1)]
        assert expected[:1] == await manager.list_actors(max_results=1)
    sizes = [params["maxResults"] for params in transport.sent("ListActors")]
    assert [100] * 3 + [1] * 3 + [1] == sizes


@virtual_time
async def test_an_iterator_is_left_with_nothing_in_flight() -> None:
    """Leaving an iterator early asks for no further page."""
    transport = FakeTransport()
    transport.reply("ListActors", *pages("actorSummaries", [{"actorId": "a"}], [{"actorId": "b"}]))
    async with manager_on(transport) as manager, aclosing(manager.iter_actors()) as found:
        assert ActorSummary("a") == await anext(found)
    assert 1 == len(transport.requests)


@pytest.mark.parametrize("call", SESSIONS)
@virtual_time
async def test_a_session_of_another_actor_is_never_shown(call: str) -> None:
    """A page with a session of another actor is another request's: it is asked for again."""
    transport = FakeTransport()
    wrong = {"sessionSummaries": [wire_session("s1"), wire_session("s2", actorId="bob")]}
    transport.reply("ListSessions", wrong, {"sessionSummaries": [wire_session("s1")]}, wrong)
    async with manager_on(transport) as manager:
        assert ["s1"] == [each.session_id for each in await SESSIONS[call](manager)]
        with pytest.raises(AnswerMismatchError, match="actorId"):
            await SESSIONS[call](manager.with_options(retry=RetryPolicy(max_attempts=1)))


@virtual_time
async def test_what_cannot_be_read_is_named_and_hides_nothing() -> None:
    """An unreadable actor or session is left out with a warning that names it."""
    transport = FakeTransport()
    transport.reply("ListActors", {"actorSummaries": [{"actorId": 5}, {"actorId": "a"}]})
    bad = wire_session("s1", createdAt="today")
    transport.reply("ListSessions", {"sessionSummaries": [bad, wire_session("s2")]})
    async with manager_on(transport) as manager:
        with pytest.warns(UnreadableItemWarning, match="actor number 1"):
            assert [ActorSummary("a")] == await manager.list_actors()
        with pytest.warns(UnreadableItemWarning, match="session s1: its createdAt is no time"):
            assert 1 == len(await manager.list_actor_sessions("a"))


async def test_the_service_knows_who_spoke() -> None:
    """Actors and sessions of the service are listed, those without events only if asked for."""
    clock = ManualClock()
    async with (
        LocalMemoryService(strict=False, clock=clock) as service,
        service.manager(MEMORY) as manager,
    ):
        written: dict[tuple[str, str], Any] = {}
        for actor_id, session_id in (("anna", "s1"), ("anna", "s2"), ("bob", "s1")):
            session = await manager.create_memory_session(actor_id, session_id, verify=False)
            written[actor_id, session_id] = session, await session.add_turns([said("hi")])
            clock.advance(1)
        assert {"anna", "bob"} == {each.actor_id for each in await manager.list_actors()}
        sessions = await manager.actor("anna").list_sessions(page_size=1)
        assert ["s2", "s1"] == [each.session_id for each in sessions]
        assert {"anna"} == {each.actor_id for each in sessions}
        assert timedelta(seconds=1) == sessions[0].created_at - sessions[1].created_at

        session, event = written["anna", "s1"]
        await session.delete_event(event.event_id)
        left = await manager.list_actor_sessions("anna", has_events=True)
        assert ["s2"] == [each.session_id for each in left]
        assert 2 == len(await manager.list_actor_sessions("anna"))
        assert [] == await manager.actor("nobody").list_sessions()


@virtual_time
async def test_an_actor_fills_in_its_id() -> None:
    """Prefixes of an actor's records are filled in with its id, and no session is known there."""
    transport = FakeTransport()
    record = wire_record(1, "/facts/a/", score=0.5)
    transport.reply("RetrieveMemoryRecords", {"memoryRecordSummaries": [record]})
    transport.reply("ListMemoryRecords", {"memoryRecordSummaries": [record]})
    async with manager_on(transport) as manager:
        actor = manager.actor("a")
        found = await actor.search_long_term_memories("q", "/facts/{actorId}/")
        listed = await actor.list_long_term_memory_records("/facts/{actorId}/")
        assert ["/facts/a/"] * 2 == [found[0].namespace, listed[0].namespace]
        with pytest.raises(InvalidInputError, match="sessionId"):
            await actor.list_long_term_memory_records("/facts/{sessionId}/")
        assert ("/facts/a/",) == actor.extraction_poller("/facts/{actorId}/").namespaces
    assert ["/facts/a/"] * 2 == [each.params["namespacePath"] for each in transport.requests]


@virtual_time
async def test_an_actor_is_made_without_a_request() -> None:
    """The manager, a session and the class make the same view; its id is checked."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        made = manager.actor("a"), session.get_actor(), AsyncActor(manager, "a")
        assert ["<AsyncActor a, memory chat-a1B2c3D4e5>"] * 3 == list(map(repr, made))
        once = session.with_options(retry=RetryPolicy(max_attempts=1)).get_actor()
        assert 1 == once._core.retry.max_attempts
        with pytest.raises(InvalidInputError, match="'/'"):
            manager.actor("a/b")
    assert [] == transport.requests
    paths = manager_on(transport, allow_hierarchical_actor_ids=True)
    assert "a/b" == paths.actor("a/b").actor_id


def test_the_facade_lists_them_too() -> None:
    """The blocking actor has the same lists, without ``await``."""
    transport = FakeTransport()
    transport.reply("ListSessions", *[{"sessionSummaries": [wire_session("s1")]}] * 2)
    transport.reply("ListActors", {"actorSummaries": [{"actorId": "a"}]})
    with MemorySessionManager(MEMORY, transport=transport) as manager:
        actor = manager.create_memory_session("a", "s", verify=False).get_actor()
        assert ["a"] == [each.actor_id for each in manager.iter_actors()]
        assert ["s1"] == [each.session_id for each in actor.iter_sessions()]
        assert actor.list_sessions()[0].session_id == "s1"
        assert ("a", MEMORY) == (manager.actor("a").actor_id, actor.memory_id)
        assert "<Actor a, memory chat-a1B2c3D4e5>" == repr(actor)
