"""
What ADK expects of a session service and of a memory service, as functions of one.

ADK's distribution has no tests, so this is what its own services do, in memory and on SQLite. Each
function takes a service that is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from anyio import create_task_group
from google.adk.errors import StaleSessionError
from google.adk.errors.already_exists_error import AlreadyExistsError
from google.adk.errors.session_not_found_error import SessionNotFoundError
from google.adk.events import Event, EventActions
from google.adk.sessions import Session
from google.adk.sessions.base_session_service import GetSessionConfig
from google.genai import types

if TYPE_CHECKING:
    from google.adk.memory import BaseMemoryService
    from google.adk.sessions import BaseSessionService

ANNA: dict[str, Any] = {"app_name": "travel", "user_id": "anna"}
BOB: dict[str, Any] = {"app_name": "travel", "user_id": "bob"}
OTHER_APP: dict[str, Any] = {"app_name": "bank", "user_id": "anna"}
START = 1_800_000_000.0


def said(text: str, number: int = 0, author: str = "user", **more: Any) -> Event:
    """Return an event with text, later by the second the higher its number is."""
    content = types.Content(
        role="user" if author == "user" else "model", parts=[types.Part(text=text)]
    )
    more.setdefault("actions", EventActions())
    return Event(
        author=author,
        invocation_id=f"i{number}",
        content=content,
        timestamp=START + number,
        **more,
    )


def change(number: int = 0, **state: Any) -> Event:
    """Return an event that changes the state; ``__`` stands for a colon."""
    delta = {key.replace("__", ":"): value for key, value in state.items()}
    actions = EventActions(state_delta=delta)
    return said("change", number, author="agent", actions=actions)


def texts(session: Session | None) -> list[str]:
    """Return what was said in a session."""
    assert session is not None
    parts = [(event.content and event.content.parts) or [] for event in session.events]
    return ["".join(part.text or "" for part in each) for each in parts]


async def get(service: BaseSessionService, session: Session, **config: Any) -> Session:
    """Return a session as another reader has it."""
    found = await service.get_session(
        app_name=session.app_name,
        user_id=session.user_id,
        session_id=session.id,
        config=GetSessionConfig(**config) if config else None,
    )
    assert found is not None
    return found


async def ids(service: BaseSessionService, **whose: Any) -> list[str]:
    """Return the ids of sessions."""
    return [session.id for session in (await service.list_sessions(**whose)).sessions]


async def a_session_is_made_and_found(service: BaseSessionService) -> None:
    """With its id or a new one, without events, and with the state that it was made with."""
    made = await service.create_session(**ANNA, session_id="s1", state={"seat": "window"})
    assert ("travel", "anna", "s1") == (made.app_name, made.user_id, made.id)
    assert [] == made.events
    assert {"seat": "window"} == made.state
    found = await get(service, made)
    assert (made.id, made.state, made.events) == (found.id, found.state, found.events)
    assert made.last_update_time == pytest.approx(found.last_update_time, abs=0.01)
    new = [(await service.create_session(**ANNA)).id for _ in range(2)]
    assert 2 == len({*new})
    assert all(new)


async def ids_are_stripped(service: BaseSessionService) -> None:
    """White space around an id is not part of it, and one of white space only is none."""
    made = await service.create_session(**ANNA, session_id="  s1 ")
    assert "s1" == made.id
    assert await service.get_session(**ANNA, session_id=" s1") is not None
    assert (await service.create_session(**ANNA, session_id="   ")).id.strip()


async def an_id_is_taken_once(service: BaseSessionService) -> None:
    """By a user of an app; that of another user, or of the user in another app, is another one."""
    await service.create_session(**ANNA, session_id="s1", state={"seat": "window"})
    with pytest.raises(AlreadyExistsError):
        await service.create_session(**ANNA, session_id="s1")
    for whose in (BOB, OTHER_APP):
        other = await service.create_session(**whose, session_id="s1")
        assert {} == other.state


async def what_is_not_there(service: BaseSessionService) -> None:
    """Is None, or an empty list; deleting it does nothing."""
    assert await service.get_session(**ANNA, session_id="s1") is None
    assert [] == await ids(service, **ANNA)
    assert [] == await ids(service, app_name="travel")
    await service.delete_session(**ANNA, session_id="s1")
    assert {} == await service.get_user_state(**ANNA)


async def events_come_back_equal(service: BaseSessionService) -> None:
    """Whole and in their order: text, calls of tools and their results, bytes, actions."""
    session = await service.create_session(**ANNA)
    call = types.FunctionCall(id="c1", name="book", args={"seat": "1A", "n": 1.5, "on": None})
    result = types.FunctionResponse(id="c1", name="book", response={"ok": True})
    blob = types.Blob(data=bytes(range(256)), mime_type="image/png")
    events = [
        said("Hello ä \U0001f600", 0),
        said("thinking", 1, author="agent", branch="a.b", turn_complete=True),
        Event(
            author="agent",
            timestamp=START + 2,
            content=types.Content(role="model", parts=[types.Part(function_call=call)]),
            long_running_tool_ids={"c1"},
            actions=EventActions(artifact_delta={"plan": 1}, transfer_to_agent="b", escalate=True),
        ),
        Event(
            author="agent",
            timestamp=START + 3,
            content=types.Content(role="user", parts=[types.Part(function_response=result)]),
            custom_metadata={"own": [1, {"a": None}]},
        ),
        Event(
            author="user",
            timestamp=START + 4,
            content=types.Content(role="user", parts=[types.Part(inline_data=blob)]),
        ),
        Event(author="agent", timestamp=START + 5, error_code="500", error_message="no"),
    ]
    for event in events:
        assert event == await service.append_event(session, event)
    assert events == session.events
    found = await get(service, session)
    assert events == found.events
    assert START + 5 == pytest.approx(found.last_update_time) == session.last_update_time


async def partial_events_are_not_stored(service: BaseSessionService) -> None:
    """Nor added to the session."""
    session = await service.create_session(**ANNA)
    event = said("a part", 1, partial=True)
    assert event == await service.append_event(session, event)
    assert [] == session.events
    assert [] == (await get(service, session)).events


async def state_has_scopes(service: BaseSessionService) -> None:
    """Of the app for all its users, of the user for all sessions, of the session, of the call."""
    state = {"app:a": 1, "user:u": 2, "own": 3, "temp:t": 4}
    first = await service.create_session(**ANNA, session_id="s1", state=state)
    kept = {"app:a": 1, "user:u": 2, "own": 3}
    assert kept == first.state
    assert kept == (await get(service, first)).state
    second = await service.create_session(**ANNA, session_id="s2")
    assert {"app:a": 1, "user:u": 2} == second.state
    bob = await service.create_session(**BOB, session_id="s1")
    assert {"app:a": 1} == bob.state
    elsewhere = await service.create_session(**OTHER_APP, session_id="s1")
    assert {} == elsewhere.state
    assert {"u": 2} == await service.get_user_state(**ANNA)
    assert {} == await service.get_user_state(**BOB)


async def events_change_the_state(service: BaseSessionService) -> None:
    """Key by key, the newest wins; a value is replaced whole, and None is one."""
    session = await service.create_session(**ANNA, state={"a": {"x": 1}, "b": 1})
    await service.append_event(session, change(1, a={"y": 2}, app__n=1, user__n=1, temp__t=1))
    await service.append_event(session, change(2, b=None, app__n=2, c=[1, 0.1 + 0.2, "ä"]))
    expected = {
        "a": {"y": 2},
        "b": None,
        "c": [1, 0.1 + 0.2, "ä"],
        "app:n": 2,
        "user:n": 1,
    }
    assert {**expected, "temp:t": 1} == session.state
    found = await get(service, session)
    assert expected == found.state
    assert ["a", "app:n", "user:n"] == sorted(found.events[0].actions.state_delta)
    other = await service.create_session(**ANNA)
    assert {"app:n": 2, "user:n": 1} == other.state


async def one_sees_what_another_changed(service: BaseSessionService) -> None:
    """States of app and user are those of the time of reading."""
    first = await service.create_session(**ANNA, session_id="s1")
    second = await service.create_session(**ANNA, session_id="s2")
    bob = await service.create_session(**BOB, session_id="s1")
    await service.append_event(second, change(1, app__a=1, user__u=1, own=1))
    assert {"app:a": 1, "user:u": 1} == (await get(service, first)).state
    assert {"app:a": 1} == (await get(service, bob)).state


async def the_newest_events_are_wanted(service: BaseSessionService) -> None:
    """By number, by time or by both; the state is whole all the same."""
    session = await service.create_session(**ANNA)
    for number in range(6):
        event = said(str(number), number, actions=EventActions(state_delta={f"k{number}": number}))
        await service.append_event(session, event)
    wanted: list[tuple[dict[str, Any], str]] = [
        ({}, "012345"),
        ({"num_recent_events": 2}, "45"),
        ({"num_recent_events": 0}, ""),
        ({"num_recent_events": 100}, "012345"),
        ({"after_timestamp": START + 3}, "345"),
        ({"after_timestamp": START + 2.5}, "345"),
        ({"after_timestamp": START + 99}, ""),
        ({"num_recent_events": 2, "after_timestamp": START + 1}, "45"),
        ({"num_recent_events": 4, "after_timestamp": START + 4}, "45"),
    ]
    for config, expected in wanted:
        found = await get(service, session, **config)
        assert [*expected] == texts(found), config
        assert {f"k{number}": number for number in range(6)} == found.state
        assert START + 5 == pytest.approx(found.last_update_time)


async def sessions_are_listed(service: BaseSessionService) -> None:
    """Of a user or of all, without events, with their state, the last changed one last."""
    for number, whose in enumerate([ANNA, ANNA, BOB, OTHER_APP]):
        await service.create_session(**whose, session_id=f"s{number}")
    for number, (whose, name) in enumerate([(ANNA, "s1"), (BOB, "s2"), (ANNA, "s0")]):
        session = await service.get_session(**whose, session_id=name)
        assert session is not None
        await service.append_event(session, change(number, own=number, app__a=number, user__u=name))
    assert ["s1", "s0"] == await ids(service, **ANNA)
    assert ["s1", "s2", "s0"] == await ids(service, app_name="travel")
    assert ["s3"] == await ids(service, app_name="bank")
    listed = (await service.list_sessions(app_name="travel")).sessions
    assert [[], [], []] == [session.events for session in listed]
    assert [
        {"own": 0, "app:a": 2, "user:u": "s0"},
        {"own": 1, "app:a": 2, "user:u": "s2"},
        {"own": 2, "app:a": 2, "user:u": "s0"},
    ] == [session.state for session in listed]
    assert ["anna", "bob", "anna"] == [session.user_id for session in listed]


async def a_deleted_session_is_gone(service: BaseSessionService) -> None:
    """With its events and its own state; others, and the states of app and user, stay."""
    session = await service.create_session(**ANNA, session_id="s1", state={"own": 1, "user:u": 1})
    await service.append_event(session, said("hi", 1))
    await service.create_session(**ANNA, session_id="s2")
    await service.delete_session(**ANNA, session_id="s1")
    assert await service.get_session(**ANNA, session_id="s1") is None
    assert ["s2"] == await ids(service, **ANNA)
    with pytest.raises(SessionNotFoundError):
        await service.append_event(session, said("again", 2))
    again = await service.create_session(**ANNA, session_id="s1")
    assert {"user:u": 1} == again.state
    assert [] == (await get(service, again)).events


async def a_session_that_was_never_made(service: BaseSessionService) -> None:
    """Takes no events."""
    with pytest.raises(SessionNotFoundError):
        await service.append_event(Session(id="s1", **ANNA), said("hi", 1))
    assert [] == await ids(service, **ANNA)


async def a_session_that_is_made_by_hand(service: BaseSessionService) -> None:
    """Takes events where it is there."""
    made = await service.create_session(**ANNA, session_id="s1")
    by_hand = Session(id="s1", **ANNA, last_update_time=made.last_update_time)
    await service.append_event(by_hand, said("hi", 1))
    assert ["hi"] == texts(await get(service, made))


async def what_is_returned_is_a_copy(service: BaseSessionService) -> None:
    """Changing it changes nothing that is stored."""
    made = await service.create_session(**ANNA, state={"own": [1]})
    made.state["own"].append(2)
    made.state["other"] = 1
    found = await get(service, made)
    found.events.append(said("hi", 1))
    again = await get(service, made)
    assert ({"own": [1]}, []) == (again.state, again.events)


def both(name: str) -> list[dict[str, Any]]:
    """Return users that have a name, and that are of an app that has it."""
    return [{"app_name": name, "user_id": "u"}, {"app_name": "p", "user_id": name}]


async def names_are_any_text(service: BaseSessionService) -> None:
    """Names that look alike, or are long, are different ones."""
    names = ["a/b", "a:b", '["a","b"]', "ä@x", "A B", "[]", "x" * 300, "x" * 301]
    for number, name in enumerate(names):
        for whose in both(name):
            await service.create_session(**whose, session_id=name, state={"user:n": number})
    for number, name in enumerate(names):
        for whose in both(name):
            session = await service.get_session(**whose, session_id=name)
            assert session is not None
            assert (name, {"user:n": number}) == (session.id, session.state)
            assert [name] == await ids(service, **whose)
    assert sorted(names) == sorted(await ids(service, app_name="p"))


async def large_values_come_back(service: BaseSessionService) -> None:
    """In events and in states."""
    session = await service.create_session(**ANNA, state={"own": "x" * 300_000})
    await service.append_event(session, said("ä" * 2_000_000, 1))
    await service.append_event(session, change(2, user__u="y" * 300_000))
    found = await get(service, session)
    assert ["ä" * 2_000_000, "change"] == texts(found)
    assert {"own": "x" * 300_000, "user:u": "y" * 300_000} == found.state


async def sessions_at_once(service: BaseSessionService) -> None:
    """Sessions of one app go on at the same time, each in its order."""

    async def converse(name: str) -> None:
        session = await service.create_session(**ANNA, session_id=name)
        for number in range(5):
            await service.append_event(session, change(number, own=number, **{f"user__{name}": 1}))

    async with create_task_group() as group:
        for number in range(4):
            group.start_soon(converse, f"s{number}")
    for number in range(4):
        found = await service.get_session(**ANNA, session_id=f"s{number}")
        assert found is not None
        assert list(range(5)) == [e.actions.state_delta["own"] for e in found.events]
        assert {"own": 4, **{f"user:s{n}": 1 for n in range(4)}} == found.state


SESSION_CONTRACT = [
    a_session_is_made_and_found,
    ids_are_stripped,
    an_id_is_taken_once,
    what_is_not_there,
    events_come_back_equal,
    partial_events_are_not_stored,
    state_has_scopes,
    events_change_the_state,
    one_sees_what_another_changed,
    the_newest_events_are_wanted,
    sessions_are_listed,
    a_deleted_session_is_gone,
    a_session_that_was_never_made,
    a_session_that_is_made_by_hand,
    what_is_returned_is_a_copy,
    names_are_any_text,
    large_values_come_back,
    sessions_at_once,
]


async def a_stale_session_is_refused(service: BaseSessionService) -> None:
    """As in ADK's services that persist: one that lacks a stored event must be got anew."""
    first = await service.create_session(**ANNA, session_id="s1")
    second = await get(service, first)
    await service.append_event(first, said("1", 2_000_000_000))
    with pytest.raises(StaleSessionError):
        await service.append_event(second, said("2", 2_000_000_001))
    third = await get(service, first)
    await service.append_event(third, said("2", 2_000_000_001))
    assert ["1", "2"] == texts(await get(service, first))
    with pytest.raises(StaleSessionError):
        await service.append_event(first, said("3", 2_000_000_002))


