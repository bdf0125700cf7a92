"""LangGraph's store in this package: a turn searches what is known, and puts what was said."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agentcore_memory_async.integrations.langgraph import AgentCoreStore
from benchmarks.agent_calls.counting import counted
from benchmarks.common.contestant import obey
from benchmarks.throughput.ours import manager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.agent_calls.counting import Turn


@asynccontextmanager
async def opened_turns(url: str) -> AsyncIterator[Turn]:
    """Yield what takes a turn."""
    async with manager(url) as memory:
        store = AgentCoreStore(memory, actor_id="anna")

        async def turn(conversation: str, question: str) -> None:
            await store.asearch((conversation,), query=question, limit=3)
            await store.aput((conversation,), question[:10], {"message": question})

        yield turn


if __name__ == "__main__":
    obey(counted(opened_turns))
