"""What ADK's services store in a memory, what they ask for, and an oracle of theirs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("google.adk")

from google.adk.events import Event, EventActions
from google.adk.memory.memory_entry import MemoryEntry
from google.adk.sessions import InMemorySessionService
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore_memory_async import InvalidInputError
from agentcore_memory_async.integrations.google_adk import (
    AgentCoreMemoryService,
    AgentCoreSessionService,
)
from agentcore_memory_async.integrations.google_adk._log import SNAPSHOT_EVERY
from agentcore_memory_async.integrations.google_adk._names import user_actor_id
from agentcore_memory_async.local import LocalMemoryService
from tests.integrations._adk import MEMORY_ID, UNPACED, operations
from tests.integrations._adk import memory as memory
from tests.integrations.adk_contract import ANNA, BOB, START, change, conversation, found, get, said

if TYPE_CHECKING:
    from agentcore_memory_async.testing import LocalMemory

ACTOR_ID = user_actor_id("travel", "anna")


async def messages(memory: LocalMemory) -> list[tuple[str, str]]:
    """Return what is for extraction of all sessions of Anna, oldest first in each."""
    stored = []
    for listed in await memory.manager.list_actor_sessions(ACTOR_ID):
        session = await memory.session(ACTOR_ID, listed.session_id)
        for event in reversed(await session.list_events()):
            stored += [(str(one.role), one.text) for one in event.messages]
    return stored


async def test_the_calls_of_a_session(memory: LocalMemory) -> None:
    """An event is one write; state of the app or the user is one more each; a look is three."""
    service = AgentCoreSessionService(memory.manager)
    assert [] == operations(memory)
    session = await service.create_session(**ANNA, session_id="s1", state={"own": 1})
    assert ["ListEvents"] * 3 + ["CreateEvent"] == operations(memory)
    for event, calls in [
        (said("hi", 1), 1),
        (change(2, own=1), 1),
        (change(3, app__a=1), 2),
        (change(4, app__a=1, user__u=1, own=2), 3),
    ]:
        start = len(memory.service.calls())
        await service.append_event(session, event)
        assert ["CreateEvent"] * calls == operations(memory, start)
    start = len(memory.service.calls())
    await get(AgentCoreSessionService(memory.manager), session)
    assert ["ListEvents"] * 3 == operations(memory, start)


@pytest.mark.parametrize("events", [1, 60, 250])
async def test_a_long_session_is_read_in_one_page(memory: LocalMemory, events: int) -> None:
    """Where the newest events are wanted: the state is in a snapshot."""
    service = AgentCoreSessionService(memory.manager)
    session = await service.create_session(**ANNA, session_id="s1", state={"first": 1})
    for number in range(events):
        await service.append_event(
            session, change(number, own=number, **{f"k{number % 7}": number})
        )
    writes = operations(memory).count("CreateEvent")
    snapshots = (events + 0) // SNAPSHOT_EVERY
    assert 1 + events + snapshots == writes
    other = AgentCoreSessionService(memory.manager)
    for wanted in ({"num_recent_events": 5}, {"after_timestamp": START + events - 5}):
        start = len(memory.service.calls())
        found = await get(other, session, **wanted)
        assert ["ListEvents"] * 3 == operations(memory, start)
        assert session.state == found.state
        assert session.events[-5:] == found.events
    whole = await get(other, session)
    assert session.events == whole.events
    start = len(memory.service.calls())
    assert 1 == len((await other.list_sessions(**ANNA)).sessions)
    assert ["ListEvents", "ListSessions", "ListEvents"] == operations(memory, start)


async def test_shared_state_is_read_in_one_page_once_it_is_settled(memory: LocalMemory) -> None:
    """A snapshot has no change that another process may still be writing."""
    service = AgentCoreSessionService(memory.manager)
    session = await service.create_session(**ANNA, session_id="s1")
    for number in range(120):
        await service.append_event(session, change(number, app__n=number, **{f"app__{number}": 1}))
    memory.clock.advance(120)
    for number in range(SNAPSHOT_EVERY):
        await service.append_event(session, change(number, app__n=-number))
    other = AgentCoreSessionService(memory.manager)
    start = len(memory.service.calls())
    found = await get(other, session, num_recent_events=1)
    assert ["ListEvents"] * 3 == operations(memory, start)
    assert session.state == found.state


async def test_what_expires_leaves_the_state(memory: LocalMemory) -> None:
    """Where the first events are gone, a snapshot still has what they said."""
    service = AgentCoreSessionService(memory.manager)
    session = await service.create_session(**ANNA, session_id="s1", state={"first": 1})
    for number in range(SNAPSHOT_EVERY + 3):
        await service.append_event(session, change(number, own=number))
    [listed] = await memory.manager.list_actor_sessions(ACTOR_ID)
    stored = await memory.session(ACTOR_ID, listed.session_id)
    for event in (await stored.list_events())[4:]:  # all that are older than the snapshot
        await stored.delete_event(event.event_id)
    seen = await get(AgentCoreSessionService(memory.manager), session)
    assert session.state == seen.state
    assert session.events[-3:] == seen.events


async def test_what_was_said_is_learned(memory: LocalMemory) -> None:
    """By user and agents; no thoughts, no calls of tools, no state."""
    service = AgentCoreSessionService(memory.manager)
    session = await service.create_session(**ANNA, state={"own": "no"})
    thought = types.Part(text="no", thought=True)
    call = types.Part(function_call=types.FunctionCall(name="no", args={"text": "no"}))
    parts = [thought, types.Part(text="Window"), call, types.Part(text="seats.")]
    await service.append_event(session, said("I only fly window seats.", 1))
    content = types.Content(role="model", parts=parts)
    await service.append_event(session, Event(author="agent", content=content))
    answer = types.FunctionResponse(name="no", response={"text": "no"})
    result = types.Content(role="user", parts=[types.Part(function_response=answer)])
    await service.append_event(session, Event(author="agent", content=result))
    expected = [("USER", "I only fly window seats."), ("ASSISTANT", "Window\nseats.")]
    assert expected == await messages(memory)


async def test_both_services_store_a_turn_once(memory: LocalMemory) -> None:
    """A session of the one is added to the other without a write, and is found."""
    sessions = AgentCoreSessionService(memory.manager)
    session = await sessions.create_session(**ANNA)
    await sessions.append_event(session, said("I only fly window seats.", 1))
    start = len(memory.service.calls())
    service = AgentCoreMemoryService(memory.manager)
    await service.add_session_to_memory(await get(sessions, session))
    assert "CreateEvent" not in operations(memory, start)
    await memory.drain()
    assert 1 == len(await found(service, "window seats"))
    assert session.events == (await get(sessions, session)).events


async def test_a_memory_is_no_session(memory: LocalMemory) -> None:
    """What is added to the memory service from elsewhere makes no session."""
    await AgentCoreMemoryService(memory.manager).add_session_to_memory(conversation("Hello."))
    sessions = AgentCoreSessionService(memory.manager)
    assert await sessions.get_session(**ANNA, session_id="s1") is None
    assert [] == (await sessions.list_sessions(app_name="travel")).sessions
    await sessions.create_session(**ANNA, session_id="s1")


async def test_memories_are_added_as_they_are(memory: LocalMemory) -> None:
    """Where a namespace is named; found by their user only."""
    content = types.Content(parts=[types.Part(text="Anna likes trains.")])
    entry = MemoryEntry(content=content)
    with pytest.raises(NotImplementedError):
        await AgentCoreMemoryService(memory.manager).add_memory(**ANNA, memories=[entry])
    service = AgentCoreMemoryService(memory.manager, namespace="/facts/{actorId}/")
    await service.add_memory(**ANNA, memories=[entry])
    await service.add_memory(**ANNA, memories=[])
    memory.clock.advance(120)
    assert ["Anna likes trains."] == await found(service, "trains")
    assert [] == await found(service, "trains", **BOB)


async def test_what_is_no_json(memory: LocalMemory, caplog: pytest.LogCaptureFixture) -> None:
    """Is kept as text, as ADK does, and said so; a number that JSON lacks is refused."""
    service = AgentCoreSessionService(memory.manager)
    made = await service.create_session(**ANNA, state={"own": object(), "text": "a"})
    assert "<object object" in (await get(service, made)).state["own"]
    assert "is not JSON" in caplog.text
    with pytest.raises(InvalidInputError, match="is not JSON"):
        await service.create_session(**ANNA, state={"own": float("nan")})


VALUES = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
STATES = st.dictionaries(
    st.sampled_from(["a", "b", "app:a", "app:b", "user:a", "temp:a"]), VALUES, max_size=3
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "append", "append", "append", "delete", "forget"]),
        st.sampled_from(["p", "q"]),
        st.sampled_from(["anna", "bob"]),
        st.sampled_from(["s1", "s2"]),
        STATES,
    ),
    max_size=15,
)


@settings(max_examples=40)
@given(STEPS, st.sampled_from([1, 2, 50]))
def test_it_is_as_the_in_memory_service(steps: list[Any], every: int) -> None:
    """Whatever is made, changed and deleted, with snapshots at any time."""

    async def run() -> None:
        async with (
            LocalMemoryService() as service,
            service.manager(MEMORY_ID, limits=UNPACED) as manager,
        ):
            own, oracle = AgentCoreSessionService(manager), InMemorySessionService()
            for number, (step, app, user, session_id, state) in enumerate(steps):
                whose: dict[str, Any] = {"app_name": app, "user_id": user, "session_id": session_id}
                there = await oracle.get_session(**whose)
                if step == "forget":  # as another process does, which knows nothing
                    own = AgentCoreSessionService(manager)
                elif step == "create" and there is None:
                    await oracle.create_session(**whose, state=state)
                    await own.create_session(**whose, state=state)
                elif step == "append" and there is not None:
                    actions = EventActions(state_delta=dict(state))
                    for each in (oracle, own):
                        session = await each.get_session(**whose)
                        event = said("x", number, id=f"e{number}", actions=actions.model_copy())
                        assert session is not None
                        await each.append_event(session, event)
                elif step == "delete":
                    await oracle.delete_session(**whose)
                    await own.delete_session(**whose)
            await _same(own, oracle)

    with pytest.MonkeyPatch.context() as patch:
        module = "agentcore_memory_async.integrations.google_adk._log"
        patch.setattr(f"{module}.SNAPSHOT_EVERY", every)
        asyncio.run(run())


async def _same(own: AgentCoreSessionService, oracle: InMemorySessionService) -> None:
    for app in ("p", "q"):
        for user in ("anna", "bob"):
            whose: dict[str, Any] = {"app_name": app, "user_id": user}
            assert await oracle.get_user_state(**whose) == await own.get_user_state(**whose)
            for session_id in ("s1", "s2"):
                expected = await oracle.get_session(**whose, session_id=session_id)
                seen = await own.get_session(**whose, session_id=session_id)
                assert (expected is None) == (seen is None)
                if expected is not None and seen is not None:
                    assert expected.state == seen.state
                    assert expected.events == seen.events
        listed = [
            {(each.user_id, each.id): each.state for each in answer.sessions}
            for answer in (
                await oracle.list_sessions(app_name=app),
                await own.list_sessions(app_name=app),
            )
        ]
        assert listed[0] == listed[1]
