"""Strands agents in trouble: failing calls, cancelled turns, redactions, and any loop or thread."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import threading
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("strands")

from anyio import create_task_group, fail_after, to_thread
from attrs import evolve
from strands import tool
from strands.hooks import BeforeToolCallEvent  # noqa: TC002 - Strands reads the hint
from strands.types.exceptions import SessionException
from strands.types.session import SessionMessage

from agentcore_memory_async import AsyncMemorySession, MemorySessionManager, RetryPolicy
from agentcore_memory_async.errors import AgentCoreMemoryError
from agentcore_memory_async.integrations.strands import (
    AgentCoreSessionManager,
    AgentCoreSessionRepository,
)
from agentcore_memory_async.local import LocalMemoryService
from tests.integrations._strands import (
    ACTOR_ID,
    MEMORY_ID,
    SESSION_ID,
    StubModel,
    agent_of,
    call,
    operations,
    restored,
    session_of,
    texts,
    weather,
)
from tests.integrations._strands import memory as memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from strands import Agent

    from agentcore_memory_async.local import BlockingLocalMemoryService
    from agentcore_memory_async.testing import LocalMemory


async def all_text(memory: LocalMemory) -> str:
    """Return everything that the session has."""
    session = await memory.session(ACTOR_ID, SESSION_ID)
    return repr(
        [
            (event.payload, [one.text for one in event.messages])
            for event in await session.list_events()
        ]
    )


async def test_a_turn_that_fails_is_stored(memory: LocalMemory) -> None:
    """What was said before the model failed is there, and the next turn goes on."""
    agent = agent_of(session_of(memory), ValueError("no answer"), "Now.")
    with pytest.raises(ValueError, match="no answer"):
        await agent.invoke_async("Hello.")
    assert ["Hello."] == texts(await restored(memory))
    await agent.invoke_async("Again.")
    assert ["Hello.", "Again.", "Now."] == texts(await restored(memory))


async def test_a_turn_that_is_cancelled_is_stored(memory: LocalMemory) -> None:
    """The write waits for its outcome; the tool's call without a result gets one in its time."""
    started = asyncio.Event()

    @tool
    async def wait() -> str:
        """Wait."""
        started.set()
        await asyncio.sleep(3600)
        return "done"

    agent = agent_of(session_of(memory), [call("wait")], tools=[wait])
    async with create_task_group() as group:
        group.start_soon(agent.invoke_async, "Please wait.")
        await started.wait()
        group.cancel_scope.cancel()
    assert 1 == operations(memory).count("CreateEvent")
    model = StubModel("I am here.")
    other = agent_of(session_of(memory), model=model)
    await other.invoke_async("Hello?")
    said = [next(iter(block)) for message in model.asked[0] for block in message["content"]]
    assert ["text", "toolUse", "toolResult", "text"] == said


@pytest.mark.parametrize("ending", ["flush", "async with", "close", "next turn"])
async def test_a_write_that_fails_loses_nothing(ending: str, memory: LocalMemory) -> None:
    """Its messages are kept, in their order, and stored once by whatever comes next."""
    manager = session_of(memory)
    agent = agent_of(manager)
    await agent.invoke_async("One.")
    fault = memory.fail("AccessDeniedException", operation="CreateEvent")
    for text in ("Two.", "Three."):
        with pytest.raises(AgentCoreMemoryError):
            await agent.invoke_async(text)
    fault.cancel()
    if ending == "flush":
        await manager.flush()
    elif ending == "async with":
        async with manager:
            pass
    elif ending == "close":
        await to_thread.run_sync(manager.close)
    else:
        await agent.invoke_async("Four.")
    found = texts(await restored(memory))
    assert ["One.", "You said: One.", "Two.", "You said: Two.", "Three."] == found[:5]
    assert len(agent.messages) == len(found)


