"""LangGraph with a checkpointer of this package: a graph that everybody runs, in their threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph

from agentcore_memory_async.integrations.langgraph import AgentCoreSaver
from benchmarks.agents.load import ANSWER, opened_by
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySessionManager


async def answer(_: MessagesState) -> dict[str, Any]:
    """Answer without a network."""
    return {"messages": [AIMessage(ANSWER)]}


class SavedGraphs:
    """A graph that everybody runs, in threads of their own."""

    def __init__(self, memory: AsyncMemorySessionManager) -> None:
        graph: Any = StateGraph(MessagesState)
        graph.add_node("answer", answer).add_edge(START, "answer")
        self._graph = graph.compile(AgentCoreSaver(memory, actor_id="everybody"))

    async def turn(self, actor_id: str, question: str) -> None:
        """Run the graph once."""
        config = {"configurable": {"thread_id": actor_id}}
        await self._graph.ainvoke({"messages": [HumanMessage(question)]}, config)

    async def history(self, actor_id: str) -> list[str]:
        """Return the messages of the newest state."""
        state = await self._graph.aget_state({"configurable": {"thread_id": actor_id}})
        return [message.content for message in state.values["messages"]]


if __name__ == "__main__":
    obey(opened_by(SavedGraphs))
