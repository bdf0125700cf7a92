"""Tools for a model without a framework: each turn remembers, and reads what was said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.integrations.tools import resolve_tool_calls
from benchmarks.agents.load import ANSWER, opened_by
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySession, AsyncMemorySessionManager


def call(name: str, **arguments: object) -> dict[str, Any]:
    """Return a tool call as Chat Completions has it."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": name, "type": "function", "function": function}


class ToolAgents:
    """Agents without a framework."""

    def __init__(self, memory: AsyncMemorySessionManager) -> None:
        self._memory = memory

    async def _session(self, actor_id: str) -> AsyncMemorySession:
        return await self._memory.create_memory_session(actor_id, "chat", verify=False)

    async def turn(self, actor_id: str, question: str) -> None:
        """Let the model call its tools, and store the turn."""
        session = await self._session(actor_id)
        calls = [call("recent_turns", k=3), call("remember", fact=question)]
        results = await resolve_tool_calls(session, calls)
        if any("error" in json.loads(each["content"]) for each in results):
            raise RuntimeError(str(results))
        await session.add_turns(
            [
                ConversationalMessage(question, MessageRole.USER),
                ConversationalMessage(ANSWER, MessageRole.ASSISTANT),
            ]
        )

    async def history(self, actor_id: str) -> list[str]:
        """Return what was said."""
        session = await self._session(actor_id)
        return [turn.text for turn in await session.get_last_k_turns(9)]


if __name__ == "__main__":
    obey(opened_by(ToolAgents))
