"""AWS's blocking SDK `bedrock-agentcore`, in threads of ``asyncio.to_thread``: dictionaries."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING

from bedrock_agentcore.memory.constants import ConversationalMessage, MessageRole
from bedrock_agentcore.memory.session import MemorySessionManager

from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import IN_FLIGHT, obey_calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping
    from typing import Any

    from benchmarks.common.contestant import Call


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Mapping[str, Call]]:
    """Open a manager at *url*, and give its calls."""
    os.environ["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"] = url
    manager = MemorySessionManager(MEMORY, "us-west-2")
    memory = manager.create_memory_session("a", "s")
    writers = [manager.create_memory_session("a", f"s{number}") for number in range(IN_FLIGHT)]
    turn = count()
    messages = [ConversationalMessage(TEXT, MessageRole.USER)]

    def write() -> Awaitable[Any]:
        return asyncio.to_thread(writers[next(turn) % IN_FLIGHT].add_turns, messages)

    def search(top_k: int) -> Call:
        return lambda: asyncio.to_thread(
            memory.search_long_term_memories, "seats", namespace="/facts/a/", top_k=top_k
        )

    yield {
        "write": write,
        "read": lambda: asyncio.to_thread(memory.list_events, max_results=100),
        "search-5": search(5),
        "search-100": search(100),
    }


if __name__ == "__main__":
    obey_calls(opened)
