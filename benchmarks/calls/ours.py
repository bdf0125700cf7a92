"""This package: typed objects, and writes with all guarantees; pacing is on and not reached."""

from __future__ import annotations

from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING

from aiobotocore.session import AioSession

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    ServiceLimits,
)
from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import IN_FLIGHT, obey_calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from benchmarks.common.contestant import Call


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Mapping[str, Call]]:
    """Open a manager at *url*, and give its calls."""
    session = AioSession()
    session.set_credentials("AKIDBENCH", "secret", "token")
    out_of_reach = ServiceLimits(events_per_second=1e6, other_events_per_second=1e6)
    async with AsyncMemorySessionManager(
        MEMORY, "us-west-2", aws_session=session, endpoint_url=url, limits=out_of_reach
    ) as manager:
        memory = await manager.create_memory_session("a", "s", verify=False)
        writers = [
            await manager.create_memory_session("a", f"s{number}", verify=False)
            for number in range(IN_FLIGHT)
        ]
        turn = count()
        messages = [ConversationalMessage(TEXT, MessageRole.USER)]

        def search(top_k: int) -> Call:
            return lambda: memory.search_long_term_memories(
                "seats", namespace_prefix="/facts/a/", top_k=top_k
            )

        yield {
            "write": lambda: writers[next(turn) % IN_FLIGHT].add_turns(messages),
            "read": lambda: memory.list_events(max_results=100),
            "turns": lambda: memory.get_last_k_turns(100),
            "search-5": search(5),
            "search-100": search(100),
        }


if __name__ == "__main__":
    obey_calls(opened)
