"""This package: processor time of a call, by the number of events in its session."""

from __future__ import annotations

import gc
import time
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from typing import TYPE_CHECKING

from benchmarks.common.contestant import obey
from benchmarks.growth.rows import SAID, manager
from benchmarks.growth.service import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agentcore_memory_async import AsyncMemorySession
    from benchmarks.common.contestant import Call, Measure

SIZES = (1, 20, 1000, 100_000)
"""Numbers of events; 20 fill the page that the last ten turns are read from."""
FRESH = 1000
"""Sessions of few events that are written to once each, so that they stay small."""


@asynccontextmanager
async def opened(_url: str) -> AsyncIterator[Measure]:
    """Fill the sessions, and yield what measures a call there."""
    calls: dict[str, Call] = {}
    async with AsyncExitStack() as stack:
        for size in SIZES:
            service = Service()
            service.events = size
            memory = await stack.enter_async_context(manager(service))
            sessions = [
                await memory.create_memory_session("a", f"s{number}", verify=False)
                for number in range(FRESH if size < FRESH else 1)
            ]
            for session in sessions:
                for _ in range(size):
                    await session.add_turns(SAID)
            calls[f"add_turns-{size}"] = write_to(sessions)
            calls[f"get_last_k_turns-{size}"] = read_from(sessions[0])
        gc.collect()
        gc.freeze()  # what the collector visits grows with every object of the process

        async def measure(operation: str, amount: int) -> dict[str, float]:
            began = time.process_time()
            for _ in range(amount):
                await calls[operation]()
            return {"cpu_s": (time.process_time() - began) / amount}

        yield measure


def write_to(sessions: list[AsyncMemorySession]) -> Call:
    """Return a call that writes to each of *sessions* in turn."""
    turn = cycle(sessions)
    return lambda: next(turn).add_turns(SAID)


def read_from(session: AsyncMemorySession) -> Call:
    """Return a call that reads the last turns of *session*."""
    return lambda: session.get_last_k_turns(10)


if __name__ == "__main__":
    obey(opened)
