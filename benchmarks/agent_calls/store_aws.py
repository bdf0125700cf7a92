"""AWS's store for LangGraph: a turn searches what is known, and puts what was said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.messages import HumanMessage
from langgraph_checkpoint_aws import AgentCoreMemoryStore

from benchmarks.agent_calls.counting import counted
from benchmarks.common.canned import MEMORY
from benchmarks.common.contestant import obey


@asynccontextmanager
async def opened_turns(_: str) -> AsyncIterator[Any]:
    """Yield what takes a turn."""
    store = AgentCoreMemoryStore(memory_id=MEMORY, region_name="us-west-2")

    async def turn(conversation: str, question: str) -> None:
        await store.asearch(("facts", "anna"), query=question, limit=3)
        message = {"message": HumanMessage(question)}
        await store.aput(("anna", conversation), question[:10], message)

    yield turn


if __name__ == "__main__":
    obey(counted(opened_turns))
