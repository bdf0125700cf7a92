"""The MCP server, asked by the official client: each turn recalls something, and remembers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mcp import Client

from agentcore_memory_async.integrations.mcp import memory_server
from benchmarks.agents.load import opened_by
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySessionManager


class McpAgents:
    """A server and a client for each turn."""

    def __init__(self, memory: AsyncMemorySessionManager) -> None:
        self._memory = memory

    def _client(self, actor_id: str) -> Client:
        return Client(memory_server(self._memory, actor_id=actor_id, session_id="chat"))

    async def turn(self, actor_id: str, question: str) -> None:
        """Let the model call two tools, one after the other."""
        async with self._client(actor_id) as client:
            recalled = await client.call_tool("recall", {"query": question})
            remembered = await client.call_tool("remember", {"fact": question})
            if recalled.is_error or remembered.is_error:
                raise RuntimeError(str(remembered.content))

    async def history(self, actor_id: str) -> list[str]:
        """Return what the resources have, oldest first."""
        async with self._client(actor_id) as client:
            listed = await client.list_resources()
            read = [await client.read_resource(each.uri) for each in listed.resources]
            contents: list[Any] = [each.contents[0] for each in read]
            found = [json.loads(each.text) for each in contents]
        return [each["text"] for each in sorted(found, key=lambda each: each["text"])]


if __name__ == "__main__":
    obey(opened_by(McpAgents))
