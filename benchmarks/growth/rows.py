"""Measure whether a call of the client costs more where there is more of anything."""

from __future__ import annotations

import argparse
import gc
import platform
import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    ExtractionPoller,
    MessageRole,
    PollPolicy,
    ServiceLimits,
    __version__,
)
from benchmarks.common.canned import MEMORY
from benchmarks.growth.service import START, Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

SIZES = (100, 10_000, 100_000)
"""How much there is of what a row names."""
CALLS = 300
"""Calls that are measured at each size."""
SAID = [ConversationalMessage("I only fly window seats", MessageRole.USER)]
SOON = PollPolicy(poll_times_s=(0.5,), jitter=0.0, max_requests_per_second=None)


def manager(service: Service) -> AsyncMemorySessionManager:
    """Return a manager without limits."""
    limits = ServiceLimits(events_per_second=None, other_events_per_second=None)
    return AsyncMemorySessionManager(MEMORY, transport=service, limits=limits, polling=SOON)


async def timed(work: Callable[[int], Awaitable[object]], calls: int) -> float:
    """Return the processor time of one call, in microseconds."""
    gc.collect()
    gc.freeze()  # what the collector visits grows with every object of the process
    began = time.process_time()
    for number in range(calls):
        await work(number)
    return (time.process_time() - began) / calls * 1e6


async def writes_after(size: int, given: Callable[[int], datetime | None]) -> float:
    """Return the time of a write in a session that has *size* writes."""
    async with manager(Service()) as memory:
        session = await memory.create_memory_session("a", "s", verify=False)
        for number in range(size):
            await session.add_turns(SAID, timestamp=given(number))
        return await timed(lambda n: session.add_turns(SAID, timestamp=given(size + n)), CALLS)


async def live(size: int) -> float:
    """Return the time of a write, where the session has *size* of them."""
    return await writes_after(size, lambda _: None)


async def equal_times(size: int) -> float:
    """Return the time of a write with the same given time as all others."""
    return await writes_after(size, lambda _: START)


async def scattered_times(size: int) -> float:
    """Return the time of a write with a given time between those of others."""
    draw = random.Random(1)
    return await writes_after(size, lambda _: START + timedelta(seconds=draw.randrange(10**7)))


async def tokens(size: int) -> float:
    """Return the time of a write under a caller's token, after *size* of them."""
    async with manager(Service()) as memory:
        session = await memory.create_memory_session("a", "s", verify=False)
        for number in range(size):
            await session.add_turns(SAID, client_token=f"t{number}")
        return await timed(lambda n: session.add_turns(SAID, client_token=f"u{n}"), CALLS)


async def sessions(size: int) -> float:
    """Return the time of making a session and writing there, beside *size* others."""
    async with manager(Service()) as memory:

        async def talk(number: int) -> None:
            session = await memory.create_memory_session("a", f"s{number}", verify=False)
            await session.add_turns(SAID)

        for number in range(size):
            await talk(number)
        return await timed(lambda n: talk(size + n), CALLS)


async def last_turns(size: int) -> float:
    """Return the time of reading ten turns of a session with *size* events."""
    service = Service()
    service.events = size
    async with manager(service) as memory:
        session = await memory.create_memory_session("a", "s", verify=False)
        return await timed(lambda _: session.get_last_k_turns(10), CALLS)


async def all_events(size: int) -> float:
    """Return the time of one event of a list of all."""
    service = Service()
    service.events = size
    async with manager(service) as memory:
        session = await memory.create_memory_session("a", "s", verify=False)
        return await timed(lambda _: session.list_events(page_size=100), 1) / size


async def buffered(size: int) -> float:
    """Return the time of adding a message to a buffer that has *size* of them."""
    async with manager(Service()) as memory:
        session = await memory.create_memory_session("a", "s", verify=False)
        async with session.buffered(max_delay=600, max_pending=size + CALLS + 1) as buffer:
            buffer._max_messages = size + CALLS + 1
            for _ in range(size):
                await buffer.add(SAID[0])
            took = await timed(lambda _: buffer.add(SAID[0]), CALLS)
            buffer._max_messages = 100
            return took


async def waiters(size: int) -> float:
    """Return the time of one wait, where *size* wait for the same prefix."""
    return await waits(["/facts/a/"] * size)


async def prefixes(size: int) -> float:
    """Return the time of one wait, where *size* wait, each for a prefix of its own."""
    return await waits([f"/facts/a{number}/" for number in range(size)])


async def waits(wanted: list[str]) -> float:
    """Return the time of one of many waits that go on at once."""
    service = Service()
    async with manager(service) as memory:
        pollers = [memory.extraction_poller(prefix) for prefix in wanted]

        async def wait(poller: ExtractionPoller) -> None:
            await poller

        began = time.process_time()
        async with anyio.create_task_group() as group:
            for poller in pollers:
                group.start_soon(wait, poller)
            await anyio.sleep(0.4)
            service.has_new = True
        return (time.process_time() - began) / len(wanted) * 1e6


async def records(size: int) -> float:
    """Return the time of one record of those that a wait finds already there."""
    service = Service()
    service.records = size
    async with manager(service) as memory:
        began = time.process_time()
        async with memory.extraction_poller("/facts/a/") as poller:
            service.has_new = True
            await poller
        return (time.process_time() - began) / size * 1e6


ROWS: dict[str, Callable[[int], Awaitable[float]]] = {
    "a write, by writes of the session": live,
    "a write with one given time, by writes with it": equal_times,
    "a write with a given time, by writes of the session": scattered_times,
    "a write under a token, by tokens": tokens,
    "a new session and its write, by sessions": sessions,
    "the last ten turns, by events of the session": last_turns,
    "an event of a list of all, by events": all_events,
    "a message of a buffer, by messages in it": buffered,
    "a wait, by waits for its prefix": waiters,
    "a wait, by prefixes that are waited for": prefixes,
    "a record that was there before a wait, by records": records,
}


def main() -> None:
    """Print the table of the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", default="", help="only rows with this in their name")
    given = parser.parse_args()
    print(f"agentcore-memory-async {__version__}, Python {platform.python_version()}\n")
    print("| microseconds of | " + " | ".join(f"{size:,}" for size in SIZES) + " | ratio |")
    print("|---" * (len(SIZES) + 2) + "|")
    for name, row in ROWS.items():
        if given.row in name:
            took = [anyio.run(row, size) for size in SIZES]
            cells = " | ".join(f"{each:,.0f}" for each in took)
            print(f"| {name} | {cells} | {took[-1] / took[0]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
