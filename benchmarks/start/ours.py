"""This package: the first answer of a new process."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
)
from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Open a manager at *url*, and yield its first call."""
    async with AsyncMemorySessionManager(MEMORY, endpoint_url=url) as manager:

        async def measure(*_: object) -> dict[str, float]:
            session = await manager.create_memory_session("a", "s", verify=False)
            await session.add_turns([ConversationalMessage(TEXT, MessageRole.USER)])
            return {}

        yield measure


if __name__ == "__main__":
    obey(opened)
