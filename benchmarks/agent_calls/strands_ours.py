"""Strands, with this package's session manager."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agentcore_memory_async.integrations.strands import AgentCoreSessionManager
from benchmarks.agent_calls.counting import counted
from benchmarks.agent_calls.strands_agent import new_agent
from benchmarks.common.contestant import obey
from benchmarks.throughput.ours import manager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.agent_calls.counting import Turn


@asynccontextmanager
async def opened_turns(url: str) -> AsyncIterator[Turn]:
    """Yield what takes a turn."""
    async with manager(url) as memory:

        async def turn(conversation: str, question: str) -> None:
            manager = AgentCoreSessionManager(memory, actor_id="anna", session_id=conversation)
            await new_agent(manager).invoke_async(question)

        yield turn


if __name__ == "__main__":
    obey(counted(opened_turns))
