"""A list with ``max_results`` asks for no more than that, where nothing of a page is left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import AsyncMemoryControl, where
from agentcore_memory_async.testing import FakeTransport
from tests.client.doubles import manager_on, wire_record

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySession

Lists = Callable[..., Awaitable[list[Any]]]
LISTS: dict[str, Lists] = {
    "events": lambda s, **o: s.list_events(**o),
    "events of a branch": lambda s, **o: s.list_events(branch="b", **o),
    "events that the service filters": lambda s, **o: s.list_events(
        "order", consistent_read=False, **o
    ),
    "records": lambda s, **o: s.list_long_term_memory_records("/a/", **o),
    "filtered records": lambda s, **o: s.list_long_term_memory_records(
        "/a/", metadata={"topic": "x"}, **o
    ),
    "jobs": lambda s, **o: s.list_memory_extraction_jobs(**o),
    "sessions": lambda s, **o: s.get_actor().list_sessions(**o),
}
FILTERED: dict[str, Lists] = {
    "events of a type": lambda s, **o: s.list_events("order", **o),
    "events by a filter": lambda s, **o: s.list_events(filters=[where("t").exists()], **o),
    "events by metadata": lambda s, **o: s.list_events(metadata={"t": "x"}, **o),
}


async def asked(lists: Lists, **options: Any) -> list[int]:
    """Return the page sizes of one call."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session: AsyncMemorySession = await manager.create_memory_session("a", "s", verify=False)
        await lists(session, **options)
    return [request.params["maxResults"] for request in transport.requests]


@pytest.mark.parametrize("name", LISTS)
async def test_no_more_is_asked_for_than_is_wanted(name: str) -> None:
    """The page is as large as the smaller of both numbers."""
    assert [1] == await asked(LISTS[name], max_results=1)
    assert [7] == await asked(LISTS[name], max_results=7, page_size=20)
    assert [20] == await asked(LISTS[name], max_results=30, page_size=20)
    assert [20] == await asked(LISTS[name], page_size=20)


@pytest.mark.parametrize("name", FILTERED)
async def test_whole_pages_are_read_where_they_are_filtered_here(name: str) -> None:
    """Most items of a page may be left out, so small pages would take many requests."""
    assert [20] == await asked(FILTERED[name], max_results=1, page_size=20)


async def test_actors_are_asked_for_likewise() -> None:
    """So it is for the lists of a manager."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        await manager.list_actors(max_results=2)
        await manager.list_actor_sessions("a", max_results=3)
    assert [2, 3] == [request.params["maxResults"] for request in transport.requests]


async def test_memories_are_asked_for_likewise() -> None:
    """So it is for the list of a control."""
    transport = FakeTransport()
    async with AsyncMemoryControl(transport=transport) as control:
        await control.list_memories(max_results=4)
    assert [4] == [request.params["maxResults"] for request in transport.requests]


async def test_after_a_short_page_whole_ones_are_read() -> None:
    """A page that brings too few, since some are left out, does not make all pages small."""
    transport = FakeTransport()
    first = {"memoryRecordSummaries": [wire_record(1, "/users/10/")], "nextToken": "t"}
    second = {"memoryRecordSummaries": [wire_record(number, "/users/1/") for number in (2, 3)]}
    transport.reply("ListMemoryRecords", first, second)
    async with manager_on(transport) as manager:
        found = await manager.list_long_term_memory_records("/users/1/", max_results=1)
    assert ["fact 2"] == [record.content for record in found]
    assert [1, 100] == [request.params["maxResults"] for request in transport.requests]


NEWEST = [("turns", 20, 20), ("turns", 21, 21), ("turns", 100, 100), ("turns", 101, 100)]
NEWEST += [("exchanges", 6, 20), ("exchanges", 7, 21), ("exchanges", 34, 100)]


@pytest.mark.parametrize(("what", "k", "size"), NEWEST)
async def test_the_newest_are_asked_for_by_their_number(what: str, k: int, size: int) -> None:
    """
    The first page has 20 events or more: as many as messages are wanted, or thrice the exchanges.

    Where they are too few, whole pages are read.
    """
    transport = FakeTransport()
    transport.reply("ListEvents", {"events": [], "nextToken": "t"})
    async with manager_on(transport) as manager:
        session: AsyncMemorySession = await manager.create_memory_session("a", "s", verify=False)
        await getattr(session, f"get_last_k_{what}")(k)
    assert [size, 100] == [request.params["maxResults"] for request in transport.requests]
