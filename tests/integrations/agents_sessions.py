"""Sessions of the OpenAI Agents SDK on a local service, for the tests of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from agentcore_memory_async import ServiceLimits
from agentcore_memory_async.integrations.openai_agents import AgentCoreSession
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from agentcore_memory_async import AsyncMemorySessionManager, MemorySessionManager
    from agentcore_memory_async.local import BlockingLocalMemoryService

MEMORY_ID = "chat-a1B2c3D4e5"
UNPACED = ServiceLimits(events_per_second=None, other_events_per_second=None)
"""Pace of the tests: the local service has no quotas."""


@asynccontextmanager
async def opened(
    **options: Any,
) -> AsyncIterator[tuple[LocalMemoryService, AsyncMemorySessionManager]]:
    """Open a local service, and a manager on it."""
    async with (
        LocalMemoryService(extraction_delay=3600) as service,
        service.manager(MEMORY_ID, limits=UNPACED, **options) as manager,
    ):
        yield service, manager


def session_of(
    manager: AsyncMemorySessionManager | MemorySessionManager,
    actor_id: str = "anna",
    session_id: str = "chat001",
    **options: Any,
) -> AgentCoreSession:
    """Return a new object for a session; without ids it is the same session each time."""
    return AgentCoreSession(manager, actor_id=actor_id, session_id=session_id, **options)


def operations(service: LocalMemoryService | BlockingLocalMemoryService) -> list[str]:
    """Return the operations of the requests so far."""
    return [call.operation for call in service.calls()]


async def at_once(*calls: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Make calls at once, and return their results in the order in which they ended."""
    results: list[Any] = []

    async def call(function: Callable[[], Awaitable[Any]]) -> None:
        results.append(await function())

    async with anyio.create_task_group() as tasks:
        for function in calls:
            tasks.start_soon(call, function)
    return results
