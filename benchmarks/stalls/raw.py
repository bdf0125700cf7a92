"""Raw aioboto3, with a connection for each conversation."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.common.contestant import obey
from benchmarks.stalls.watch import stalls_of
from benchmarks.throughput.raw import client, conversation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure
    from benchmarks.throughput.load import Converse


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Yield what measures the opening of a client at *url* and its calls."""

    @asynccontextmanager
    async def opened_client() -> AsyncIterator[Converse]:
        async with client(url, connections=50) as each:
            yield conversation(each)

    yield stalls_of(opened_client)


if __name__ == "__main__":
    obey(opened)
