"""Graphs of LangGraph whose checkpoints are in a memory: interrupts, subgraphs, fan-out, calls."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Annotated, Any

import pytest

pytest.importorskip("langgraph")

from anyio import Event
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from typing_extensions import TypedDict

from agentcore_memory_async.integrations.langgraph import AgentCoreSaver
from tests.integrations._langgraph import MEMORY_ID, UNPACED, operations
from tests.integrations._langgraph import memory as memory

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from agentcore_memory_async.testing import LocalMemory

THREAD: Any = {"configurable": {"thread_id": "chat/1"}}


class State(TypedDict):
    """What nodes append to."""

    log: Annotated[list[str], operator.add]


def node(name: str) -> Any:
    """Return a node that appends its name."""

    def run(state: State) -> Any:
        return {"log": [name]}

    return run


def chain(length: int, saver: BaseCheckpointSaver[Any]) -> Any:
    """Return a graph of nodes one after the other."""
    builder = StateGraph(State)
    names = [f"n{number}" for number in range(length)]
    for name in names:
        builder.add_node(name, node(name))
    for before, after in zip([START, *names], [*names, END], strict=True):
        builder.add_edge(before, after)
    return builder.compile(checkpointer=saver)


def asking(saver: BaseCheckpointSaver[Any]) -> Any:
    """Return a graph with two nodes that ask at the same time, and a node that joins them."""

    def asks(name: str) -> Any:
        async def run(state: State) -> Any:
            return {"log": [f"{name}: {interrupt(name)}"]}

        return run

    builder = StateGraph(State)
    builder.add_node("a", asks("a"))
    builder.add_node("b", asks("b"))
    builder.add_node("done", node("done"))
    builder.add_node("join", node("join"))
    for name in ("a", "b", "done"):
        builder.add_edge(START, name)
    builder.add_edge(["a", "b", "done"], "join")
    return builder.compile(checkpointer=saver)


def fan_out(width: int, saver: BaseCheckpointSaver[Any]) -> Any:
    """Return a graph that sends many tasks at once."""
    builder = StateGraph(State)
    builder.add_node("work", lambda state: {"log": [f"work {state['n']}"]})
    builder.add_node("join", node("join"))
    builder.add_conditional_edges(START, lambda _: [Send("work", {"n": n}) for n in range(width)])
    builder.add_edge("work", "join")
    return builder.compile(checkpointer=saver)


def one_after_another(width: int, memory: LocalMemory) -> Any:
    """Return a graph of one step, each of whose tasks ends when the former one is stored."""
    stored: list[Event] = [Event() for _ in range(width + 1)]
    stored[0].set()

    class Saver(AgentCoreSaver):
        async def aput_writes(
            self, config: Any, writes: Any, task_id: str, task_path: str = ""
        ) -> None:
            await super().aput_writes(config, writes, task_id, task_path)
            for channel, value in writes:
                if channel == "log" and value:
                    stored[int(value[0].removeprefix("n")) + 1].set()

    def waiting(number: int) -> Any:
        async def run(state: State) -> Any:
            await stored[number].wait()
            return {"log": [f"n{number}"]}

        return run

    builder = StateGraph(State)
    for number in range(width):
        builder.add_node(f"n{number}", waiting(number))
        builder.add_edge(START, f"n{number}")
    return builder.compile(checkpointer=Saver(memory.manager))


def nested(saver: BaseCheckpointSaver[Any]) -> Any:
    """Return a graph with a subgraph that asks."""

    async def ask(state: State) -> Any:
        return {"log": [f"inner {interrupt('inner?')}"]}

    inner = StateGraph(State)
    inner.add_node("first", node("first"))
    inner.add_node("ask", ask)
    inner.add_edge(START, "first")
    inner.add_edge("first", "ask")
    builder = StateGraph(State)
    builder.add_node("sub", inner.compile())
    builder.add_node("end", node("end"))
    builder.add_edge(START, "sub")
    builder.add_edge("sub", "end")
    return builder.compile(checkpointer=saver)


@pytest.mark.parametrize("durability", ["sync", "async"])
async def test_four_calls_a_step_at_most(memory: LocalMemory, durability: Any) -> None:
    """A run reads once, and each step is one event for its writes and one for its checkpoint."""
    graph = chain(6, AgentCoreSaver(memory.manager))
    await graph.ainvoke({"log": ["in"]}, THREAD, durability=durability)
    calls = operations(memory)
    assert 1 == calls.count("ListEvents")
    assert calls.count("CreateEvent") <= 2 * (6 + 2)
    assert set(calls) == {"ListEvents", "CreateEvent"}


@pytest.mark.parametrize("durability", ["sync", "async"])
async def test_a_wide_step_is_within_four_calls(memory: LocalMemory, durability: Any) -> None:
    """Thirty tasks end together, so their writes are few events."""
    graph = fan_out(30, AgentCoreSaver(memory.manager))
    result = await graph.ainvoke({"log": []}, THREAD, durability=durability)
    assert [*(f"work {n}" for n in range(30)), "join"] == result["log"]
    assert operations(memory).count("CreateEvent") <= 4 * 3


async def test_a_task_that_ends_by_itself_is_a_call_of_its_own(memory: LocalMemory) -> None:
    """Nothing else is on its way then, and what it did is not held back for the others."""
    counts: list[int] = []
    for width in (1, 8):
        before = operations(memory).count("CreateEvent")
        result = await one_after_another(width, memory).ainvoke(
            {"log": []}, {"configurable": {"thread_id": f"chat/{width}"}}
        )
        assert [f"n{number}" for number in range(width)] == result["log"]
        counts.append(operations(memory).count("CreateEvent") - before)
    assert 7 == counts[1] - counts[0]
    assert counts[1] <= 8 + 3  # the checkpoints of the input and of the step, and its beginning


async def test_several_interrupts_go_on_elsewhere(memory: LocalMemory) -> None:
    """Another process answers them one after the other, and no node runs twice."""
    await asking(AgentCoreSaver(memory.manager)).ainvoke({"log": []}, THREAD)
    for name in ("a", "b"):
        async with memory.service.manager(MEMORY_ID, limits=UNPACED) as manager:
            graph = asking(AgentCoreSaver(manager))
            state = await graph.aget_state(THREAD)
            [found] = [each for each in state.interrupts if each.value == name]
            result = await graph.ainvoke(Command(resume={found.id: f"yes {name}"}), THREAD)
    assert ["a: yes a", "b: yes b", "done", "join"] == result["log"]


async def test_a_subgraph_goes_on_and_is_deleted_with_its_thread(memory: LocalMemory) -> None:
    """Its checkpoints are in the thread's session."""
    await nested(AgentCoreSaver(memory.manager)).ainvoke({"log": []}, THREAD)
    saver = AgentCoreSaver(memory.manager)
    graph = nested(saver)
    state = await graph.aget_state(THREAD, subgraphs=True)
    assert ["first"] == state.tasks[0].state.values["log"]
    result = await graph.ainvoke(Command(resume="yes"), THREAD)
    assert ["first", "inner yes", "end"] == result["log"]
    namespaces = {each.config["configurable"]["checkpoint_ns"] async for each in saver.alist(None)}
    assert 2 == len(namespaces)
    await saver.adelete_thread("chat/1")
    assert [] == [each async for each in saver.alist(None)]
    assert [] == await (await memory.session("langgraph", "enc-chat_2f1")).list_events()


