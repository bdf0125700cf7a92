"""
Measure how long a client blocks the event loop, compared with bare aiobotocore.

Run ``python -m benchmarks.loop_stall.measure [--rounds 10]``; see the README in this folder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MEMORY = "bench-a1B2c3D4e5"
CALLS = 200
TICK_S = 0.001
ANSWER = b'{"event": {"memoryId": "bench-a1B2c3D4e5", "eventId": "%d#a", %b}'
"""An answer to CreateEvent, around the members of the request."""
HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Monitor:
    """Ticks every millisecond in the loop and records the longest time between two ticks."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last = time.perf_counter()
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest_s = max(self.longest_s, now - self._last - TICK_S)
        self._last = now
        self._loop.call_later(TICK_S, self._tick)

    async def during(self, step: Awaitable[object]) -> float:
        """Return the longest stall while *step* runs, in milliseconds."""
        await asyncio.sleep(2 * TICK_S)  # excludes earlier stalls
        self.longest_s = 0.0
        await step
        await asyncio.sleep(2 * TICK_S)
        return max(0.0, self.longest_s * 1000)


SIZES = {"20 KB": 20_000, "256 KB": 256 * 1024, "8 MB": 8 * 1024 * 1024}
"""Sizes of the events that are written and read, in bytes of their text or JSON."""
ITEM_BYTES = 90_000
"""Largest size of an item of an event."""
ROW = {"id": 12345, "name": "row 12345", "tags": ["a", "b"], "value": 1.5}
"""Part of the JSON items, 66 bytes."""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request with its own event, at negligible cost for the loop."""
    numbers = count(1)
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            body = await reader.readexactly(length)
            answer = ANSWER % (next(numbers), body[1:])
            writer.write(HEAD % len(answer) + answer)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def ours(url: str, monitor: Monitor) -> dict[str, float]:
    """Open this package's manager and store turns; return the longest stalls."""
    import agentcore_memory_async as package

    message = package.ConversationalMessage("hi", package.MessageRole.USER)
    manager = package.AsyncMemorySessionManager(
        MEMORY, "us-west-2", endpoint_url=url, limits=package.ServiceLimits(events_per_second=None)
    )
    opening = await monitor.during(manager.open())
    session = await manager.create_memory_session("a", "s", verify=False)
    first = await monitor.during(session.add_turns([message]))

    async def calls() -> None:
        for _ in range(CALLS):
            await session.add_turns([message])

    rest = await monitor.during(calls())
    await manager.aclose()
    return {"opening": opening, "first call": first, "calls after": rest}


def items(kind: str, size: int) -> list[Any]:
    """Return the items of an event of *size* bytes."""
    import agentcore_memory_async as package

    number = -(-size // ITEM_BYTES)
    each = size // number
    if kind == "text":
        message = package.ConversationalMessage("a word " * (each // 7), package.MessageRole.USER)
        return [message] * number
    rows = json.dumps([ROW] * (each // 66))  # decoded anew: rows of a real event are not shared
    return [package.JsonPayload(json.loads(rows)) for _ in range(number)]


async def sizes(url: str, monitor: Monitor) -> dict[str, float]:
    """Write and read one event of each size; return the longest stalls."""
    import agentcore_memory_async as package

    found: dict[str, float] = {}
    retry = package.RetryPolicy(write_deadline=120, read_deadline=120, attempt_timeout=60)
    async with package.AsyncMemorySessionManager(
        MEMORY, "us-west-2", endpoint_url=url, retry=retry
    ) as manager:
        for kind in ("text", "json"):
            for name, size in SIZES.items():
                session = await manager.create_memory_session("a", f"{kind}-{size}")
                event = items(kind, size)
                write = await monitor.during(
                    session.add_turns(event, client_token=f"{kind}-{size}")
                )
                found[f"{kind}, {name}, write"] = write
                found[f"{kind}, {name}, read"] = await monitor.during(session.list_events())
    return found


async def measure_sizes() -> dict[str, float]:
    """Measure the sizes in this fresh process, on a local service in another."""
    with subprocess.Popen(
        [sys.executable, "-m", "agentcore_memory_async.local", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        try:
            assert service.stdout is not None
            found = re.search(r"http://[\w.:]+", await asyncio.to_thread(service.stdout.readline))
            assert found is not None
            return await sizes(found[0], Monitor())
        finally:
            service.terminate()


async def bare(url: str, monitor: Monitor) -> dict[str, float]:
    """Open a bare aiobotocore client and create events; return the longest stalls."""
    from aiobotocore.session import AioSession

    context = AioSession().create_client(
        "bedrock-agentcore", region_name="us-west-2", endpoint_url=url
    )
    opened: list[Any] = []

    async def enter() -> None:
        opened.append(await context.__aenter__())

    opening = await monitor.during(enter())
    request = {
        "memoryId": MEMORY,
        "actorId": "a",
        "sessionId": "s",
        "eventTimestamp": 1767225600.123,
        "payload": [{"conversational": {"role": "USER", "content": {"text": "hi"}}}],
    }
    first = await monitor.during(opened[0].create_event(**request))

    async def calls() -> None:
        for _ in range(CALLS):
            await opened[0].create_event(**request)

    rest = await monitor.during(calls())
    await context.__aexit__(None, None, None)
    return {"opening": opening, "first call": first, "calls after": rest}


CONTESTANTS: dict[str, Callable[[str, Monitor], Awaitable[dict[str, float]]]] = {
    "aiobotocore": bare,
    "this package": ours,
}


async def measure(name: str) -> dict[str, float]:
    """Measure one contestant in this fresh process."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        return await CONTESTANTS[name](url, Monitor())
    finally:
        server.close()


def main() -> None:
    """Measure the contestants alternately, each in fresh processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--sizes", action="store_true", help="write and read large events")
    parser.add_argument("--one", choices=[*CONTESTANTS, "sizes"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one = measure_sizes() if arguments.one == "sizes" else measure(arguments.one)
        print(json.dumps(asyncio.run(one)))
        return
    names = ["sizes"] if arguments.sizes else list(CONTESTANTS)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    environment = {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-west-2",
    }
    for _ in range(arguments.rounds):
        for name, rounds in found.items():
            command = [sys.executable, "-m", "benchmarks.loop_stall.measure", "--one", name]
            output = subprocess.check_output(command, env=environment, text=True)
            rounds.append(json.loads(output))
    print(f"longest stall of the loop in ms, median and worst of {arguments.rounds} processes")
    for phase in next(iter(found.values()))[0]:
        for name, rounds in found.items():
            stalls = [each[phase] for each in rounds]
            print(f"{phase:19} {name:13} {statistics.median(stalls):7.1f} {max(stalls):7.1f}")


if __name__ == "__main__":
    main()
