"""Long-term records: complete lists that hold only matching records."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentcore_memory_async import DecodeError, InvalidInputError
from agentcore_memory_async.testing import FakeTransport
from tests.client.doubles import MEMORY, manager_on, pages, wire_record

LIST, SEARCH, MEMBER = "ListMemoryRecords", "RetrieveMemoryRecords", "memoryRecordSummaries"


async def test_all_pages_are_listed() -> None:
    """Listing records reads every page, and listed records have no score."""
    contents = [[wire_record(1)], [], [wire_record(2), wire_record(3)]]
    transport = FakeTransport()
    transport.reply(LIST, *pages(MEMBER, *contents), *pages(MEMBER, *contents))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        listed = await session.list_long_term_memory_records("/facts/a/")
        async with aclosing(session.iter_long_term_memory_records("/facts/a/")) as found:
            iterated = [record async for record in found]

    assert [record.content for record in listed] == ["fact 1", "fact 2", "fact 3"]
    assert {record.score for record in listed} == {None}
    assert listed[0].created_at == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=1)
    assert iterated == listed
    expected = {"memoryId": MEMORY, "namespacePath": "/facts/a/", "maxResults": 100}
    assert expected == transport.requests[0].params
    assert transport.requests[1].params["nextToken"] == "t0"


@pytest.mark.parametrize(
    ("prefix", "sent"),
    [
        ("/facts/{actorId}/", "/facts/a/"),
        ("/facts/{actorId}", "/facts/a/"),
        ("/{actorId}/{sessionId}/", "/a/s/"),
        ("/", "/"),
        ("/strategy/{memoryStrategyId}/", "/strategy/facts-1/"),
    ],
)
async def test_prefix_is_filled_in_and_ends_with_a_slash(prefix: str, sent: str) -> None:
    """A prefix is rendered, ends with a slash, and is sent as ``namespacePath``."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.list_long_term_memory_records(prefix, memory_strategy_id="facts-1")
        await session.search_long_term_memories("q", prefix, memory_strategy_id="facts-1")
    listed, searched = (request.params for request in transport.requests)

    assert listed["namespacePath"] == searched["namespacePath"] == sent
    assert listed["memoryStrategyId"] == "facts-1"
    assert searched["searchCriteria"]["memoryStrategyId"] == "facts-1"
    assert "namespace" not in {**listed, **searched}


async def test_records_from_outside_the_prefix_are_dropped() -> None:
    """Records outside the prefix are dropped, such as ``/u/10`` for ``/u/1``."""
    contents = [wire_record(1, "/u/1/"), wire_record(2, "/u/10/"), wire_record(3, "/u/1/x/")]
    scored = [{**record, "score": 0.5} for record in contents]
    transport = FakeTransport()
    transport.reply(LIST, {MEMBER: contents})
    transport.reply(SEARCH, {MEMBER: scored})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("1", "s", verify=False)
        listed = await session.list_long_term_memory_records("/u/{actorId}")
        found = await session.search_long_term_memories("q", "/u/{actorId}")

    assert [record.namespace for record in listed] == ["/u/1/", "/u/1/x/"]
    assert [record.namespace for record in found] == ["/u/1/", "/u/1/x/"]


async def test_namespace_is_exact() -> None:
    """``namespace`` is sent as such, and records below it are dropped."""
    transport = FakeTransport()
    transport.reply(LIST, {MEMBER: [wire_record(1, "/facts/a/"), wire_record(2, "/facts/a/x/")]})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        listed = await session.list_long_term_memory_records(namespace="/facts/{actorId}/")
        with pytest.raises(InvalidInputError, match="both given"):
            await session.list_long_term_memory_records("/facts/", namespace="/facts/a/")

    assert [record.namespace for record in listed] == ["/facts/a/"]
    assert transport.requests[0].params["namespace"] == "/facts/a/"
    assert "namespacePath" not in transport.requests[0].params


async def test_search_returns_the_best_first_with_a_score_each() -> None:
    """Search reads all pages and returns the best *top_k* records, each with a float score."""
    scores = [[0.2, 1], [], [0.9, 0.5]]
    contents = [
        [wire_record(n * 10 + i, score=score) for i, score in enumerate(page)]
        for n, page in enumerate(scores)
    ]
    transport = FakeTransport()
    transport.reply(SEARCH, *pages(MEMBER, *contents))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.search_long_term_memories("seats", "/facts/a/", top_k=3)

    assert [record.score for record in found] == [1.0, 0.9, 0.5]
    assert all(isinstance(record.score, float) for record in found)
    first = transport.requests[0].params
    assert first["searchCriteria"] == {"searchQuery": "seats", "topK": 3}
    assert first["maxResults"] == 3


async def test_no_page_is_read_for_more_than_is_wanted() -> None:
    """A search ends where it has as many records as it is asked for."""
    transport = FakeTransport()
    transport.reply(SEARCH, *pages(MEMBER, [wire_record(1), wire_record(2)], [wire_record(3)]))
    async with manager_on(transport) as manager:
        await manager.search_long_term_memories("q", "/facts/a/", top_k=2)

    assert 1 == len(transport.requests)


async def test_search_takes_the_references_arguments_in_order() -> None:
    """Search takes ``query``, ``namespace_prefix`` and ``top_k`` by position."""
    transport = FakeTransport()
    transport.reply(SEARCH, {MEMBER: [wire_record(n, score=0.1 * n) for n in range(5)]})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.search_long_term_memories("q", "/facts/a/", 2)

    assert [record.content for record in found] == ["fact 4", "fact 3"]


@pytest.mark.parametrize("score", ["0.5", float("nan")])
async def test_an_invalid_score_is_an_error(score: Any) -> None:
    """A search result with an invalid score raises an error where that is asked for."""
    transport = FakeTransport()
    transport.reply(SEARCH, {MEMBER: [wire_record(1, score=score)]})
    async with manager_on(transport, on_unreadable="raise") as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(DecodeError, match="its score is no number"):
            await session.search_long_term_memories("q", "/facts/a/")


async def test_max_results_counts_what_is_kept() -> None:
    """``max_results`` does not count dropped records, and no unneeded page is read."""
    contents = [[wire_record(1, "/facts/ab/"), wire_record(2)], [wire_record(3)], [wire_record(4)]]
    transport = FakeTransport()
    transport.reply(LIST, *pages(MEMBER, *contents))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        listed = await session.list_long_term_memory_records(
            "/facts/a/", max_results=2, page_size=2
        )

    assert [record.content for record in listed] == ["fact 2", "fact 3"]
    assert [request.params["maxResults"] for request in transport.requests] == [2, 2]


@pytest.mark.parametrize("others", [["/facts/b/", "/facts/a/"], ["/facts/a/", "/facts/b/"]])
async def test_of_several_namespaces_the_one_that_was_asked_for_is_shown(others: list[str]) -> None:
    """A record with several namespaces is found below each of them, and keeps them all."""
    transport = FakeTransport()
    answer = {MEMBER: [wire_record(1, namespaces=others)]}
    transport.reply(LIST, answer, answer)
    transport.reply(SEARCH, answer)
    async with manager_on(transport) as manager:
        found = [
            *await manager.list_long_term_memory_records("/facts/a/"),
            *await manager.list_long_term_memory_records(namespace="/facts/b/"),
            *await manager.search_long_term_memories("q", "/facts/a/"),
        ]
    assert ["/facts/a/", "/facts/b/", "/facts/a/"] == [record.namespace for record in found]
    assert all(others == record.extra["namespaces"] for record in found)
