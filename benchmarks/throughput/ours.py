"""This package, with at most 200 requests of an operation under way."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    ServiceLimits,
)
from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import obey
from benchmarks.throughput.load import Converse, throughput_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Open a manager at *url*, and yield what measures it."""
    async with manager(url, max_concurrency=200) as memory:
        yield throughput_of(conversation(memory))


def manager(url: str, max_concurrency: int = 50) -> AsyncMemorySessionManager:
    """Return a manager whose pacing is on, and not reached."""
    limits = ServiceLimits(events_per_second=1e6, other_events_per_second=1e6)
    return AsyncMemorySessionManager(
        MEMORY, endpoint_url=url, max_concurrency=max_concurrency, limits=limits
    )


def conversation(memory: AsyncMemorySessionManager) -> Converse:
    """Return the calls of a conversation."""
    messages = [ConversationalMessage(TEXT, MessageRole.USER)]

    async def converse(session_id: str) -> None:
        session = await memory.create_memory_session("a", session_id, verify=False)
        await session.add_turns(messages)
        await session.list_events(max_results=10)

    return converse


if __name__ == "__main__":
    obey(opened)
