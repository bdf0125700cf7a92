"""A program whose main function runs under ``uvloop.run``."""

from __future__ import annotations

import asyncio

import uvloop

from tests.crowded.programs.crowd import converse, converse_blocking


async def main() -> None:
    """Converse in this loop, and in a worker thread."""
    await converse("main")
    await asyncio.to_thread(converse_blocking, "thread")


uvloop.run(main())
