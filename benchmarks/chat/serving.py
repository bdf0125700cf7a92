"""Serves a chat app in this process, and measures its loop while clients of another one ask it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.request import urlopen

import uvicorn

from benchmarks.common.canned import MEMORY, STORED
from benchmarks.stalls.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from benchmarks.common.contestant import Measure

TOKEN = "bench"
"""Token of the one user."""
WORDS = 20
"""Words of an answer."""
WORD_S = 0.05
"""Time that the model takes for a word, in seconds."""
PATIENCE_S = 10.0
"""Longest time until the turns of clients that have left are stored, in seconds."""


async def stream_answer(_: str, __: object) -> AsyncIterator[str]:
    """Answer as a model does, word by word; it stands in for that of an app."""
    for number in range(WORDS):
        await asyncio.sleep(WORD_S)
        yield f"word{number} "


def set_environment(url: str) -> None:
    """Point an app that is about to be imported to the stub at *url*."""
    os.environ |= {
        "MEMORY_ID": MEMORY,
        "CHAT_TOKENS": json.dumps({TOKEN: "a"}),
        "AWS_ENDPOINT_URL": url,
    }


@asynccontextmanager
async def measuring(app: FastAPI, stub: str) -> AsyncIterator[Measure]:
    """Serve *app*, whose memory is the stub, and yield what measures it."""
    watch = Watch()
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())  # noqa: TID251 - it needs no anyio
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    async def measure(_: str, amount: int) -> dict[str, float]:
        before = await asyncio.to_thread(count_stored, stub)
        clients = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.chat.clients", str(port), str(amount)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert clients.stdin is not None
        assert clients.stdout is not None
        await clients.stdout.readline()  # it is ready: starting it is not measured
        watch.take("start")
        clients.stdin.write(b"go\n")
        seen = json.loads(await clients.stdout.readline())
        lost = amount - await wait_stored(stub, before, amount)
        taken = watch.take("chat")
        await clients.wait()
        return {**taken, **seen, "lost": lost}

    try:
        yield measure
    finally:
        server.should_exit = True
        await serving


async def wait_stored(stub: str, before: int, amount: int) -> int:
    """Return how many turns are stored since *before*, once all of *amount* are or time is up."""
    until = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        stored = await asyncio.to_thread(count_stored, stub) - before
        if stored >= amount or asyncio.get_running_loop().time() > until:
            return stored
        await asyncio.sleep(0.1)


def count_stored(stub: str) -> int:
    """Return how many events the stub has stored."""
    with urlopen(f"{stub}{STORED}") as answer:
        return int(json.load(answer))
