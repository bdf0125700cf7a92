"""ADK's services in trouble: failing calls, cancellation, many writers, any loop and thread."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("google.adk")

from anyio import create_task_group
from google.adk.agents import LlmAgent
from google.adk.errors import StaleSessionError
from google.adk.runners import Runner
from google.genai import types

from agentcore_memory_async import InvalidInputError, MemorySessionManager
from agentcore_memory_async.errors import AgentCoreMemoryError
from agentcore_memory_async.integrations.google_adk import (
    AgentCoreMemoryService,
    AgentCoreSessionService,
)
from agentcore_memory_async.local import LocalMemoryService
from tests.integrations._adk import MEMORY_ID, StubModel, operations
from tests.integrations._adk import memory as memory
from tests.integrations.adk_contract import ANNA, change, conversation, found, get, said, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.adk.events import Event

    from agentcore_memory_async.testing import LocalMemory


def runner_of(manager: Any) -> Runner:
    """Return a runner of an agent whose model needs no network."""
    agent = LlmAgent(name="agent", model=StubModel(model="stub"), output_key="last")
    return Runner(
        app_name="travel",
        agent=agent,
        session_service=AgentCoreSessionService(manager),
        memory_service=AgentCoreMemoryService(manager),
        auto_create_session=True,
    )


def content(text: str) -> types.Content:
    """Return what a user says."""
    return types.Content(role="user", parts=[types.Part(text=text)])


async def test_a_run(memory: LocalMemory) -> None:
    """A turn of an agent is two looks, one for the session, and a write for each event."""
    runner = runner_of(memory.manager)
    answers: list[Event] = []
    for number in range(3):
        start = len(memory.service.calls())
        run = runner.run_async(user_id="anna", session_id="s1", new_message=content(f"m{number}"))
        async with aclosing(run) as events:
            answers += [event async for event in events]
        if number:
            assert ["ListEvents"] * 3 + ["CreateEvent"] * 2 == operations(memory, start)
    session = await runner.session_service.get_session(**ANNA, session_id="s1")
    assert session is not None
    assert ["m0", "answer 1", "m1", "answer 3", "m2", "answer 5"] == texts(session)
    assert answers == session.events[1::2]
    assert {"last": "answer 5"} == session.state


def faults_of(memory: LocalMemory) -> Iterator[Callable[[], object]]:
    """Return functions that each make one call fail, in turn."""
    return itertools.cycle(
        [
            lambda: memory.fail("ThrottledException", times=1),
            lambda: memory.service.drop_connection(after=True, times=1),
            lambda: memory.fail("ServiceException", times=1),
            lambda: memory.service.drop_connection(times=1),
        ]
    )


async def test_nothing_is_lost_among_faults(memory: LocalMemory) -> None:
    """A fifth of the calls fail, of twenty sessions at once: each is whole, once, in order."""
    service = AgentCoreSessionService(memory.manager)
    draws, faults = random.Random(7), faults_of(memory)

    async def converse(name: str) -> None:
        session = await service.create_session(**ANNA, session_id=name)
        for number in range(6):
            if draws.random() < 0.5:  # of an event, which is two calls, and of their repetition
                next(faults)()
            event = change(number, own=number, **{f"user__{name}": number})
            await service.append_event(session, event)

    async with create_task_group() as group:
        for number in range(20):
            group.start_soon(converse, f"s{number}")
    memory.service.clear_faults()
    other = AgentCoreSessionService(memory.manager)
    for number in range(20):
        session = await other.get_session(**ANNA, session_id=f"s{number}")
        assert session is not None
        assert list(range(6)) == [e.actions.state_delta["own"] for e in session.events]
        assert {"own": 5, **{f"user:s{n}": 5 for n in range(20)}} == session.state
    assert 20 == len((await other.list_sessions(**ANNA)).sessions)


async def stored(memory: LocalMemory) -> int:
    """Return the number of events of all actors."""
    count = 0
    for actor in await memory.manager.list_actors():
        for listed in await memory.manager.list_actor_sessions(actor.actor_id):
            session = await memory.session(actor.actor_id, listed.session_id)
            count += len(await session.list_events())
    return count


@pytest.mark.parametrize("first", ["app", "user", "session"])
async def test_an_event_that_is_sent_again_is_stored_once(memory: LocalMemory, first: str) -> None:
    """Whichever of its writes fails without an answer: that of the app, the user, the session."""
    service = AgentCoreSessionService(memory.manager)
    session = await service.create_session(**ANNA, session_id="s1")
    deltas = {"app": {"app:a": 1, "user:u": 1}, "user": {"user:u": 1}, "session": {"own": 1}}
    event = change(1, **deltas[first])
    memory.service.drop_connection(operation="CreateEvent", after=True, times=1)
    memory.fail("AccessDeniedException", operation="CreateEvent", times=1)
    with pytest.raises(AgentCoreMemoryError):
        await service.append_event(session, event)
    assert [] == session.events
    for _ in range(2):
        await service.append_event(session, event)
    shared = [key for key in deltas[first] if ":" in key]
    assert 2 + len(shared) == await stored(memory)
    assert [event] == session.events
    seen = await get(service, session)
    assert session.events == seen.events
    assert deltas[first] == seen.state


async def test_a_cancelled_event_is_stored(memory: LocalMemory) -> None:
    """Its caller waits for the outcome; its session is stale then, since it does not have it."""
    service = AgentCoreSessionService(memory.manager)
    session = await service.create_session(**ANNA, session_id="s1")
    async with create_task_group() as group:
        group.start_soon(service.append_event, session, said("hi", 1))
        await asyncio.sleep(0)
        group.cancel_scope.cancel()
    assert ["hi"] == texts(await get(service, session))
    with pytest.raises(StaleSessionError):
        await service.append_event(session, said("again", 2))


async def test_writers_of_the_states_at_once(memory: LocalMemory) -> None:
    """Of two processes and many sessions: no change of the app's and the user's state is lost."""
    services = [AgentCoreSessionService(memory.manager) for _ in range(2)]

    async def work(number: int) -> None:
        service = services[number % 2]
        session = await service.create_session(**ANNA, session_id=f"s{number}")
        for step in range(8):
            delta = {f"app__{number}": step, f"user__{number}": step, "app__last": number}
            await service.append_event(session, change(step, **delta))

    async with create_task_group() as group:
        for number in range(10):
            group.start_soon(work, number)
    session = await services[0].get_session(**ANNA, session_id="s0")
    assert session is not None
    last = session.state.pop("app:last")
    assert last in range(10)
    assert {f"{scope}:{n}": 7 for n in range(10) for scope in ("app", "user")} == session.state


async def test_a_snapshot_that_fails_fails_no_event(
    memory: LocalMemory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the state is read all the same."""
    monkeypatch.setattr("agentcore_memory_async.integrations.google_adk._log.SNAPSHOT_EVERY", 3)
    service = AgentCoreSessionService(memory.manager)
    session = await service.create_session(**ANNA, session_id="s1", state={"first": 1})
    for number in range(2):
        await service.append_event(session, change(number, own=number))
    memory.fail("AccessDeniedException", operation="ListEvents", times=1)
    await service.append_event(session, change(2, own=2))
    assert "was not stored" in caplog.text
    for number in range(3, 9):
        await service.append_event(session, change(number, own=number))
    assert session.state == (await get(service, session)).state == {"first": 1, "own": 8}


