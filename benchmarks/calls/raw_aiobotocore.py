"""Raw aiobotocore: dictionaries."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from benchmarks.calls.raw import calls
from benchmarks.common.contestant import obey_calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from benchmarks.common.contestant import Call


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Mapping[str, Call]]:
    """Open a client at *url*, and give its calls."""
    session = AioSession()
    session.set_credentials("AKIDBENCH", "secret", "token")
    async with session.create_client(
        "bedrock-agentcore",
        region_name="us-west-2",
        endpoint_url=url,
        config=AioConfig(max_pool_connections=50),
    ) as client:
        yield calls(client)


if __name__ == "__main__":
    obey_calls(opened)