@pytest.mark.parametrize("make", [lambda saver: chain(4, saver), nested, asking])
async def test_time_travel(memory: LocalMemory, make: Any) -> None:
    """From each checkpoint of a history a run goes on as it does in LangGraph's own saver."""

    async def travelled(saver: BaseCheckpointSaver[Any]) -> Any:
        graph = make(saver)
        await graph.ainvoke({"log": ["in"]}, THREAD)
        seen: list[Any] = []
        for state in [each async for each in graph.aget_state_history(THREAD)]:
            forked = await graph.aupdate_state(state.config, {"log": ["forked"]})
            result = await graph.ainvoke(None, forked)
            seen.append((state.values, state.next, result["log"]))
        seen += [(each.values, each.next) async for each in graph.aget_state_history(THREAD)]
        return seen

    assert await travelled(InMemorySaver()) == await travelled(AgentCoreSaver(memory.manager))


async def test_the_newest_checkpoint_of_a_long_thread_is_one_page(memory: LocalMemory) -> None:
    """After a thousand steps a new process reads one page, though a value is from the first one."""

    class Long(TypedDict):
        background: str
        count: int

    builder = StateGraph(Long)
    builder.add_node("count", lambda state: {"count": state["count"] + 1})
    builder.add_edge(START, "count")
    builder.add_conditional_edges("count", lambda s: "count" if s["count"] < 1000 else END)
    saver = AgentCoreSaver(memory.manager)
    graph = builder.compile(checkpointer=saver)
    config: Any = {**THREAD, "recursion_limit": 2000}
    await graph.ainvoke({"background": "long ago", "count": 0}, config, durability="sync")
    written = operations(memory)
    assert written.count("CreateEvent") <= 2 * 1002
    assert 1 == written.count("ListEvents")
    found = await AgentCoreSaver(memory.manager).aget_tuple(THREAD)
    assert found is not None
    assert found.checkpoint["channel_values"]["background"] == "long ago"
    assert found.checkpoint["channel_values"]["count"] == 1000
    assert 1 == len(operations(memory)) - len(written)
    newest = [each async for each in AgentCoreSaver(memory.manager).alist(THREAD, limit=10)]
    assert list(range(1000, 990, -1)) == [
        each.checkpoint["channel_values"]["count"] for each in newest
    ]
    assert 2 == len(operations(memory)) - len(written)


async def test_values_of_any_size(memory: LocalMemory) -> None:
    """A value over many blobs and events comes back; a writer that fails midway leaves nothing."""
    large = {f"k{n}": '\u00e4"\\' * 200_000 for n in range(3)}

    class Large(TypedDict):
        data: Any

    builder = StateGraph(Large)
    builder.add_node("grow", lambda state: {"data": {**state["data"], "more": "x" * 3_000_000}})
    builder.add_edge(START, "grow")
    graph = builder.compile(checkpointer=AgentCoreSaver(memory.manager))
    await graph.ainvoke({"data": large}, THREAD)
    found = await AgentCoreSaver(memory.manager).aget_tuple(THREAD)
    assert found is not None
    assert found.checkpoint["channel_values"]["data"] == {**large, "more": "x" * 3_000_000}
