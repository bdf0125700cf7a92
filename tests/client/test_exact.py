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
    a_poll = count // 100 + 1  # its pages
    assert 2 * a_poll >= len(service.calls("ListMemoryRecords"))


async def test_without_it_waits_get_what_others_stored(service: LocalMemoryService) -> None:
    """It is no default: a wait without a key counts every new record of the prefix."""
    memory = await create(service)
    async with manager_of(service, memory) as manager:
        one, other = [AsyncMemorySession(manager, "anna", each) for each in ("one", "other")]
        async with one.extraction_poller(PREFIX, min_records=2) as poller:
            event = await one.add_turns([said("I live in Turin.")], metadata={KEY: "one"})
            await other.add_turns([said("I live in Rome.")], metadata={KEY: "other"})
            assert 2 == len(await poller)
        [own] = await one.wait_for_extraction(PREFIX, since=event, exact=(KEY, "one"))
        assert "Turin" in own.text


async def test_a_key_keeps_stale_duplicates(service: LocalMemoryService) -> None:
    """Records of different values are never merged, so each session keeps what it was told."""
    memory = await create(service)
    async with manager_of(service, memory) as manager:
        for number, seat in enumerate(["window"] * 4 + ["aisle"]):
            session = AsyncMemorySession(manager, "anna", f"s{number}")
            event = await session.add_turns(
                [said(f"I prefer {seat} seats.")], metadata={KEY: f"s{number}"}
            )
            await session.wait_for_extraction(PREFIX, since=event, exact=(KEY, f"s{number}"))
        records = await manager.list_long_term_memory_records("/facts/anna/")
    assert 4 == sum("window" in record.text for record in records)
    assert 5 == len(records)


async def test_a_memory_that_lacks_the_key_refuses(service: LocalMemoryService) -> None:
    """A key that is not indexed is an error of the first poll that says what to add."""
    memory = await create(service)
    async with manager_of(service, memory) as manager:
        poller = manager.extraction_poller("/facts/anna/", exact=("tenant", "red"))
        with pytest.raises(ValidationError, match=r"tenant.*indexedKeys"):
            await poller


async def test_a_described_memory_refuses_at_once(service: LocalMemoryService) -> None:
    """A manager that knows the strategies sends nothing where none of them passes the key on."""
    memory = await create(service)
    async with service.control() as control, control.manager(memory) as manager:
        for key, prefix in (("tenant", "/facts/anna/"), (KEY, "/other/anna/")):
            with pytest.raises(InvalidInputError, match=f"{key}.*STRICTLY_CONSISTENT"):
                manager.extraction_poller(prefix, exact=(key, "x"))
        manager.extraction_poller("/facts/anna/", exact=(KEY, "x"))
    assert [] == service.calls("ListMemoryRecords")


INVALID: list[tuple[str, dict[str, Any]]] = [
    ("exact is str", {"exact": "chat"}),
    ("another length", {"exact": ("chat",)}),
    ("key of exact is empty", {"exact": ("", "x")}),
    ("key of exact has 129", {"exact": ("k" * 129, "x")}),
    ("value of exact is empty", {"exact": ("k", "")}),
    ("value of exact has 257", {"exact": ("k", "v" * 257)}),
    ("value of exact is int", {"exact": ("k", 1)}),
    ("which the service sets", {"exact": ("x-amz-agentcore-memory-recordType", "x")}),
    (
        "4 conditions.*the poller and one is for exact",
        {"exact": ("k", "v"), "filters": [where(f"k{n}").exists() for n in range(4)]},
    ),
]


@pytest.mark.parametrize(("match", "options"), INVALID, ids=[match for match, _ in INVALID])
@virtual_time
async def test_invalid_keys_are_refused_before_any_request(
    match: str, options: dict[str, Any]
) -> None:
    """What is no key and value of metadata is refused, also together with too many filters."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        with pytest.raises(InvalidInputError, match=match):
            AsyncMemorySession(manager, "a", "s").extraction_poller(PREFIX, **options)
    assert [] == transport.requests


@virtual_time
async def test_an_event_without_the_entry_is_no_beginning() -> None:
    """A wait since an event that was stored with another value would never end; it is refused."""
    async with manager_on(FakeTransport()) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        event = await session.add_turns([said("hi")], metadata={KEY: "one"})
        session.extraction_poller(PREFIX, since=event, exact=(KEY, "one"))
        for exact in ((KEY, "other"), ("tenant", "one")):
            with pytest.raises(InvalidInputError, match="another"):
                session.extraction_poller(PREFIX, since=event, exact=exact)


@virtual_time
async def test_values_are_told_apart_here() -> None:
    """The request asks for the key alone, so that waits for other values can share it."""
    transport = FakeTransport()
    values: list[dict[str, Any]] = [
        {"stringValue": "one"},
        {"stringValue": "other"},
        {"numberValue": 1},
    ]
    found = [wire_record(at, "/facts/a/", metadata={KEY: each}) for at, each in enumerate(values)]
    bare = wire_record(7, "/facts/a/", createdAt=EPOCH_S + 7)
    transport.reply("ListMemoryRecords", *[{"memoryRecordSummaries": [*found, bare]}] * 9)
    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        event = await session.add_turns([said("hi")], metadata={KEY: "one"})
        [record] = await session.wait_for_extraction(PREFIX, since=event, exact=(KEY, "one"))
    assert "one" == record.metadata[KEY]
    exists = {"left": {"metadataKey": KEY}, "operator": "EXISTS"}
    assert all(exists in each["metadataFilters"] for each in transport.sent("ListMemoryRecords"))
    sent = str(transport.sent("ListMemoryRecords"))
    assert "other" not in sent
    assert "'one'" not in sent
