"""AWS's asyncio SDK `aws-sdk-bedrock-agentcore`, experimental, without botocore: dataclasses."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

from aws_sdk_bedrock_agentcore.client import AsyncBedrockAgentCoreClient
from aws_sdk_bedrock_agentcore.config import AsyncBedrockAgentCoreConfig
from aws_sdk_bedrock_agentcore.models import (
    ContentText,
    Conversational,
    CreateEventInput,
    ListEventsInput,
    PayloadTypeConversational,
    RetrieveMemoryRecordsInput,
    SearchCriteria,
)

from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import IN_FLIGHT, obey_calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from typing import Any

    from benchmarks.common.contestant import Call


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Mapping[str, Call]]:
    """Open a client at *url* with the environment's credentials, and give its calls."""
    config = await AsyncBedrockAgentCoreConfig.resolve(region="us-west-2", endpoint_uri=url)
    async with AsyncBedrockAgentCoreClient(config) as client:
        turn = count()

        def write() -> Any:
            message = Conversational(content=ContentText(value=TEXT), role="USER")
            return client.create_event(
                CreateEventInput(
                    memory_id=MEMORY,
                    actor_id="a",
                    session_id=f"s{next(turn) % IN_FLIGHT}",
                    event_timestamp=datetime.now(UTC),
                    payload=[PayloadTypeConversational(value=message)],
                    client_token=str(uuid4()),
                )
            )

        def read() -> Any:
            return client.list_events(
                ListEventsInput(
                    memory_id=MEMORY,
                    actor_id="a",
                    session_id="s",
                    include_payloads=True,
                    max_results=100,
                )
            )

        def search(top_k: int) -> Call:
            return lambda: client.retrieve_memory_records(
                RetrieveMemoryRecordsInput(
                    memory_id=MEMORY,
                    namespace="/facts/a/",
                    search_criteria=SearchCriteria(search_query="seats", top_k=top_k),
                )
            )

        yield {"write": write, "read": read, "search-5": search(5), "search-100": search(100)}


if __name__ == "__main__":
    obey_calls(opened)
