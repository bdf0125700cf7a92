"""Strands, with a session manager of this package and an agent for each turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.integrations.strands import AgentCoreSessionManager
from benchmarks.agent_calls.strands_agent import new_agent
from benchmarks.agents.load import opened_by
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from strands import Agent

    from agentcore_memory_async import AsyncMemorySessionManager


class StrandsAgents:
    """An agent for each turn, as a web app has it."""

    def __init__(self, memory: AsyncMemorySessionManager) -> None:
        self._memory = memory

    def _agent(self, actor_id: str) -> tuple[Agent, AgentCoreSessionManager]:
        manager = AgentCoreSessionManager(self._memory, actor_id=actor_id, session_id="chat")
        return new_agent(manager), manager

    async def turn(self, actor_id: str, question: str) -> None:
        """Take a turn."""
        agent, _ = self._agent(actor_id)
        await agent.invoke_async(question)

    async def history(self, actor_id: str) -> list[str]:
        """Return what a new agent has."""
        agent, manager = self._agent(actor_id)
        await manager.restore(agent)
        return [block.get("text", "") for each in agent.messages for block in each["content"]]


if __name__ == "__main__":
    obey(opened_by(StrandsAgents))