async def found(service: BaseMemoryService, query: str, **whose: Any) -> list[str]:
    """Return the texts that a search finds."""
    answer = await service.search_memory(**(whose or ANNA), query=query)
    return [
        "".join(part.text or "" for part in entry.content.parts or []) for entry in answer.memories
    ]


Settle = Any
"""An async function that waits until what was stored can be found."""


def conversation(*lines: str, **whose: Any) -> Session:
    """Return a session as it is added to a memory."""
    events = [said(text, number, id=f"e{number}") for number, text in enumerate(lines)]
    return Session(id="s1", events=events, **(whose or ANNA))


async def what_was_said_is_found(service: BaseMemoryService, settle: Settle) -> None:
    """By the user of the app, and by nobody else."""
    await service.add_session_to_memory(conversation("I only fly window seats."))
    await settle()
    [text] = await found(service, "window seats")
    assert "window seats" in text
    assert [] == await found(service, "window seats", **BOB)
    assert [] == await found(service, "window seats", **OTHER_APP)


async def a_session_is_added_as_it_grows(service: BaseMemoryService, settle: Settle) -> None:
    """What was added before is there once."""
    await service.add_session_to_memory(conversation("I only fly window seats."))
    await service.add_session_to_memory(
        conversation("I only fly window seats.", "My dog is called Bello.")
    )
    await settle()
    assert 1 == sum("window" in text for text in await found(service, "window seats"))
    assert 1 == sum("Bello" in text for text in await found(service, "dog called Bello"))


