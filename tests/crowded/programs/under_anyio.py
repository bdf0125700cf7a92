"""A program whose main function runs under ``anyio.run``."""

from __future__ import annotations

import anyio
import anyio.to_thread

from tests.crowded.programs.crowd import converse, converse_blocking, import_crowd


async def main() -> None:
    """Converse in this loop, in tasks of a group, and in a worker thread."""
    await converse("main")
    async with anyio.create_task_group() as group:
        group.start_soon(converse, "task")
    await anyio.to_thread.run_sync(converse_blocking, "thread")


import_crowd()
anyio.run(main)
