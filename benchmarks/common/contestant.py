"""
Run a contestant: a process that opens its client once, and measures whenever it is asked.

A line ``write 400`` on stdin asks for 400 calls of the operation `write`; the answer is a line of
JSON on stdout, with figures by name. The process ends with its stdin. Nothing here needs more than
the standard library, since each contestant runs in an environment of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Call = Callable[[], Awaitable[object]]
Measure = Callable[[str, int], Awaitable[dict[str, float]]]
"""Measures an operation by its name, for so many calls; returns figures by name."""
Opened = Callable[[str], AbstractAsyncContextManager[Measure]]
"""Opens a contestant at the URL of the stub."""
OpenedCalls = Callable[[str], AbstractAsyncContextManager[Mapping[str, Call]]]
"""Opens a client at the URL of the stub, and gives one call of each operation."""
IN_FLIGHT = 16
"""Calls that are under way at once."""


def obey(opened: Opened) -> None:
    """Open the contestant at the URL of the command line, and measure what stdin asks for."""
    asyncio.run(_obey(opened, sys.argv[1]))


async def _obey(opened: Opened, url: str) -> None:
    loop = asyncio.get_running_loop()
    async with opened(url) as measure:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            operation, amount = line.split()
            print(json.dumps(await measure(operation, int(amount))), flush=True)


def obey_calls(opened: OpenedCalls) -> None:
    """Measure calls of a client, `IN_FLIGHT` at once: processor and wall seconds of one."""

    @asynccontextmanager
    async def measuring(url: str) -> AsyncIterator[Measure]:
        async with opened(url) as calls:
            yield lambda operation, amount: time_calls(calls[operation], amount)

    obey(measuring)


async def time_calls(call: Call, amount: int) -> dict[str, float]:
    """Make *amount* calls; return processor and wall seconds of one."""
    left = amount

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    began, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(IN_FLIGHT):
            tasks.create_task(work())
    return {
        "cpu_s": (time.process_time() - cpu) / amount,
        "wall_s": (time.perf_counter() - began) / amount,
    }