async def test_a_write_in_doubt_is_stored_once(memory: LocalMemory) -> None:
    """Where all answers are lost, the next write settles that one first."""
    hasty = RetryPolicy(write_deadline=1.0)
    async with memory.service.manager(MEMORY_ID, retry=hasty) as manager:
        await _write_in_doubt(memory, agent_of(session_of(evolve(memory, manager=manager))))
    session = await memory.session(ACTOR_ID, SESSION_ID)
    said = [turn.text for turn in await session.get_last_k_turns(10)]
    assert ["One.", "You said: One.", "Two.", "You said: Two."] == said
    assert 4 == len((await restored(memory)).messages)


async def _write_in_doubt(memory: LocalMemory, agent: Agent) -> None:
    fault = memory.service.drop_connection(operation="CreateEvent", after=True)
    with pytest.raises(AgentCoreMemoryError):
        await agent.invoke_async("One.")
    fault.cancel()
    await agent.invoke_async("Two.")


async def test_nothing_is_lost_among_faults(memory: LocalMemory) -> None:
    """A fifth of the calls fail, of ten agents at once; each history is whole and in order."""
    faults: Iterator[Callable[[], object]] = itertools.cycle(
        [
            lambda: memory.fail("ThrottledException", times=1),
            lambda: memory.service.drop_connection(after=True, times=1),
            lambda: memory.fail("ServiceException", times=1),
            lambda: memory.service.drop_connection(times=1),
        ]
    )
    draws = random.Random(13)
    managers = [session_of(memory, session_id=f"s{number}") for number in range(10)]

    async def converse(manager: AgentCoreSessionManager) -> None:
        agent = agent_of(manager)
        for number in range(5):
            if draws.random() < 0.25:  # of a turn, which is a call, and of its repetition
                next(faults)()
            await agent.invoke_async(f"Number {number}.")

    async with create_task_group() as group:
        for manager in managers:
            group.start_soon(converse, manager)
    memory.service.clear_faults()
    wanted = [
        text for number in range(5) for text in (f"Number {number}.", f"You said: Number {number}.")
    ]
    for manager in managers:
        assert wanted == texts(await restored(memory, session_id=manager.session_id))
        session = await memory.session(ACTOR_ID, manager.session_id)
        assert wanted == [turn.text for turn in await session.get_last_k_turns(100)]


async def test_a_history_that_cannot_be_read_stops_the_turn(memory: LocalMemory) -> None:
    """An agent does not answer without its history; the next call reads it."""
    await agent_of(session_of(memory)).invoke_async("Hello.")
    agent = agent_of(session_of(memory))
    fault = memory.fail("AccessDeniedException", operation="ListEvents")
    with pytest.raises(AgentCoreMemoryError):
        await agent.invoke_async("Who am I?")
    fault.cancel()
    await agent.invoke_async("Who am I?")
    assert ["Hello.", "You said: Hello.", "Who am I?"] == texts(agent)[:3]


@pytest.mark.parametrize("size", [100, 1])
async def test_what_is_redacted_is_nowhere(size: int, memory: LocalMemory) -> None:
    """Before it is written it never is; a written event is replaced, and its place kept."""
    agent = agent_of(
        session_of(memory, batch_size=size),
        "Hello.",
        [{"redact": "[gone]"}, {"text": "I can't say that."}],
        "Bye.",
    )
    await agent.invoke_async("Hi.")
    await agent.invoke_async("My secret is 4711.")
    await agent.invoke_async("Good bye.")
    assert "4711" not in await all_text(memory)
    said = ["Hi.", "Hello.", "[gone]", "I can't say that.", "Good bye.", "Bye."]
    assert said == texts(agent) == texts(await restored(memory))


SECRET = "My secret is 4711. "


@pytest.mark.parametrize("times", [1, 160_000], ids=["short", "of 120 messages"])
@pytest.mark.parametrize("is_restored", [False, True])
async def test_all_copies_are_redacted(times: int, is_restored: bool, memory: LocalMemory) -> None:
    """A prompt that is tried again, by another agent as well, is one message in several events."""
    prompt: Any = [{"role": "user", "content": [{"text": SECRET * times}]}]
    model = StubModel(ValueError("no answer"), [{"redact": "[gone]"}, {"text": "No."}])
    agent = agent_of(session_of(memory), model=model)
    with pytest.raises(ValueError, match="no answer"):
        await agent.invoke_async(prompt)
    assert "4711" in await all_text(memory)
    if is_restored:
        agent = await restored(memory, model=model)
    await agent.invoke_async(prompt)
    assert "4711" not in await all_text(memory)
    assert ["[gone]", "[gone]", "No."] == texts(await restored(memory))


