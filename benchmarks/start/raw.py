"""Raw aioboto3: the first answer of a new process."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import aioboto3

from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Open a client at *url*, and yield its first call."""
    async with aioboto3.Session().client("bedrock-agentcore", endpoint_url=url) as client:

        async def measure(*_: object) -> dict[str, float]:
            await client.create_event(
                memoryId=MEMORY,
                actorId="a",
                sessionId="s",
                eventTimestamp=datetime.now(UTC),
                payload=[{"conversational": {"role": "USER", "content": {"text": TEXT}}}],
                clientToken=str(uuid4()),
            )
            return {}

        yield measure


if __name__ == "__main__":
    obey(opened)
