"""The Claude Agent SDK: what it mirrors of a turn is appended, and loaded as by another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async.integrations.claude_agent_sdk import AgentCoreSessionStore
from benchmarks.agents.load import ANSWER, opened_by
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from claude_agent_sdk import SessionKey

    from agentcore_memory_async import AsyncMemorySessionManager


def entry(said_by: str, text: str) -> Any:
    """Return an entry of a transcript."""
    message = {"role": said_by, "content": text}
    return {"type": said_by, "uuid": f"{said_by} {text}", "message": message}


class ClaudeAgents:
    """A store for each actor, whose sessions others read by a store of their own."""

    def __init__(self, memory: AsyncMemorySessionManager) -> None:
        self._memory = memory
        self._stores: dict[str, AgentCoreSessionStore] = {}

    def _key(self) -> SessionKey:
        return {"project_key": "project", "session_id": "0f0e0d0c-0b0a-4908-8706-050403020100"}

    async def turn(self, actor_id: str, question: str) -> None:
        """Append the entries of a turn."""
        if actor_id not in self._stores:
            self._stores[actor_id] = AgentCoreSessionStore(self._memory, actor_id=actor_id)
        answer = entry("assistant", ANSWER)
        answer["uuid"] += question
        await self._stores[actor_id].append(self._key(), [entry("user", question), answer])

    async def history(self, actor_id: str) -> list[str]:
        """Return what a new store loads."""
        store = AgentCoreSessionStore(self._memory, actor_id=actor_id)
        entries: list[Any] = [*(await store.load(self._key()) or [])]
        return [each["message"]["content"] for each in entries]


if __name__ == "__main__":
    obey(opened_by(ClaudeAgents))
