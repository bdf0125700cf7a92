"""A graph of six nodes, one after the other, the last of which answers."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph

from benchmarks.agent_calls.counting import ANSWER

NODES = ("plan", "look", "read", "weigh", "write", "answer")
"""Nodes of the graph."""


async def work(_: MessagesState) -> dict[str, Any]:
    """Change nothing."""
    return {"messages": []}


async def answer(_: MessagesState) -> dict[str, Any]:
    """Answer without a network."""
    return {"messages": [AIMessage(ANSWER)]}


def compiled(checkpointer: Any) -> Any:
    """Return the graph with a checkpointer."""
    graph: Any = StateGraph(MessagesState)
    for before, name in zip((START, *NODES), NODES, strict=False):
        graph.add_node(name, answer if name == NODES[-1] else work)
        graph.add_edge(before, name)
    return graph.compile(checkpointer)


async def run(graph: Any, conversation: str, question: str) -> None:
    """Run the graph once, in the thread of a conversation."""
    config = {"configurable": {"thread_id": conversation, "actor_id": "anna"}}
    await graph.ainvoke({"messages": [HumanMessage(question)]}, config)
