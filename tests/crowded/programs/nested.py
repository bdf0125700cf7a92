"""A program that applies nest_asyncio, so that loops run inside loops."""

from __future__ import annotations

import asyncio

import nest_asyncio

from tests.crowded.programs.crowd import converse, converse_blocking


async def main() -> None:
    """Converse in this loop, in a run inside it, and in a worker thread."""
    await converse("main")
    asyncio.get_running_loop().run_until_complete(converse("nested"))
    await asyncio.to_thread(converse_blocking, "thread")


nest_asyncio.apply()
asyncio.run(main())
