"""The calls of a raw client of botocore's kind: dictionaries, and nothing but the call."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from benchmarks.common.contestant import Call


def calls(client: Any) -> Mapping[str, Call]:
    """Return the calls of *client*."""
    turn = count()

    def write() -> Any:
        return client.create_event(
            memoryId=MEMORY,
            actorId="a",
            sessionId=f"s{next(turn) % IN_FLIGHT}",
            eventTimestamp=datetime.now(UTC),
            payload=[{"conversational": {"role": "USER", "content": {"text": TEXT}}}],
            clientToken=str(uuid4()),
        )

    def read() -> Any:
        return client.list_events(
            memoryId=MEMORY, actorId="a", sessionId="s", maxResults=100, includePayloads=True
        )

    def search(top_k: int) -> Call:
        return lambda: client.retrieve_memory_records(
            memoryId=MEMORY,
            namespace="/facts/a/",
            searchCriteria={"searchQuery": "seats", "topK": top_k},
        )

    return {"write": write, "read": read, "search-5": search(5), "search-100": search(100)}
