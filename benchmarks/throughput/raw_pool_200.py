"""Raw aioboto3 with a pool of 200 connections."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.common.contestant import obey
from benchmarks.throughput.load import throughput_of
from benchmarks.throughput.raw import client, conversation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Open a client at *url*, and yield what measures it."""
    async with client(url, connections=200) as opened_client:
        yield throughput_of(conversation(opened_client))


if __name__ == "__main__":
    obey(opened)
