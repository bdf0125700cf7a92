"""Raw aioboto3 with its default pool, of 10 connections."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aioboto3
from aiobotocore.config import AioConfig

from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import obey
from benchmarks.throughput.load import Converse, throughput_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Open a client at *url*, and yield what measures it."""
    async with client(url) as opened_client:
        yield throughput_of(conversation(opened_client))


def client(url: str, connections: int | None = None) -> Any:
    """Return a client that is yet to be entered."""
    config = connections and AioConfig(max_pool_connections=connections)
    return aioboto3.Session().client("bedrock-agentcore", endpoint_url=url, config=config or None)


def conversation(opened_client: Any) -> Converse:
    """Return the calls of a conversation."""

    async def converse(session_id: str) -> None:
        await opened_client.create_event(
            memoryId=MEMORY,
            actorId="a",
            sessionId=session_id,
            eventTimestamp=datetime.now(UTC),
            payload=[{"conversational": {"role": "USER", "content": {"text": TEXT}}}],
            clientToken=str(uuid4()),
        )
        await opened_client.list_events(
            memoryId=MEMORY,
            actorId="a",
            sessionId=session_id,
            maxResults=10,
            includePayloads=True,
        )

    return converse


if __name__ == "__main__":
    obey(opened)
