"""Strands, with the session manager of AWS's SDK, made in a thread, since it calls at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bedrock_agentcore.memory.integrations.strands.config import AgentCoreMemoryConfig
from bedrock_agentcore.memory.integrations.strands.session_manager import (
    AgentCoreMemorySessionManager,
)

from benchmarks.agent_calls.counting import counted
from benchmarks.agent_calls.strands_agent import new_agent
from benchmarks.common.canned import MEMORY
from benchmarks.common.contestant import obey


@asynccontextmanager
async def opened_turns(_: str) -> AsyncIterator[Any]:
    """Yield what takes a turn."""

    async def turn(conversation: str, question: str) -> None:
        config = AgentCoreMemoryConfig(memory_id=MEMORY, session_id=conversation, actor_id="anna")

        def made() -> Any:
            return new_agent(AgentCoreMemorySessionManager(config, region_name="us-west-2"))

        agent = await asyncio.to_thread(made)
        await agent.invoke_async(question)

    yield turn


if __name__ == "__main__":
    obey(counted(opened_turns))
