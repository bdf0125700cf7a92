"""
This package's sync facade beside its async methods, which a bare hop runs in another thread, too.

The transport answers at once in this process, so that only the way to it is measured.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MemorySessionManager,
    MessageRole,
    ServiceLimits,
)
from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import obey
from benchmarks.growth.service import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from agentcore_memory_async import AsyncMemorySession
    from benchmarks.common.contestant import Measure

T = TypeVar("T")

SAID = [ConversationalMessage(TEXT, MessageRole.USER)]
LIMITS = ServiceLimits(events_per_second=1e6)


@asynccontextmanager
async def opened(_: str) -> AsyncIterator[Measure]:
    """Open both managers and a loop in another thread, and yield what measures a call."""
    blocking = MemorySessionManager(MEMORY, transport=Service(), limits=LIMITS)
    async with AsyncMemorySessionManager(MEMORY, transport=Service(), limits=LIMITS) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        elsewhere = AsyncMemorySessionManager(MEMORY, transport=Service(), limits=LIMITS)
        with other_loop() as loop:
            hop(loop, elsewhere.__aenter__())
            hopping = hop(loop, elsewhere.create_memory_session("a", "s", verify=False))
            await asyncio.to_thread(blocking.open)
            sync_session = await asyncio.to_thread(
                blocking.create_memory_session, "a", "s", verify=False
            )
            calls: dict[str, Callable[[], object]] = {
                "nothing": lambda: hop(loop, nothing()),
                "bare": lambda: hop(loop, hopping.add_turns(SAID)),
                "call": lambda: sync_session.add_turns(SAID),
            }
            yield measure_of(calls, session)
            await asyncio.to_thread(blocking.close)
            hop(loop, elsewhere.aclose())


def measure_of(calls: dict[str, Callable[[], object]], awaited: AsyncMemorySession) -> Measure:
    """Return what measures each of *calls*, and what it adds to the call that is awaited."""

    async def measure(operation: str, amount: int) -> dict[str, float]:
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(amount):
            await awaited.add_turns(SAID)
        alone_cpu = (time.process_time() - cpu) / amount
        alone = (time.perf_counter() - began) / amount
        call = await asyncio.to_thread(cost_of, calls[operation], amount)
        added = {"added_s": call["wall_s"] - alone, "added_cpu_s": call["cpu_s"] - alone_cpu}
        return call | {"async_s": alone} | added

    return measure


def cost_of(call: Callable[[], object], amount: int) -> dict[str, float]:
    """Make *amount* calls; return wall seconds of one, and processor seconds of all threads."""
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(amount):
        call()
    return {
        "wall_s": (time.perf_counter() - began) / amount,
        "cpu_s": (time.process_time() - cpu) / amount,
    }


def hop(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run *coroutine* in *loop*, which runs in another thread, by the shortest way."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result()


async def nothing() -> None:
    """Do nothing."""


@contextmanager
def other_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


if __name__ == "__main__":
    obey(opened)
