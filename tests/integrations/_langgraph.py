"""What the tests of LangGraph's saver share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async import ServiceLimits
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import LocalMemory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MEMORY_ID = "graphs-a1B2c3D4e5"
UNPACED = ServiceLimits(events_per_second=None, other_events_per_second=None)
"""No pace, which is the manager's matter, and would make tests slow."""


@pytest.fixture
async def memory() -> AsyncIterator[LocalMemory]:
    """Yield a memory of its own."""
    clock = AutoClock()
    async with (
        LocalMemoryService(clock=clock) as service,
        service.manager(MEMORY_ID, limits=UNPACED) as manager,
    ):
        yield LocalMemory(service, manager, clock)


def operations(memory: LocalMemory) -> list[str]:
    """Return the names of the calls so far."""
    return [call.operation for call in memory.service.calls()]