async def test_a_deletion_that_stops_in_the_middle_goes_on(memory: LocalMemory) -> None:
    """Deleting again deletes the rest."""
    service = AgentCoreSessionService(memory.manager)
    session = await service.create_session(**ANNA, session_id="s1")
    await service.append_event(session, said("hi", 1))
    fault = memory.fail("AccessDeniedException", operation="DeleteEvent")
    with pytest.raises(AgentCoreMemoryError, match="delete it again"):
        await service.delete_session(**ANNA, session_id="s1")
    fault.cancel()
    await service.delete_session(**ANNA, session_id="s1")
    assert await service.get_session(**ANNA, session_id="s1") is None


async def test_a_memory_that_is_added_among_faults(memory: LocalMemory) -> None:
    """Once, however often its answer is lost and it is added again."""
    service = AgentCoreMemoryService(memory.manager)
    session = conversation("I only fly window seats.")
    memory.service.drop_connection(operation="CreateEvent", after=True, times=1)
    memory.fail("AccessDeniedException", operation="CreateEvent", times=1)
    with pytest.raises(AgentCoreMemoryError):
        await service.add_session_to_memory(session)
    await service.add_session_to_memory(session)
    await memory.drain()
    assert 1 == len(await found(service, "window seats"))


def test_another_manager_is_refused() -> None:
    """At once."""
    for service in (AgentCoreSessionService, AgentCoreMemoryService):
        with pytest.raises(InvalidInputError, match="manager is str"):
            service("manager")  # type: ignore[arg-type]  # a mistake on purpose


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("way", ["asyncio.run", "Runner.run"])
def test_runs_in_threads_leave_nothing(way: str) -> None:
    """Three loops one after another, each in a thread of its own, with one runner."""
    with LocalMemoryService() as service, service.manager(MEMORY_ID) as manager:
        assert isinstance(manager, MemorySessionManager)
        runner = runner_of(manager)

        async def turn(number: int) -> None:
            run = runner.run_async(
                user_id="anna", session_id="s1", new_message=content(f"{number}")
            )
            async with aclosing(run) as events:
                async for _ in events:
                    pass

        for number in range(3):
            if way == "Runner.run":
                message = content(f"{number}")
                list(runner.run(user_id="anna", session_id="s1", new_message=message))
            else:
                with ThreadPoolExecutor(1) as thread:
                    thread.submit(asyncio.run, turn(number)).result()
        session = asyncio.run(runner.session_service.get_session(**ANNA, session_id="s1"))
        assert ["0", "answer 1", "1", "answer 3", "2", "answer 5"] == texts(session)
    gc.collect()
    assert all(thread.daemon for thread in threading.enumerate()[1:])


async def test_the_sync_runner_beside_an_open_manager(memory: LocalMemory) -> None:
    """It runs in a thread, and its calls in the loop of the manager."""
    runner = runner_of(memory.manager)

    def run() -> list[Any]:
        return list(runner.run(user_id="anna", session_id="s1", new_message=content("hi")))

    assert 1 == len(await asyncio.to_thread(run))
