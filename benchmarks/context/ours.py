"""This package: the context of a query from five namespaces, and one search."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agentcore_memory_async import AsyncMemorySessionManager
from benchmarks.common.canned import MEMORY
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure

QUERY = "Which seat should I book?"
NAMESPACES = [f"/{name}/{{actorId}}/" for name in ("facts", "likes", "episodes", "plans", "notes")]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Open a manager at *url*, and yield what measures wall seconds of a call, one at a time."""
    async with AsyncMemorySessionManager(
        MEMORY, endpoint_url=url, namespaces=NAMESPACES
    ) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)

        async def context() -> None:
            assert len(await session.retrieve_context(QUERY)) > 0

        async def search() -> None:
            await session.search_long_term_memories(QUERY, namespace_prefix="/facts/a/", top_k=10)

        calls = {"context": context, "search": search}

        async def measure(operation: str, amount: int) -> dict[str, float]:
            began = time.perf_counter()
            for _ in range(amount):
                await calls[operation]()
            return {"wall_s": (time.perf_counter() - began) / amount}

        yield measure


if __name__ == "__main__":
    obey(opened)
