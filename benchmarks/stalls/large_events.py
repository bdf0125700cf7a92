"""
Write and read one event of each size: ``python -m benchmarks.stalls.large_events``.

Prints the longest callback of the loop in milliseconds, the median and the worst of all processes.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    JsonPayload,
    MessageRole,
    RetryPolicy,
)
from benchmarks.common.canned import MEMORY
from benchmarks.common.conductor import process_environment
from benchmarks.stalls.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

PROCESSES = 5
SIZES = {"20 KB": 20_000, "256 KB": 256 * 1024, "8 MB": 8 * 1024 * 1024}
"""Sizes of the events, in bytes of their text or JSON."""
ITEM_BYTES = 90_000
"""Largest size of an item of an event."""
ROW = {"id": 12345, "name": "row 12345", "tags": ["a", "b"], "value": 1.5}
"""Part of the JSON items, 66 bytes."""
RETRY = RetryPolicy(write_deadline=120, read_deadline=120, attempt_timeout=60)


def items(kind: str, size: int) -> list[Any]:
    """Return the items of an event of *size* bytes."""
    number = -(-size // ITEM_BYTES)
    each = size // number
    if kind == "text":
        return [ConversationalMessage("a word " * (each // 7), MessageRole.USER)] * number
    rows = json.dumps([ROW] * (each // 66))  # decoded anew: rows of a real event are not shared
    return [JsonPayload(json.loads(rows)) for _ in range(number)]


async def stalls(url: str) -> dict[str, float]:
    """Write and read one event of each size; return the longest callbacks in milliseconds."""
    found: dict[str, float] = {}
    watch = Watch()
    async with AsyncMemorySessionManager(
        MEMORY, "us-west-2", endpoint_url=url, retry=RETRY
    ) as manager:
        for kind in ("text", "json"):
            for name, size in SIZES.items():
                session = await manager.create_memory_session("a", f"{kind}-{size}")
                event = items(kind, size)
                await asyncio.sleep(0)  # ends the callback in which the event was made
                watch.take("making")
                await session.add_turns(event)
                found[f"{kind}, {name}, write"] = watch.take("write")["write_s"] * 1000
                await session.list_events()
                found[f"{kind}, {name}, read"] = watch.take("read")["read_s"] * 1000
    return found


async def measure() -> dict[str, float]:
    """Measure in this fresh process, on a local service in another."""
    command = [sys.executable, "-m", "agentcore_memory_async.local", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            url = re.search(r"http://[\w.:]+", await asyncio.to_thread(service.stdout.readline))
            assert url is not None
            return await stalls(url[0])
        finally:
            service.terminate()


def main() -> None:
    """Measure in some fresh processes, and print a table."""
    command = [sys.executable, "-m", "benchmarks.stalls.large_events", "--one"]
    rounds: list[Mapping[str, float]] = [
        json.loads(subprocess.check_output(command, env=process_environment(), text=True))
        for _ in range(PROCESSES)
    ]
    for name in rounds[0]:
        milliseconds = [each[name] for each in rounds]
        print(f"{name:20} {statistics.median(milliseconds):7.1f} {max(milliseconds):7.1f}")


if __name__ == "__main__":
    if "--one" in sys.argv:
        print(json.dumps(asyncio.run(measure())))
    else:
        main()
