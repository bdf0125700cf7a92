"""This package: growth of memory over many calls, and the memory of idle sessions."""

from __future__ import annotations

import asyncio
import gc
import resource
import tracemalloc
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common.contestant import obey
from benchmarks.growth.rows import SAID
from benchmarks.throughput.ours import manager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agentcore_memory_async import AsyncMemorySessionManager
    from benchmarks.common.contestant import Call, Measure

AT_ONCE = 20
"""Calls that are under way at once."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Open a manager at *url*, and yield what measures MiB of calls or of sessions."""
    async with manager(url) as memory:

        async def measure(operation: str, amount: int) -> dict[str, float]:
            if operation == "calls":
                return {"mib": await growth_over(memory, amount)}
            return await idle_sessions(memory, amount)

        yield measure


async def growth_over(memory: AsyncMemorySessionManager, calls: int) -> float:
    """Return by how many MiB the resident memory grows with so many calls, after a tenth."""
    session = await memory.create_memory_session("a", "s", verify=False)
    each: tuple[Call, ...] = (
        lambda: session.add_turns(SAID),
        lambda: session.get_last_k_turns(10),
        lambda: session.search_long_term_memories("seats", namespace_prefix="/facts/a/", top_k=5),
    )
    left = 0

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await each[left % len(each)]()

    async def resident_after(number: int) -> float:
        nonlocal left
        left = number
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(work())
        gc.collect()
        return resident_mib()

    before = await resident_after(calls // 10)
    return await resident_after(calls) - before


async def idle_sessions(memory: AsyncMemorySessionManager, number: int) -> dict[str, float]:
    """Return what so many sessions take that have ids of their own and were only made."""

    async def make(actors: str) -> list[object]:
        return [
            await memory.create_memory_session(f"{actors}-{each}", verify=False)
            for each in range(number)
        ]

    before = resident_mib()
    held = await make("a")
    gc.collect()
    resident = resident_mib() - before
    tracemalloc.start()
    held += await make("b")
    gc.collect()
    allocated = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    return {"mib": resident, "allocated_mib": allocated}


def resident_mib() -> float:
    """Return the resident memory of this process in MiB; without a /proc, its peak so far."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


if __name__ == "__main__":
    obey(opened)
