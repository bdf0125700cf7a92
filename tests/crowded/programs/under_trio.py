"""A trio program, which uses the sync API, and an asyncio program after it."""

from __future__ import annotations

import asyncio

import trio

from tests.crowded.programs.crowd import converse, converse_blocking


async def main() -> None:
    """Converse in a worker thread, and blocking in a task."""
    await trio.to_thread.run_sync(converse_blocking, "thread")
    converse_blocking("main")


trio.run(main)
asyncio.run(converse("afterwards"))
