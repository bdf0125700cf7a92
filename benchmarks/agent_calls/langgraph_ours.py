"""LangGraph, with this package's checkpointer."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from agentcore_memory_async.integrations.langgraph import AgentCoreSaver
from benchmarks.agent_calls.counting import counted
from benchmarks.agent_calls.langgraph_graph import compiled, run
from benchmarks.common.contestant import obey
from benchmarks.throughput.ours import manager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.agent_calls.counting import Turn


@asynccontextmanager
async def opened_turns(url: str) -> AsyncIterator[Turn]:
    """Yield what takes a turn."""
    async with manager(url) as memory:
        yield partial(run, compiled(AgentCoreSaver(memory, actor_id="anna")))


if __name__ == "__main__":
    obey(counted(opened_turns))
