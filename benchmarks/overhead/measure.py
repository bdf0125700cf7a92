"""
Measure the cost of a call compared with bare aiobotocore, and the growth of memory.

Run ``python -m benchmarks.overhead.measure [--calls 20000]``; see the README in this folder.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import platform
import resource
import statistics
import sys
import threading
import time
from contextlib import AsyncExitStack
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiobotocore import __version__ as aiobotocore_version
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from aiohttp import web

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    ServiceLimits,
    __version__,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.connection import Connection

MEMORY = "bench-a1B2c3D4e5"
TEXT = "I only fly window seats, and I'd rather not fly before nine in the morning."
ANSWER = b'{"event": {"memoryId": "bench-a1B2c3D4e5", "eventId": "%d#a", %b}'
"""An answer to CreateEvent, around the members of the request."""
BLOCKING = {"open", "os.listdir", "os.scandir", "import", "compile"}


def serve(pipe: Connection) -> None:
    """Answer every request with its own event, in its own process."""
    numbers = count(1)

    async def answer(request: web.BaseRequest) -> web.Response:
        body = await request.read()
        event = ANSWER % (next(numbers), body[1:])
        return web.Response(status=201, body=event, content_type="application/json")

    async def main() -> None:
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        await asyncio.get_running_loop().run_in_executor(None, pipe.poll, None)

    asyncio.run(main())


async def bare(stack: AsyncExitStack, url: str) -> Callable[[], Awaitable[object]]:
    """Return a function that makes one call of bare aiobotocore."""
    client = await stack.enter_async_context(
        session().create_client(
            "bedrock-agentcore",
            region_name="us-west-2",
            endpoint_url=url,
            config=AioConfig(max_pool_connections=50, retries={"total_max_attempts": 1}),
        )
    )
    payload = [{"conversational": {"role": "USER", "content": {"text": TEXT}}}]

    async def call() -> object:
        return await client.create_event(
            memoryId=MEMORY,
            actorId="a",
            sessionId="s",
            eventTimestamp=time.time(),
            payload=payload,
        )

    return call


async def ours(stack: AsyncExitStack, url: str) -> Callable[[], Awaitable[object]]:
    """Return a function that makes one call of this package."""
    manager = await stack.enter_async_context(
        AsyncMemorySessionManager(
            MEMORY,
            "us-west-2",
            aws_session=session(),
            endpoint_url=url,
            limits=ServiceLimits(events_per_second=None),
        )
    )
    memory = await manager.create_memory_session("a", "s", verify=False)
    messages = [ConversationalMessage(TEXT, MessageRole.USER)]
    return lambda: memory.add_turns(messages)


def session() -> AioSession:
    """Return a session with credentials."""
    aws_session = AioSession()
    aws_session.set_credentials("AKIDBENCH", "secret", "token")
    return aws_session


async def timed(call: Callable[[], Awaitable[object]], calls: int) -> tuple[float, float]:
    """Return wall and processor seconds per call, of consecutive calls."""
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        await call()
    return (time.perf_counter() - began) / calls, (time.process_time() - cpu) / calls


async def compare(url: str, rounds: int, calls: int) -> None:
    """Time both alternately, so that other work on the machine affects both."""
    async with AsyncExitStack() as stack:
        contestants = {
            "aiobotocore": await bare(stack, url),
            "this package": await ours(stack, url),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
        for call in contestants.values():
            await timed(call, calls)
        for _ in range(rounds):
            for name, call in contestants.items():
                found[name].append(await timed(call, calls))
    for what, place in (("wall", 0), ("processor", 1)):
        middle = {name: statistics.median(row[place] for row in found[name]) for name in found}
        ratios = [
            b[place] / a[place]
            for a, b in zip(found["aiobotocore"], found["this package"], strict=True)
        ]
        print(
            f"{what:9} aiobotocore {middle['aiobotocore'] * 1e6:.0f} us, "
            f"this package {middle['this package'] * 1e6:.0f} us, "
            f"ratio {statistics.median(ratios):.3f} (median of {rounds} rounds of {calls})"
        )


async def memory_growth(url: str, calls: int) -> None:
    """Make *calls* calls, 20 at a time, and print the growth of memory and the opened files."""
    opened = 0
    watching = False
    loop_thread = threading.get_ident()

    def note(name: str, _: tuple[Any, ...]) -> None:
        nonlocal opened
        if watching and name in BLOCKING and threading.get_ident() == loop_thread:
            opened += 1

    sys.addaudithook(note)
    async with AsyncExitStack() as stack:
        call = await ours(stack, url)
        left = 2000

        async def work() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await call()

        async def together() -> None:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(20):
                    tasks.create_task(work())

        await together()
        gc.collect()
        before = resident_mib()
        watching, left = True, calls
        await together()
        watching = False
        gc.collect()
        print(
            f"{calls} calls: memory {before:.1f} -> {resident_mib():.1f} MiB, "
            f"{opened} files opened or modules imported in the loop"
        )


def resident_mib() -> float:
    """Return the resident memory of this process in MiB."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead.measure")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--round-calls", type=int, default=200)
    parser.add_argument("--calls", type=int, default=20_000, help="calls for the memory figure")
    given = parser.parse_args()
    print(
        f"agentcore-memory-async {__version__}, aiobotocore {aiobotocore_version}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{here.recv()}"
    asyncio.run(compare(url, given.rounds, given.round_calls))
    asyncio.run(memory_growth(url, given.calls))
    here.send("over")
    process.join(5)


if __name__ == "__main__":
    main()
