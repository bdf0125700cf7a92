"""Going on with an import or an export of another process: what is there already is left out."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async import (
    Conversation,
    HistoryMessage,
    HistoryRecord,
    MemoryRecord,
    RetryPolicy,
    SessionSummary,
    ThrottledError,
)
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on
from tests.client.test_transfer import FAST, START, exported, history

if TYPE_CHECKING:
    from collections.abc import Callable

ITEMS: list[Conversation | HistoryRecord] = [
    *(history(random.Random(number), f"s{number}") for number in range(40)),
    *(HistoryRecord("/facts/a/", f"fact {number}", START) for number in range(200)),
    # Equal to the first hundred, and so a batch of its own.
    *(HistoryRecord("/facts/a/", f"fact {number}", START) for number in range(100)),
]
"""Conversations and records, several batches of them."""


async def test_an_import_says_what_it_has_stored() -> None:
    """Each place is told once, once its item is there."""
    places: list[int] = []
    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager(MEMORY, limits=FAST) as manager,
    ):
        work = manager.import_conversations(ITEMS, extract=False)
        async for progress in work:
            places += progress.places
            assert len(places) == progress.conversations + progress.records
        assert (await work).places == ()
    assert sorted(places) == list(range(len(ITEMS)))


@pytest.mark.parametrize("seed", range(4))
async def test_another_import_goes_on_from_there(seed: int) -> None:
    """Cut anywhere, two imports store what one does, and send no item that was told as stored."""
    source = random.Random(seed)
    steps = source.randint(1, 8)
    stored: set[int] = set()
    async with LocalMemoryService(clock=AutoClock()) as service:
        async with service.manager(MEMORY, limits=FAST) as manager:
            async for progress in manager.import_conversations(ITEMS, extract=False, concurrency=5):
                stored.update(progress.places)
                steps -= 1
                if not steps:
                    break
        before = len(service.calls("CreateEvent"))
        async with service.manager(MEMORY, limits=FAST) as manager:
            done = await manager.import_conversations(iter(ITEMS), extract=False, stored=stored)
            both = await exported(manager)
        assert len(both) == len(ITEMS)
        sent = len(service.calls("CreateEvent")) - before
        async with service.manager("other-a1B2c3D4e5", limits=FAST) as manager:
            whole = await manager.import_conversations(ITEMS, extract=False)
            assert await exported(manager) == both
    given = [ITEMS[place] for place in stored]
    known = sum(len(each.messages) for each in given if isinstance(each, Conversation))
    assert (done.conversations, done.messages, done.records) == (
        whole.conversations,
        whole.messages,
        whole.records,
    )
    assert sent == whole.messages - known


@virtual_time
async def test_what_is_left_out_is_counted_and_not_timed() -> None:
    """The pace is that of what this run has sent."""
    said = [HistoryMessage("hi", "user", START)] * 10
    given = [Conversation("anna", f"s{number}", said) for number in range(3)]
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        done = await manager.import_conversations(given, extract=False, stored=[0, 1, 2])
    assert (done.conversations, done.messages, done.per_second) == (3, 30, 0.0)
    assert transport.sent("CreateEvent") == []


@virtual_time
async def test_an_error_loses_no_place() -> None:
    """What was stored beside what failed is told by the next step."""
    transport = FakeTransport()
    given = [
        Conversation("anna", f"s{number}", [HistoryMessage("hi", "user", START)])
        for number in range(2)
    ]
    transport.fail("CreateEvent", "ThrottledException", status=429)
    places: list[int] = []
    async with manager_on(transport, retry=RetryPolicy(max_attempts=1)) as manager:
        work = manager.import_conversations(given, extract=False)
        with pytest.raises(ThrottledError):
            await work
        async for progress in work:
            places += progress.places
    assert sorted(places) == [0, 1]


@pytest.mark.parametrize(
    ("skip", "kept"),
    [
        (lambda found: isinstance(found, MemoryRecord), (2, 0)),
        (lambda found: isinstance(found, SessionSummary), (0, 2)),
        (lambda found: getattr(found, "session_id", "") == "s1", (1, 2)),
        (lambda found: getattr(found, "content", "") == "likes tea", (2, 1)),
    ],
)
async def test_an_export_reads_nothing_of_what_is_skipped(
    skip: Callable[[SessionSummary | MemoryRecord], bool], kept: tuple[int, int]
) -> None:
    """Sessions and records are skipped before they are read, and not counted."""
    given: list[Conversation | HistoryRecord] = [
        *(Conversation("a", name, [HistoryMessage("hi", "user", START)]) for name in ("s1", "s2")),
        HistoryRecord("/facts/a/", "lives in Turin", START),
        HistoryRecord("/facts/a/", "likes tea", START),
    ]
    async with LocalMemoryService(clock=AutoClock()) as service:
        async with service.manager(MEMORY, limits=FAST) as manager:
            await manager.import_conversations(given, extract=False)
            report = await manager.export(skip=skip)
            by_actor = await manager.export(["a"], namespaces=["/facts/{actorId}/"], skip=skip)
        read = service.calls("ListEvents"), service.calls("GetMemoryRecord")
    assert (report.conversations, report.records) == kept
    assert report == by_actor
    assert tuple(map(len, read)) == (2 * kept[0], 2 * kept[1])
