"""LangGraph's store in this package: each turn searches what is known, and puts something new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.integrations.langgraph import AgentCoreStore
from benchmarks.agents.load import TURNS, opened_by
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySessionManager


class StoringAgents:
    """A store for each actor."""

    def __init__(self, memory: AsyncMemorySessionManager) -> None:
        self._memory = memory
        self._stores: dict[str, AgentCoreStore] = {}

    def _store(self, actor_id: str) -> AgentCoreStore:
        if actor_id not in self._stores:
            self._stores[actor_id] = AgentCoreStore(self._memory, actor_id=actor_id)
        return self._stores[actor_id]

    async def turn(self, actor_id: str, question: str) -> None:
        """Search, and put."""
        store = self._store(actor_id)
        await store.asearch(("asked",), query=question, limit=3)
        await store.aput(("asked",), question[:10], {"text": question})

    async def history(self, actor_id: str) -> list[str]:
        """Return what a new store finds, oldest first."""
        store = AgentCoreStore(self._memory, actor_id=actor_id)
        found = await store.asearch(("asked",), limit=10 * TURNS)
        return [each.value["text"] for each in sorted(found, key=lambda each: each.created_at)]


if __name__ == "__main__":
    obey(opened_by(StoringAgents))
