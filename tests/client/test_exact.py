"""Waiting by a declared key: a wait gets the records of its own events, and no other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from anyio import create_task_group

from agentcore_memory_async import (
    AsyncMemorySession,
    IndexedKey,
    InvalidInputError,
    MetadataField,
    SemanticStrategy,
    ValidationError,
    where,
)
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import EPOCH_S, virtual_time
from tests.client.doubles import manager_on, said, wire_record

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agentcore_memory_async import AsyncMemorySessionManager, Memory

KEY = "chat"
PREFIX = "/facts/{actorId}/"
FACTS = SemanticStrategy(
    "facts", PREFIX, record_schema=[MetadataField(KEY, extraction_type="STRICTLY_CONSISTENT")]
)
OTHER = SemanticStrategy("other", "/other/{actorId}/")


@pytest.fixture
async def service() -> AsyncGenerator[LocalMemoryService]:
    """Return a strict service whose clock runs ahead."""
    async with LocalMemoryService(strict=True, clock=AutoClock()) as service:
        yield service


async def create(service: LocalMemoryService) -> Memory:
    """Return a memory that passes the key on."""
    async with service.control() as control:
        return await control.create_memory(
            "chat", strategies=[FACTS, OTHER], indexed_keys=[IndexedKey(KEY)]
        )


def manager_of(service: LocalMemoryService, memory: Memory) -> AsyncMemorySessionManager:
    """Return a manager that is not open."""
    return service.manager(memory.memory_id)


@pytest.mark.parametrize("count", [1000])
async def test_each_of_many_waits_gets_its_own_records(
    service: LocalMemoryService, count: int
) -> None:
    """A thousand turns of one actor at once, a session each: each wait gets what it stored."""
    memory = await create(service)
    got: dict[int, list[str]] = {}
    async with manager_of(service, memory) as manager:

        async def converse(number: int) -> None:
            session = AsyncMemorySession(manager, "anna", f"s{number}")
            event = await session.add_turns(
                [said(f"My locker number is {number + 1000}.")], metadata={KEY: f"s{number}"}
            )
            records = await session.wait_for_extraction(
                PREFIX, since=event, exact=(KEY, f"s{number}"), timeout=300
            )
            got[number] = [digits for each in records for digits in re.findall(r"\d+", each.text)]
            assert {f"s{number}"} == {each.metadata[KEY] for each in records}

        async with create_task_group() as group:
            for number in range(count):
                group.start_soon(converse, number)
    assert {number: [str(number + 1000)] for number in range(count)} == got
    lists = [each for each in service.requests if each.operation == "ListMemoryRecords"]
    first_pages = [each for each in lists if not each.params.get("nextToken")]
    assert len(first_pages) < 20
