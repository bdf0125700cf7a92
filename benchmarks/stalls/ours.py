"""This package."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.common.contestant import obey
from benchmarks.stalls.watch import stalls_of
from benchmarks.throughput.ours import conversation, manager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure
    from benchmarks.throughput.load import Converse


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Yield what measures the opening of a manager at *url* and its calls."""

    @asynccontextmanager
    async def opened_manager() -> AsyncIterator[Converse]:
        async with manager(url) as memory:
            yield conversation(memory)

    yield stalls_of(opened_manager)


if __name__ == "__main__":
    obey(opened)
