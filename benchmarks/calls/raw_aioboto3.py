"""Raw aioboto3: dictionaries."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aioboto3
from aiobotocore.config import AioConfig

from benchmarks.calls.raw import calls
from benchmarks.common.contestant import obey_calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from benchmarks.common.contestant import Call


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Mapping[str, Call]]:
    """Open a client at *url*, and give its calls."""
    session = aioboto3.Session("AKIDBENCH", "secret", "token", region_name="us-west-2")
    config = AioConfig(max_pool_connections=50)
    async with session.client("bedrock-agentcore", endpoint_url=url, config=config) as client:
        yield calls(client)


if __name__ == "__main__":
    obey_calls(opened)