LARGE: Any = [
    {"text": "Read."},
    {"document": {"format": "txt", "name": "plan", "source": {"bytes": b"4711" * 1_000_000}}},
]


async def test_a_large_turn_is_whole_or_not_there(memory: LocalMemory) -> None:
    """Of several events the last one makes it count."""
    agent = agent_of(session_of(memory))
    await agent.invoke_async(LARGE)
    session = await memory.session(ACTOR_ID, SESSION_ID)
    events = await session.list_events()
    assert len(events) > 2
    assert agent.messages == (await restored(memory)).messages
    await session.delete_event(events[0].event_id)  # as if it had not been written
    assert [] == (await restored(memory)).messages


LONG: Any = [{"role": "user", "content": [{"text": SECRET * 160_000}]}]
"""A prompt whose text alone is 120 messages of the service."""


@pytest.mark.parametrize("prompt", [LARGE, LONG[0]["content"]], ids=["document", "text"])
async def test_a_large_message_is_redacted(prompt: Any, memory: LocalMemory) -> None:
    """All of its events are deleted."""
    agent = agent_of(session_of(memory, batch_size=1), [{"redact": "[gone]"}, {"text": "No."}])
    await agent.invoke_async(prompt)
    session = await memory.session(ACTOR_ID, SESSION_ID)
    assert 2 == len(await session.list_events())
    assert "4711" not in await all_text(memory)
    assert texts(agent) == texts(await restored(memory)) == ["[gone]", "No."]


async def test_a_large_message_is_changed_in_a_repository(memory: LocalMemory) -> None:
    """All of its former events are deleted."""
    repository = AgentCoreSessionRepository(memory.manager, actor_id="anna@example.com")
    long = SessionMessage(LONG[0], 0)
    gone = SessionMessage({"role": "user", "content": [{"text": "[gone]"}]}, 0)
    await to_thread.run_sync(repository.create_message, "Trip 1", "default", long)
    assert "4711" in await all_text(memory)
    await to_thread.run_sync(repository.update_message, "Trip 1", "default", gone)
    found = await to_thread.run_sync(repository.list_messages, "Trip 1", "default")
    assert [gone.message["content"]] == [each.message["content"] for each in found]
    assert "4711" not in await all_text(memory)


