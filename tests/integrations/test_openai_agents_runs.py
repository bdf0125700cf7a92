"""Runs of agents with a session in memory: what they remember, their calls, loops and threads."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

pytest.importorskip("agents")

from agents import Agent, RunConfig, Runner, SessionSettings, function_tool
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call

from agentcore_memory_async.local import LocalMemoryService
from tests.faults.test_sockets import open_files
from tests.integrations.agents_items import user
from tests.integrations.agents_sessions import (
    MEMORY_ID,
    UNPACED,
    at_once,
    opened,
    operations,
    session_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agentcore_memory_async import MemorySessionManager
    from agentcore_memory_async.local import BlockingLocalMemoryService

QUIET = RunConfig(tracing_disabled=True)


def agent_that_says(*answers: str, tools: Any = ()) -> Agent[Any]:
    """Return an agent of a model that says this; ``!`` before a name calls that tool."""
    outputs: list[Any] = [
        function_call(answer[1:], "{}", call_id=f"call_{at}")
        if answer[0] == "!"
        else assistant_message(answer)
        for at, answer in enumerate(answers)
    ]
    model = ScriptedModel([ModelStep(output=[output]) for output in outputs])
    return Agent(name="Ada", model=model, tools=list(tools))


def said(items: Any) -> list[str]:
    """Return the texts of items."""
    return [
        content if isinstance(content, str) else content[0]["text"]
        for content in (item["content"] for item in items)
    ]


async def run(agent: Agent[Any], text: str, session: Any) -> Any:
    """Run an agent to its end."""
    return (await Runner.run(agent, text, session=session, run_config=QUIET)).final_output


async def stream(agent: Agent[Any], text: str, session: Any) -> Any:
    """Run an agent and read its events to their end."""
    result = Runner.run_streamed(agent, text, session=session, run_config=QUIET)
    async for _ in result.stream_events():
        pass
    return result.final_output


async def run_in_thread(agent: Agent[Any], text: str, session: Any) -> Any:
    """Run an agent by the sync API, which has a loop of its own."""
    return await asyncio.to_thread(run_blocking, agent, text, session)


def run_blocking(agent: Agent[Any], text: str, session: Any) -> Any:
    """Run an agent by the sync API, in a thread without a loop."""
    asyncio.set_event_loop(loop := asyncio.new_event_loop())
    try:
        return Runner.run_sync(agent, text, session=session, run_config=QUIET).final_output
    finally:
        asyncio.set_event_loop(None)
        loop.close()


WAYS = [run, stream, run_in_thread]


@pytest.mark.parametrize("way", WAYS)
async def test_an_agent_remembers(way: Callable[..., Any]) -> None:
    """What was said in a run is the input of the next one, by another object of the session."""
    async with opened() as (_, manager):
        assert "Hi Anna." == await way(
            agent_that_says("Hi Anna."), "I'm Anna.", session_of(manager)
        )
        agent = agent_that_says("Anna.")
        assert "Anna." == await way(agent, "Who am I?", session_of(manager))
        model: Any = agent.model
        assert ["I'm Anna.", "Hi Anna.", "Who am I?"] == said(model.calls[0].input)
        assert ["I'm Anna.", "Hi Anna.", "Who am I?", "Anna."] == said(
            await session_of(manager).get_items()
        )


@pytest.mark.parametrize("way", WAYS)
async def test_a_turn_is_a_read_and_a_write_for_each_that_the_runner_makes(
    way: Callable[..., Any],
) -> None:
    """The runner stores the input, and then the answer: three calls, in each turn."""
    async with opened() as (service, manager):
        session = session_of(manager)
        for turn in range(1, 4):
            await way(agent_that_says("yes"), "hi", session)
            assert ["ListEvents", "CreateEvent", "CreateEvent"] * turn == operations(service)


@pytest.mark.parametrize("way", WAYS)
async def test_calls_of_tools_are_remembered_whole(way: Callable[..., Any]) -> None:
    """With their outputs, in the order in which they were."""

    @function_tool
    def weather() -> str:
        """Return the weather."""
        return "sunny"

    async with opened() as (service, manager):
        agent = agent_that_says("!weather", "It is sunny.", tools=[weather])
        await way(agent, "How is it?", session_of(manager))
        found: list[Any] = await session_of(manager).get_items()
        kinds = [item.get("type", item.get("role")) for item in found]
        assert ["user", "function_call", "function_call_output", "message"] == kinds
        assert "sunny" == found[2]["output"]
        assert 1 + 3 >= operations(service).count("CreateEvent")


async def test_a_limit_of_the_run_goes_before_that_of_the_session() -> None:
    """By the settings of its config."""
    async with opened() as (_, manager):
        session = session_of(manager, session_settings=SessionSettings(limit=3))
        await session.add_items([user(str(number)) for number in range(5)])
        for settings, expected in ((None, "234"), (SessionSettings(limit=1), "4")):
            agent = agent_that_says("yes")
            config = RunConfig(tracing_disabled=True, session_settings=settings)
            await Runner.run(agent, "hi", session=session, run_config=config)
            model: Any = agent.model
            assert [*expected, "hi"] == said(model.calls[0].input)
            await session.pop_item()
            await session.pop_item()


async def test_a_cancelled_run_has_stored_what_it_stored() -> None:
    """The write that was under way is in the session once it was cancelled, and nothing twice."""
    async with opened() as (service, manager):
        session = session_of(manager)
        fault = service.add_latency(0.2, operation="CreateEvent", times=1)
        work = run(agent_that_says("yes"), "hi", session)
        running = asyncio.create_task(work)  # noqa: TID251 - as applications do
        while not fault.met:
            await anyio.sleep(0.001)  # its request is on its way through a socket
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert ["hi"] == said(await session.get_items())


@contextmanager
def blocking_service() -> Iterator[tuple[BlockingLocalMemoryService, MemorySessionManager]]:
    """Open a local service and a sync facade, each on a thread of its own."""
    with LocalMemoryService() as service, service.manager(MEMORY_ID, limits=UNPACED) as manager:
        yield service, manager


def three_runs(session: Any) -> None:
    """Use one object in three successive loops, each in a new thread."""
    for number in range(3):
        answer = f"answer {number}"
        with ThreadPoolExecutor(1) as pool:
            work = run(agent_that_says(answer), f"question {number}", session)
            assert answer == pool.submit(asyncio.run, work).result(30)


def others() -> set[threading.Thread]:
    """Return the threads beside that of the sync facade, which stays for the next manager."""
    return {each for each in threading.enumerate() if "agentcore-memory" not in each.name}


EXPECTED = [f"{part} {number}" for number in range(3) for part in ("question", "answer")]


def test_three_loops_use_one_object_of_a_sync_manager() -> None:
    """One after another, each in its thread; nothing is left open, and nothing warns."""
    with blocking_service():  # the facade's loop is there from now on
        gc.collect()
    threads, files = others(), open_files()
    with blocking_service() as (_, manager):
        session = session_of(manager)
        three_runs(session)
        assert EXPECTED == said(asyncio.run(session.get_items()))
        assert "answer 2" == said([asyncio.run(session.pop_item())])[0]
        asyncio.run(session.clear_session())
        assert [] == asyncio.run(session.get_items())
    gc.collect()  # what was left open warns, and warnings are errors
    assert threads == others()
    assert open_files() <= files


def test_a_sync_manager_opens_at_the_first_call() -> None:
    """So a script needs no ``with``; closing it ends its thread."""
    threads = others()
    with LocalMemoryService() as service:
        manager = service.manager(MEMORY_ID, limits=UNPACED)
        session = session_of(manager)
        assert "yes" == run_blocking(agent_that_says("yes"), "hi", session)
        assert ["hi", "yes"] == said(asyncio.run(session.get_items()))
        manager.close()
    assert threads == others()


async def test_three_loops_use_one_object_of_an_async_manager() -> None:
    """The manager is open in another loop, to which their calls are handed."""
    gc.collect()
    files = open_files()
    async with opened() as (_, manager):
        session = session_of(manager)
        await asyncio.to_thread(three_runs, session)
        assert EXPECTED == said(await session.get_items())
    gc.collect()
    assert open_files() <= files


async def test_many_loops_use_one_object_at_once() -> None:
    """Each thread has a loop of its own; each run is there whole."""
    async with opened() as (_, manager):
        session = session_of(manager)

        def use(name: str) -> None:
            async def work() -> None:
                for number in range(5):
                    await session.add_items([user(f"{name}{number}a"), user(f"{name}{number}b")])
                    await session.get_items(2)

            asyncio.run(work())

        await at_once(*(partial(asyncio.to_thread, use, name) for name in "abcd"))
        found = said(await session.get_items())
        assert 40 == len(found)
        for name in "abcd":
            own = [f"{name}{number}{part}" for number in range(5) for part in "ab"]
            assert own == [text for text in found if text[0] == name]
