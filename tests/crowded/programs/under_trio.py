"""Trio programs, also under ``anyio.run``, that use the sync API, and an asyncio program."""

from __future__ import annotations

import asyncio

import anyio
import anyio.to_thread
import trio

from tests.crowded.programs.crowd import converse, converse_blocking


async def main() -> None:
    """Converse in a worker thread, and blocking in a task."""
    await trio.to_thread.run_sync(converse_blocking, "thread")
    converse_blocking("main")


async def main_of_anyio() -> None:
    """Do the same by anyio, which tells sniffio that trio runs."""
    await anyio.to_thread.run_sync(converse_blocking, "anyio-thread")
    converse_blocking("anyio-main")


trio.run(main)
anyio.run(main_of_anyio, backend="trio")
asyncio.run(converse("afterwards"))