@pytest.mark.parametrize("is_in_doubt", [True, False])
@pytest.mark.parametrize("size", [100, 1])
async def test_a_large_write_that_broke_off_leaves_nothing(
    size: int, is_in_doubt: bool, memory: LocalMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had stored by then is deleted when its messages are written again."""
    writes, add_turns = itertools.count(), AsyncMemorySession.add_turns

    async def broken(self: Any, *args: Any, **options: Any) -> Any:
        if next(writes) != 1:
            return await add_turns(self, *args, **options)
        if is_in_doubt:
            fault = memory.service.drop_connection(operation="CreateEvent", after=True)
        else:
            fault = memory.fail("AccessDeniedException", operation="CreateEvent")
        try:
            return await add_turns(self, *args, **options)
        finally:
            fault.cancel()

    monkeypatch.setattr(AsyncMemorySession, "add_turns", broken)
    prompt: Any = [dict(each) for each in LONG]
    hasty = RetryPolicy(write_deadline=1.0)
    async with memory.service.manager(MEMORY_ID, retry=hasty) as manager:
        agent = agent_of(
            session_of(evolve(memory, manager=manager), batch_size=size),
            *([] if size == 1 else ["Yes."]),
            [{"redact": "[gone]"}, {"text": "No."}],
        )
        with pytest.raises(AgentCoreMemoryError):
            await agent.invoke_async(prompt)
        assert "4711" in await all_text(memory)
        await agent.invoke_async(prompt)
    assert "4711" not in await all_text(memory)
    assert {"[gone]", "No."} <= {*texts(agent)} == {*texts(await restored(memory))}


async def test_an_interrupt_goes_on_elsewhere(memory: LocalMemory) -> None:
    """A tool that asks its user goes on in a new agent, which is restored before."""

    def ask(event: BeforeToolCallEvent) -> None:
        if event.interrupt("approve", reason="weather costs money") != "yes":
            event.cancel_tool = "no"

    asking: Any = {"tools": [weather], "hooks": [ask]}
    agent = agent_of(session_of(memory), [call("weather", city="Rome")], **asking)
    result = await agent.invoke_async("The weather?")
    assert "interrupt" == result.stop_reason
    assert result.interrupts
    answers: Any = [
        {"interruptResponse": {"interruptId": result.interrupts[0].id, "response": "yes"}}
    ]
    unaware = agent_of(session_of(memory), **asking)
    with pytest.raises(SessionException, match="restore"):
        await unaware.invoke_async("Something else")
    other = await restored(memory, model=StubModel("Sunny."), **asking)
    done = await other.invoke_async(answers)
    assert "end_turn" == done.stop_reason
    assert "sunny in Rome" in str(other.messages[2])


async def test_a_blocking_call_in_the_managers_loop_fails(
    memory: LocalMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to do, instead of waiting forever."""
    monkeypatch.setattr("agentcore_memory_async.integrations._loops.BEGIN_TIMEOUT_S", 0.2)
    agent = agent_of(session_of(memory))
    with pytest.raises(RuntimeError, match="MemorySessionManager"):
        agent("Hello.")
    await agent.invoke_async("Hello again.")
    assert ["Hello again.", "You said: Hello again."] == texts(await restored(memory))


async def test_from_other_loops(memory: LocalMemory) -> None:
    """Agents of other threads and loops use the manager of this one, and it stays free."""
    manager = session_of(memory)
    agent = await to_thread.run_sync(lambda: agent_of(manager))  # no loop there: restored at once
    for number in range(3):
        with fail_after(20):
            await to_thread.run_sync(agent, f"Number {number}.")
    await to_thread.run_sync(lambda: asyncio.run(agent.invoke_async("Number 3.")))
    await agent.invoke_async("Number 4.")
    other = await to_thread.run_sync(lambda: agent_of(session_of(memory)))
    assert [f"Number {number}." for number in range(5)] == texts(other)[::2]
    assert agent.messages == other.messages


@pytest.fixture
def blocking_service() -> Iterator[BlockingLocalMemoryService]:
    """Yield a local service on a thread of its own."""
    with LocalMemoryService() as service:
        yield service


@pytest.mark.parametrize("way", ["call", "asyncio.run"])
@pytest.mark.filterwarnings("error")
def test_a_script_leaves_nothing_open(
    way: str, blocking_service: BlockingLocalMemoryService
) -> None:
    """Three calls, or loops one after another, with a facade that opens by itself."""
    with blocking_service.manager(MEMORY_ID) as manager:
        assert isinstance(manager, MemorySessionManager)
        agent = agent_of(AgentCoreSessionManager(manager, actor_id="anna", session_id="s1"))
        for number in range(3):
            if way == "call":
                agent(f"Number {number}.")
            else:
                asyncio.run(agent.invoke_async(f"Number {number}."))
        other = agent_of(AgentCoreSessionManager(manager, actor_id="anna", session_id="s1"))
        assert agent.messages == other.messages
        assert 6 == len(other.messages)
    gc.collect()
    assert all(thread.daemon for thread in threading.enumerate()[1:])


def test_tools_that_are_called_directly(blocking_service: BlockingLocalMemoryService) -> None:
    """Their messages are outside of any invocation, and written by the block's end."""
    with blocking_service.manager(MEMORY_ID) as manager:
        with AgentCoreSessionManager(manager, actor_id="anna", session_id="s1") as session:
            agent = agent_of(session, tools=[weather])
            agent.tool.weather(city="Rome")
        other = agent_of(AgentCoreSessionManager(manager, actor_id="anna", session_id="s1"))
        assert agent.messages == other.messages
        assert 4 == len(other.messages)
