"""What the tests of Google's ADK share."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from google.adk.models import BaseLlm
from google.adk.models.llm_response import LlmResponse
from google.genai import types

from agentcore_memory_async import ServiceLimits
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import LocalMemory

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from google.adk.models.llm_request import LlmRequest

MEMORY_ID = "chat-a1B2c3D4e5"
UNPACED = ServiceLimits(events_per_second=None, other_events_per_second=None)
"""Pace of writes: the local service has no quotas."""


@asynccontextmanager
async def new_memory() -> AsyncIterator[LocalMemory]:
    """Yield a memory of its own."""
    clock = AutoClock()
    namespaces = {"facts": "/facts/{actorId}/"}
    async with (
        LocalMemoryService(clock=clock, extraction_delay=1.0) as service,
        service.manager(MEMORY_ID, namespaces=namespaces, limits=UNPACED) as manager,
    ):
        yield LocalMemory(service, manager, clock)


@pytest.fixture
async def memory() -> AsyncIterator[LocalMemory]:
    """Yield a memory of its own."""
    async with new_memory() as made:
        yield made


def operations(memory: LocalMemory, start: int = 0) -> list[str]:
    """Return the operations that the service was asked for, from that number on."""
    return [call.operation for call in memory.service.calls()[start:]]


class StubModel(BaseLlm):
    """Answers with how many contents it was asked with."""

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse]:
        """Yield one answer."""
        part = types.Part(text=f"answer {len(llm_request.contents)}")
        yield LlmResponse(content=types.Content(role="model", parts=[part]))
