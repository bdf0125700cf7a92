"""A bare HTTP client of a local service whose clock stands still."""

from __future__ import annotations

import io
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
from attrs import define, field, frozen

from agentcore_memory_async.local import LocalMemoryService, ManualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START = 1_767_225_600.0
"""2026-01-01T00:00:00Z, in seconds since the epoch."""

MEMORY = "chat-a1B2c3D4e5"


@frozen
class Reply:
    """One answer of the service."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        """JSON object of the body."""
        value = json.loads(self.raw)
        assert isinstance(value, dict)
        return value

    @property
    def code(self) -> str | None:
        """Code of an error answer."""
        return self.headers.get("x-amzn-errortype")


@define
class Client:
    """Sends requests to a service, with paths encoded as by SDKs."""

    service: LocalMemoryService
    http: aiohttp.ClientSession
    memory: str = MEMORY
    clock: ManualClock = field(factory=ManualClock)

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send one request; *path* is not encoded again."""
        from yarl import URL

        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = io.BytesIO(data) if len(data) > 2**20 else data  # aiohttp warns of large bytes
        headers = ({"Content-Type": "application/json"} if data else {}) | (headers or {})
        url = URL(self.service.endpoint_url + path, encoded=True)
        async with self.http.request(method, url, data=sent, headers=headers) as response:
            content = await response.read()
            return Reply(response.status, dict(response.headers), content)

    async def call(self, method: str, *parts: str, query: Any = "", **members: Any) -> Reply:
        """Send one request to the path of *parts* below the memory."""
        path = "/".join(quote(part, safe="") for part in ("memories", self.memory, *parts))
        body = members if method == "POST" else None
        return await self.send(method, f"/{path}{query}", body)

    async def create(
        self,
        text: str = "hello",
        *,
        role: str = "USER",
        actor: str = "ann",
        session: str = "s1",
        at: float = START,
        **members: Any,
    ) -> Reply:
        """Create an event of one message."""
        payload = [{"conversational": {"role": role, "content": {"text": text}}}]
        whole = {
            "actorId": actor,
            "sessionId": session,
            "eventTimestamp": at,
            "payload": payload,
        } | members
        return await self.call("POST", "events", **whole)

    async def event_id(self, text: str = "hello", **members: Any) -> str:
        """Create an event and return its id."""
        reply = await self.create(text, **members)
        assert reply.status == 201, reply.raw
        return str(reply.body["event"]["eventId"])

    async def events(self, *, actor: str = "ann", session: str = "s1", **members: Any) -> Reply:
        """List one page of a session's events."""
        return await self.call("POST", "actor", actor, "sessions", session, **members)

    async def texts(self, **members: Any) -> list[str]:
        """Return the texts of one page of a session's events."""
        reply = await self.events(**members)
        assert reply.status == 200, reply.raw
        return [
            item["conversational"]["content"]["text"]
            for event in reply.body["events"]
            for item in event["payload"]
        ]

    async def records(self, path: str = "/", **members: Any) -> list[dict[str, Any]]:
        """Return one page of the records below *path*."""
        reply = await self.call("POST", "memoryRecords", **({"namespacePath": path} | members))
        assert reply.status == 200, reply.raw
        found = reply.body["memoryRecordSummaries"]
        assert isinstance(found, list)
        return found

    async def contents(self, path: str = "/", **members: Any) -> list[str]:
        """Return the texts of the records below *path*."""
        return [record["content"]["text"] for record in await self.records(path, **members)]

    async def search(self, query: str, path: str = "/", **criteria: Any) -> list[dict[str, Any]]:
        """Return what matches *query* below *path*."""
        reply = await self.call(
            "POST",
            "retrieve",
            namespacePath=path,
            searchCriteria={"searchQuery": query} | criteria,
        )
        assert reply.status == 200, reply.raw
        found = reply.body["memoryRecordSummaries"]
        assert isinstance(found, list)
        return found

    async def rows(self) -> dict[str, int]:
        """Return the number of rows of each table; needs the admin API."""
        reply = await self.send("GET", "/_local/state")
        assert reply.status == 200, reply.raw
        found = reply.body["rows"]
        assert isinstance(found, dict)
        return found

    async def put(self, *texts: str, namespace: str = "/facts/ann/", **members: Any) -> list[str]:
        """Write records directly and return their ids."""
        reply = await self.call(
            "POST",
            "memoryRecords",
            "batchCreate",
            records=[
                {
                    "requestIdentifier": f"r{number}",
                    "namespaces": [namespace],
                    "content": {"text": text},
                    "timestamp": START,
                }
                | members
                for number, text in enumerate(texts)
            ],
        )
        assert reply.status == 201, reply.raw
        assert reply.body["failedRecords"] == []
        return [record["memoryRecordId"] for record in reply.body["successfulRecords"]]


@asynccontextmanager
async def serving(path: object = None, **options: Any) -> AsyncIterator[Client]:
    """Run a service, and return a client of it."""
    clock = options.pop("clock", None) or ManualClock(START)
    async with (
        LocalMemoryService(path, clock=clock, **options) as service,  # type: ignore[arg-type]
        aiohttp.ClientSession(auto_decompress=False) as http,
    ):
        yield Client(service, http, clock=clock)
