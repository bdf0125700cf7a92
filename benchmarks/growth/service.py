"""A transport that answers at once, so that only the client is measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentcore_memory_async._transport.base import Answer
from benchmarks.common.canned import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

START = datetime(2026, 1, 1, tzinfo=UTC)
"""Time of the first event or record."""


class Service:
    """
    A transport that answers at once.

    Attributes:
        events: How many events a session has.
        records: How many records are below any prefix.
        has_new: Whether each prefix has a record since the baseline.
    """

    def __init__(self) -> None:
        self.events = 0
        self.records = 0
        self.has_new = False

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        if operation == "CreateEvent":
            return Answer({"event": self._event(params, params["eventTimestamp"])})
        if operation == "ListEvents":
            return Answer(self._page("events", self.events, params, self._event))
        if operation == "ListMemoryRecords":
            total = self.records + self.has_new
            return Answer(self._page("memoryRecordSummaries", total, params, self._record))
        return Answer({"jobs": []})

    def _page(
        self,
        name: str,
        total: int,
        params: Mapping[str, Any],
        make: Callable[[Mapping[str, Any], float], dict[str, Any]],
    ) -> dict[str, Any]:
        """Return a page, the newest first; the token is the number of items left."""
        left = int(params.get("nextToken", total))
        after = max(0, left - params["maxResults"])
        items = [make(params, START.timestamp() + number) for number in range(left, after, -1)]
        return {name: items, "nextToken": str(after) if after else None}

    def _event(self, params: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        said = {"conversational": {"role": "USER", "content": {"text": "hello"}}}
        return {
            "memoryId": MEMORY,
            "actorId": params["actorId"],
            "sessionId": params["sessionId"],
            "eventId": f"{round(seconds * 1000):019d}#0a",
            "eventTimestamp": seconds,
            "payload": params.get("payload", [said]),
            "branch": {"name": "main"},
        }

    def _record(self, params: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        return {
            "memoryRecordId": f"mem-{seconds}",
            "namespaces": [params["namespacePath"]],
            "content": {"text": "They fly window seats"},
            "createdAt": seconds,
            "memoryStrategyId": "facts-1",
        }
