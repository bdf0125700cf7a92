"""The contract of ADK's services: green on its own ones first, then on those in a memory."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("google.adk")

from google.adk.memory import InMemoryMemoryService
from google.adk.sessions import DatabaseSessionService, InMemorySessionService
from google.adk.sessions.sqlite_session_service import SqliteSessionService
from sqlalchemy.pool import NullPool

from agentcore_memory_async.integrations.google_adk import (
    AgentCoreMemoryService,
    AgentCoreSessionService,
)
from tests.integrations._adk import memory as memory
from tests.integrations.adk_contract import (
    MEMORY_CONTRACT,
    SESSION_CONTRACT,
    a_stale_session_is_refused,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from google.adk.sessions import BaseSessionService

    from agentcore_memory_async.testing import LocalMemory

SERVICES = ["in memory", "SQLite", "database", "AgentCore"]
NOT_OF_THE_DATABASE = {
    "ids_are_stripped": "it keeps white space",
    "sessions_at_once": "on SQLite, changes of one user's state at the same time get lost",
}
"""What ADK's own service of databases does otherwise."""
CASES = [
    (name, contract)
    for contract in SESSION_CONTRACT
    for name in SERVICES
    if name != "database" or contract.__name__ not in NOT_OF_THE_DATABASE
]


@asynccontextmanager
async def session_service(
    name: str, memory: LocalMemory, folder: Path
) -> AsyncIterator[BaseSessionService]:
    """Yield an empty service."""
    if name == "in memory":
        yield InMemorySessionService()
    elif name == "AgentCore":
        yield AgentCoreSessionService(memory.manager)
    elif name == "SQLite":
        sqlite = SqliteSessionService(str(folder / "sessions.db"))
        yield sqlite
        await sqlite.close()
    else:
        database = DatabaseSessionService(
            f"sqlite+aiosqlite:///{folder / 'database.db'}", poolclass=NullPool
        )
        yield database
        await database.close()


@pytest.mark.parametrize(
    ("name", "contract"), CASES, ids=lambda each: getattr(each, "__name__", each)
)
async def test_session_service(
    name: str, contract: Any, memory: LocalMemory, tmp_path: Path
) -> None:
    """Each does what ADK's own services do."""
    async with session_service(name, memory, tmp_path) as service:
        await contract(service)


@pytest.mark.parametrize("name", SERVICES[1:])
async def test_a_stale_session(name: str, memory: LocalMemory, tmp_path: Path) -> None:
    """It is refused by the services that persist."""
    async with session_service(name, memory, tmp_path) as service:
        await a_stale_session_is_refused(service)


@pytest.mark.parametrize("name", ["in memory", "AgentCore"])
@pytest.mark.parametrize("contract", MEMORY_CONTRACT, ids=lambda each: each.__name__)
async def test_memory_service(name: str, contract: Any, memory: LocalMemory) -> None:
    """Each does what ADK's own service does, once the records are extracted."""
    own = name == "AgentCore"
    service = AgentCoreMemoryService(memory.manager) if own else InMemoryMemoryService()
    await contract(service, memory.drain)
