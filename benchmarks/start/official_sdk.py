"""The official SDK, called from the thread that started it: the first answer of a new process."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bedrock_agentcore.memory.constants import ConversationalMessage, MessageRole
from bedrock_agentcore.memory.session import MemorySessionManager

from benchmarks.common.canned import MEMORY, TEXT
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Make a manager for *url*, and yield its first call."""
    os.environ["AWS_ENDPOINT_URL"] = url
    session = MemorySessionManager(MEMORY).create_memory_session("a", "s")

    async def measure(*_: object) -> dict[str, float]:
        session.add_turns([ConversationalMessage(TEXT, MessageRole.USER)])
        return {}

    yield measure


if __name__ == "__main__":
    obey(opened)
