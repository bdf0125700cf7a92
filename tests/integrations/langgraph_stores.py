"""Stores of LangGraph on a local service, for the tests of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from agentcore_memory_async import ServiceLimits
from agentcore_memory_async.integrations.langgraph import AgentCoreStore
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from langgraph.store.base import Item

    from agentcore_memory_async import AsyncMemorySessionManager, MemorySessionManager

MEMORY_ID = "chat-a1B2c3D4e5"
UNPACED = ServiceLimits(events_per_second=None, other_events_per_second=None)
"""Pace of the tests: the local service has no quotas."""
HOSTILE = (
    "/",
    "//",
    "*",
    "a/b",
    "{actorId}",
    "enc-_61",
    '["a", "b"]',
    "\N{SNOWMAN} ü",
    "\ud800",
    " ",
    "x" * 300,
    "x" * 299 + "y",
)
"""Labels that a careless encoding would confuse; LangGraph allows no dots."""
KEYS = ("../..", "", ".", *HOSTILE[3:])
"""Keys likewise."""


@asynccontextmanager
async def opened(
    **options: Any,
) -> AsyncGenerator[tuple[LocalMemoryService, AsyncMemorySessionManager]]:
    """Open a local service, and a manager on it."""
    async with (
        LocalMemoryService(**options) as service,
        service.manager(MEMORY_ID, limits=UNPACED) as manager,
    ):
        yield service, manager


def store_of(
    manager: AsyncMemorySessionManager | MemorySessionManager,
    actor_id: str = "app",
    **options: Any,
) -> AgentCoreStore:
    """Return a new object for a store; without an id it is the same store each time."""
    return AgentCoreStore(manager, actor_id=actor_id, **options)


def operations(service: Any, start: int = 0) -> list[str]:
    """Return the operations of the requests, from that number on."""
    return [call.operation for call in service.calls()[start:]]


def plain(items: list[Any]) -> list[tuple[tuple[str, ...], str, dict[str, Any]]]:
    """Return what tells items apart from others, sorted."""
    found = [(tuple(item.namespace), item.key, item.value) for item in items]
    return sorted(found, key=repr)


def value_of(item: Item | None) -> dict[str, Any] | None:
    """Return the value of an item, if there is one."""
    return None if item is None else item.value
