"""Managers on transports without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    TransportError,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import EPOCH_S, wall_clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer

MEMORY = "chat-a1B2c3D4e5"


def manager_on(transport: FakeTransport, **options: Any) -> AsyncMemorySessionManager:
    """Return a manager on *transport* whose clock follows virtual time."""
    options.setdefault("clock", wall_clock)
    return AsyncMemorySessionManager(MEMORY, transport=transport, **options)


def said(text: str, role: MessageRole = MessageRole.USER) -> ConversationalMessage:
    """Return a message."""
    return ConversationalMessage(text, role)


def wire_event(at_ms: int, *texts: str, number: int = 0, **members: Any) -> dict[str, Any]:
    """Return an event as the service lists it, *at_ms* after the epoch of virtual time."""
    stamp = round(EPOCH_S * 1000) + at_ms
    return {
        "memoryId": MEMORY,
        "actorId": "a",
        "sessionId": "s",
        "eventId": f"{stamp:019d}#{number:08x}",
        "eventTimestamp": stamp / 1000,
        "payload": [
            {"conversational": {"role": "USER", "content": {"text": text}}} for text in texts
        ],
        "branch": {"name": "main"},
        **members,
    }


def wire_record(number: int, namespace: str = "/facts/a/", **members: Any) -> dict[str, Any]:
    """Return a record as the service lists it; a higher *number* is newer."""
    return {
        "memoryRecordId": f"mem-{number:036d}",
        "content": {"text": f"fact {number}"},
        "memoryStrategyId": "facts-0123456789",
        "namespaces": [namespace],
        "createdAt": EPOCH_S + number,
        **members,
    }


def pages(member: str, *contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the answers that list *contents*, one page each."""
    return [
        {member: content} | ({"nextToken": f"t{index}"} if index < len(contents) - 1 else {})
        for index, content in enumerate(contents)
    ]


class SlowService(FakeTransport):
    """
    Store events on arrival, answer after a delay, and record when each request was seen.

    Attributes:
        takes_s: Latency of a request, and again of its answer, in seconds.
        lose: Numbers of the calls (from 0) that are performed but whose answers are lost.
        drop: Numbers of the calls that are lost before they arrive.
    """

    def __init__(self, takes_s: float = 0.05) -> None:
        super().__init__()
        self.takes_s = takes_s
        self.seen_at: list[float] = []
        self.stored: dict[str, Mapping[str, Any]] = {}
        self.lose: set[int] = set()
        self.drop: set[int] = set()
        self.calls = 0
        self.under_way = 0

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        number = self.calls
        self.calls += 1
        self.under_way += 1
        try:
            await anyio.sleep(self.takes_s)
            if number in self.drop:
                raise TransportError(operation, "lost on the way there")
            answer = await super().__call__(operation, params)
            self.seen_at.append(anyio.current_time())
            if operation == "CreateEvent":
                self.stored.setdefault(params["clientToken"], answer.body["event"])
                answer.body["event"] = self.stored[params["clientToken"]]
            await anyio.sleep(self.takes_s)
            if number in self.lose:
                raise TransportError(operation, "lost on the way back")
            return answer
        finally:
            self.under_way -= 1

    @property
    def texts(self) -> list[str]:
        """Stored texts, in the order of the service's timestamps."""
        events = sorted(self.stored.values(), key=lambda event: float(event["eventTimestamp"]))
        return [
            item["conversational"]["content"]["text"]
            for event in events
            for item in event["payload"]
        ]
