"""The contract of ADK's services, on those in a memory; `test_google_adk` tries it on ADK's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("google.adk")

from agentcore_memory_async.integrations.google_adk import (
    AgentCoreMemoryService,
    AgentCoreSessionService,
)
from tests.integrations._adk import new_memory
from tests.integrations.adk_contract import (
    MEMORY_CONTRACT,
    SESSION_CONTRACT,
    a_stale_session_is_refused,
)


@pytest.mark.parametrize(
    "contract", [*SESSION_CONTRACT, a_stale_session_is_refused], ids=lambda each: each.__name__
)
def test_session_service(contract: Any) -> None:
    """Each function takes an empty service."""

    async def run() -> None:
        async with new_memory() as memory:
            await contract(AgentCoreSessionService(memory.manager))

    asyncio.run(run())


@pytest.mark.parametrize("contract", MEMORY_CONTRACT, ids=lambda each: each.__name__)
def test_memory_service(contract: Any) -> None:
    """Each function takes an empty service, and how records are waited for."""

    async def run() -> None:
        async with new_memory() as memory:
            await contract(AgentCoreMemoryService(memory.manager), memory.drain)

    asyncio.run(run())
