"""The extraction delay that the local service tells: it sets a first poll, and never the rate."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from agentcore_memory_async import PollPolicy
from agentcore_memory_async.local import LocalMemoryService
from tests._virtual_time import virtual_time
from tests.client.doubles import said
from tests.client.extraction_service import (
    FACTS,
    ExtractionService,
    extract_from_events,
    manager_on,
    session_of,
    texts,
)


async def poll_times(tells_s: float | None, waiters: int, **options: Any) -> list[float]:
    """Return the times of all polls of *waiters* that wait in vain."""
    service = ExtractionService(tells_s=tells_s)
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        stored_at = anyio.current_time()

        async def wait() -> None:
            poller = session.extraction_poller(FACTS, since=event, on_timeout="return", **options)
            assert await poller == []

        async with anyio.create_task_group() as tasks:
            for _ in range(waiters):
                tasks.start_soon(wait)
    lists = [at for at, operation, _ in service.requests if operation == "ListMemoryRecords"]
    return [at - stored_at for at in lists]


@pytest.mark.parametrize("tells_s", [0.0, 0.001, 0.5, 3.0, 12.0, 20.0, 90.0])
@virtual_time
async def test_a_told_delay_finds_records_soon_after_it(tells_s: float) -> None:
    """The default schedule finds a record about a second after the delay that the service tells."""
    service = ExtractionService(tells_s=tells_s)
    extract_from_events(service, ("/facts/a/", tells_s + 0.1, 0.0))
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        stored_at = anyio.current_time()
        assert texts(await session.wait_for_extraction(FACTS, since=event)) == ["x"]
        assert anyio.current_time() - stored_at < 1.05 * tells_s + 0.8


@pytest.mark.parametrize("tells_s", [0.0, 0.001, 0.5, 20.0, 1e6])
@pytest.mark.parametrize("waiters", [1, 50])
@virtual_time
async def test_a_told_delay_costs_one_request(tells_s: float, waiters: int) -> None:
    """Whatever the service tells, all waiters together make at most one request more."""
    usual, told = await poll_times(None, waiters), await poll_times(tells_s, waiters)
    assert len(told) - len(usual) in {0, 1}


@virtual_time
async def test_an_expected_time_of_the_caller_comes_first() -> None:
    """A policy with an expected time is polled by that, and not by what the service tells."""
    told = await poll_times(0.5, 1, polling=PollPolicy(expected=30, jitter=0))
    assert round(told[0], 1) == 22.5


async def test_the_default_schedule_is_quick_against_the_local_service() -> None:
    """The default schedule soon finds what the local service extracts in half a second."""
    async with (
        LocalMemoryService() as service,
        service.manager("chat-a1B2c3D4e5", polling=PollPolicy()) as manager,
    ):
        session = await manager.create_memory_session("user123", "chat001")
        event = await session.add_turns([said("I live in Turin.")])
        began = anyio.current_time()
        found = await session.wait_for_extraction(FACTS, since=event)
        assert (texts(found), anyio.current_time() - began < 5) == (
            ["The user lives in Turin."],
            True,
        )
