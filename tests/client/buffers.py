"""Helpers of the tests of message buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from agentcore_memory_async.testing import FakeTransport
from tests.client.doubles import said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async import (
        AsyncMemorySession,
        MessageBuffer,
    )
    from agentcore_memory_async._transport.base import Answer


class RecordingService(FakeTransport):
    """Answer after a delay, and record when requests arrived."""

    def __init__(self, takes_s: float = 0.01) -> None:
        super().__init__()
        self.takes_s = takes_s
        self.came_at: list[float] = []

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        self.came_at.append(round(anyio.current_time(), 2))
        await anyio.sleep(self.takes_s)
        return await super().__call__(operation, params)

    @property
    def batches(self) -> list[list[str]]:
        """The texts of each event."""
        return [
            [item["conversational"]["content"]["text"] for item in request["payload"]]
            for request in self.sent("CreateEvent")
        ]


async def fill(buffer: MessageBuffer, count: int, first: int = 0) -> None:
    """Add *count* numbered messages."""
    for number in range(first, first + count):
        await buffer.add(said(str(number)))


async def open_session(manager: Any) -> AsyncMemorySession:
    """Return a session that was made without a request."""
    session: AsyncMemorySession = await manager.create_memory_session("a", "s", verify=False)
    return session
