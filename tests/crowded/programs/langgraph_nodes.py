"""A graph of LangGraph whose nodes use the memory."""

from __future__ import annotations

import asyncio
from typing import TypedDict

from langgraph.graph import START, StateGraph

from tests.crowded.programs.crowd import converse, converse_blocking


class State(TypedDict):
    """Steps done so far."""

    steps: int


async def ask(state: State) -> State:
    """Converse in the graph's loop."""
    await converse(f"async-{state['steps']}")
    return {"steps": state["steps"] + 1}


def ask_blocking(state: State) -> State:
    """Converse in a thread of the graph, or in the caller's."""
    converse_blocking(f"sync-{state['steps']}")
    return {"steps": state["steps"] + 1}


graph = StateGraph(State)
graph.add_node("first", ask)
graph.add_node("second", ask_blocking)
graph.add_edge(START, "first")
graph.add_edge("first", "second")
print(asyncio.run(graph.compile().ainvoke({"steps": 0})))
blocking_graph = StateGraph(State)
blocking_graph.add_node("only", ask_blocking)
blocking_graph.add_edge(START, "only")
print(blocking_graph.compile().invoke({"steps": 2}))
