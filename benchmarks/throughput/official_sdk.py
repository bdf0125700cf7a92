"""The official SDK under `asyncio.to_thread`, with asyncio's default number of threads."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bedrock_agentcore.memory.constants import ConversationalMessage, MessageRole
from bedrock_agentcore.memory.session import MemorySessionManager

from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import obey
from benchmarks.throughput.load import throughput_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Make a manager for *url*, and yield what measures it."""
    os.environ["AWS_ENDPOINT_URL"] = url
    manager = MemorySessionManager(MEMORY)
    messages = [ConversationalMessage(TEXT, MessageRole.USER)]

    async def converse(session_id: str) -> None:
        session = manager.create_memory_session("a", session_id)
        await asyncio.to_thread(session.add_turns, messages)
        await asyncio.to_thread(session.list_events, max_results=10)

    measured = throughput_of(converse)

    async def measure(operation: str, sessions: int) -> dict[str, float]:
        found = await measured(operation, sessions)
        return found | {"threads": threading.active_count() - 1}

    yield measure


if __name__ == "__main__":
    obey(opened)
