"""The floor: bare aiohttp with json, unsigned, unchecked, never retried; dictionaries."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

from aiohttp import ClientSession

from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import IN_FLIGHT, obey_calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping
    from typing import Any

    from benchmarks.common.contestant import Call


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Mapping[str, Call]]:
    """Open an HTTP session for *url*, and give its calls."""
    turn = count()
    async with ClientSession(url, headers={"Content-Type": "application/json"}) as http:

        async def post(path: str, body: dict[str, Any]) -> Any:
            async with http.post(f"/memories/{MEMORY}{path}", data=json.dumps(body)) as response:
                return json.loads(await response.read())

        def write() -> Awaitable[Any]:
            event = {
                "actorId": "a",
                "sessionId": f"s{next(turn) % IN_FLIGHT}",
                "eventTimestamp": time.time(),
                "payload": [{"conversational": {"role": "USER", "content": {"text": TEXT}}}],
                "clientToken": str(uuid4()),
            }
            return post("/events", event)

        def read() -> Awaitable[Any]:
            return post("/actor/a/sessions/s", {"maxResults": 100, "includePayloads": True})

        def search(top_k: int) -> Call:
            criteria = {"searchQuery": "seats", "topK": top_k}
            body = {"namespace": "/facts/a/", "searchCriteria": criteria}
            return lambda: post("/retrieve", body)

        yield {"write": write, "read": read, "search-5": search(5), "search-100": search(100)}


if __name__ == "__main__":
    obey_calls(opened)
