"""The asyncio SDK of the capo project, without botocore: typed dictionaries."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

from capo_bedrock_agentcore import AsyncBedrockAgentCoreClient

from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import IN_FLIGHT, obey_calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from typing import Any

    from benchmarks.common.contestant import Call


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Mapping[str, Call]]:
    """Open a client at *url*, and give its calls."""
    async with AsyncBedrockAgentCoreClient(
        region="us-west-2",
        endpoint=url,
        credentials={"access_key": "AKIDBENCH", "secret_key": "secret", "session_token": "token"},
    ) as client:
        turn = count()

        def write() -> Any:
            return client.create_event(
                MEMORY,
                "a",
                datetime.now(UTC),
                [{"conversational": {"role": "USER", "content": {"text": TEXT}}}],
                session_id=f"s{next(turn) % IN_FLIGHT}",
                client_token=str(uuid4()),
            )

        def read() -> Any:
            return client.list_events(MEMORY, "s", "a", include_payloads=True, max_results=100)

        def search(top_k: int) -> Call:
            return lambda: client.retrieve_memory_records(
                MEMORY, {"search_query": "seats", "top_k": top_k}, namespace="/facts/a/"
            )

        yield {"write": write, "read": read, "search-5": search(5), "search-100": search(100)}


if __name__ == "__main__":
    obey_calls(opened)