async def events_are_added(service: BaseMemoryService, settle: Settle) -> None:
    """With or without a session, each once."""
    event = said("I only fly window seats.", id="e1")
    for _ in range(2):
        await service.add_events_to_memory(**ANNA, events=[event])
    await service.add_events_to_memory(
        **ANNA, events=[said("My dog is called Bello.", id="e2")], session_id="s9"
    )
    await settle()
    assert 1 == sum("window" in text for text in await found(service, "window seats"))
    assert 1 == sum("Bello" in text for text in await found(service, "dog called Bello"))


async def a_memory_is_deleted(service: BaseMemoryService, settle: Settle) -> None:
    """By its user only."""
    await service.add_session_to_memory(conversation("I only fly window seats."))
    await settle()
    answer = await service.search_memory(**ANNA, query="window seats")
    memory_id = answer.memories[0].id
    await service.delete_memory(**BOB, memory_id=memory_id)
    assert 1 == len(await found(service, "window seats"))
    await service.delete_memory(**ANNA, memory_id=memory_id)
    await service.delete_memory(**ANNA, memory_id=memory_id)
    await service.delete_memory(**ANNA)
    await service.delete_memory(**ANNA, memory_id="no id")
    assert [] == await found(service, "window seats")


async def nothing_is_found_of_nothing(service: BaseMemoryService, settle: Settle) -> None:
    """An empty memory, an empty session, an empty query."""
    assert [] == await found(service, "window seats")
    await service.add_session_to_memory(conversation())
    await settle()
    assert [] == await found(service, "  ")


MEMORY_CONTRACT = [
    what_was_said_is_found,
    a_session_is_added_as_it_grows,
    events_are_added,
    a_memory_is_deleted,
    nothing_is_found_of_nothing,
]
