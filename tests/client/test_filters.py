"""Filters on lists, searches and waits: sent to the service, or evaluated here for events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    ConversationalMessage,
    InvalidInputError,
    MessageRole,
    NewMemoryRecord,
    ValidationError,
    where,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.batches import NOW
from tests.client.doubles import MEMORY, manager_on, wire_event, wire_record

if TYPE_CHECKING:
    from agentcore_memory_async import AsyncMemorySessionManager

CREATED_AT = "x-amz-agentcore-memory-createdAt"
BILLING = {
    "left": {"metadataKey": "topic"},
    "operator": "EQUALS_TO",
    "right": {"metadataValue": {"stringValue": "billing"}},
}
HAS_LANG = {"left": {"metadataKey": "lang"}, "operator": "EXISTS"}
FACTS = "/facts/{actorId}/"


def tagged(number: int, **metadata: str) -> dict[str, Any]:
    """Return an event with metadata, as the service lists it."""
    wire = {key: {"stringValue": text} for key, text in metadata.items()}
    return wire_event(number, f"text {number}", metadata=wire)


@virtual_time
async def test_events_are_filtered_here_and_by_the_service_where_a_lag_is_accepted() -> None:
    """Reads that see everything send no filter; others send all filters in one expression."""
    listed = {"events": [tagged(3, topic="billing", lang="de"), tagged(2, topic="billing")]}
    listed["events"].append(tagged(1, topic="travel", lang="de"))
    transport = FakeTransport()
    transport.reply("ListEvents", listed, listed)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for consistent in (True, False):
            events = await session.list_events(
                filters=[where("lang").exists()],
                metadata={"topic": "billing"},
                consistent_read=consistent,
            )
            assert ["text 3"] == [event.messages[0].text for event in events]
    whole, filtered = transport.sent("ListEvents")
    assert "filter" not in whole
    assert [HAS_LANG, BILLING] == filtered["filter"]["eventMetadata"]


@virtual_time
async def test_record_filters_are_sent_beside_the_rest() -> None:
    """Lists have them at the top, searches among their criteria; both as they are given."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        given: dict[str, Any] = {
            "filters": [where("topic") == "billing"],
            "metadata": {"n": 5},
            "memory_strategy_id": "facts-1",
        }
        await session.list_long_term_memory_records(FACTS, **given)
        await session.search_long_term_memories("q", FACTS, **given)
        await session.list_long_term_memory_records(FACTS, filters=(), metadata={})
    listed, searched, plain = (request.params for request in transport.requests)
    number = {"metadataValue": {"numberValue": 5}}
    expected = [BILLING, {"left": {"metadataKey": "n"}, "operator": "EQUALS_TO", "right": number}]
    assert expected == listed["metadataFilters"] == searched["searchCriteria"]["metadataFilters"]
    assert "metadataFilters" not in plain


@pytest.mark.parametrize(
    ("least", "expected"),
    [(None, [0.9, 0.3, 0.0]), (0, [0.9, 0.3, 0.0]), (0.3, [0.9, 0.3]), (0.31, [0.9]), (1, [])],
)
@virtual_time
async def test_records_below_the_least_score_are_left_out(
    least: float | None, expected: list[float]
) -> None:
    """A score at the least one passes, and a record without a score only where that is 0."""
    records = [wire_record(1, score=0.3), wire_record(2), wire_record(3, score=0.9)]
    transport = FakeTransport()
    transport.reply("RetrieveMemoryRecords", {"memoryRecordSummaries": records})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        found = await session.search_long_term_memories("q", FACTS, min_score=least)
    assert expected == [record.score for record in found]


# Waits.


@virtual_time
async def test_a_poller_sends_its_filters_with_its_own() -> None:
    """The filters go with the poller's filter by time, and alone with the polls without it."""
    transport = FakeTransport()
    record = wire_record(10, createdAt=NOW.timestamp() + 3600)
    for _ in range(2):
        transport.reply("ListMemoryRecords", {"memoryRecordSummaries": []})
    transport.reply("ListMemoryRecords", {"memoryRecordSummaries": [record]})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        since = await session.add_turns([ConversationalMessage("hi", MessageRole.USER)])
        found = await session.wait_for_extraction(
            FACTS, since=since, filters=[where("topic") == "billing"]
        )
    assert ["fact 10"] == [each.content for each in found]
    sent = [params["metadataFilters"] for params in transport.sent("ListMemoryRecords")]
    assert all(BILLING == filters[0] for filters in sent)
    assert {1, 2} == {len(filters) for filters in sent}
    assert {CREATED_AT} == {f[1]["left"]["metadataKey"] for f in sent if len(f) == 2}


@virtual_time
async def test_polls_with_other_filters_are_not_shared() -> None:
    """Waits for one prefix share their requests exactly if their filters are equal."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        pollers = [
            session.extraction_poller(FACTS, filters=[where("topic") == "billing"]),
            session.extraction_poller(FACTS, metadata={"topic": "billing"}),
            session.extraction_poller(FACTS, metadata={"topic": "travel"}),
            session.extraction_poller(FACTS),
        ]
        targets = [poller._state.options.targets[0] for poller in pollers]
    assert 3 == len(set(targets))
    assert targets[0] == targets[1]


@virtual_time
async def test_a_refused_filter_is_the_callers_where_it_is_refused_alone() -> None:
    """A key that is not indexed raises, and later waits go on filtering by time."""
    transport = FakeTransport()
    transport.fail("ListMemoryRecords", "ValidationException", times=2)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        since = await session.add_turns([ConversationalMessage("hi", MessageRole.USER)])
        with pytest.raises(ValidationError):
            await session.wait_for_extraction(FACTS, since=since, metadata={"topic": "x"})
        created = manager._core.polls.lister.created_filter
        assert not created.refused
        transport.fail("ListMemoryRecords", "ValidationException")
        poller = session.extraction_poller(FACTS, since=since, on_timeout="return", timeout=30)
        assert [] == await poller
        assert created.refused


@virtual_time
async def test_filters_may_hide_what_is_under_a_prefix() -> None:
    """A timeout does not take a prefix for a mistyped one where filters were given."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for metadata, unseen in (({"topic": "x"}, ()), (None, ("/facts/a/",))):
            poller = session.extraction_poller(FACTS, metadata=metadata, timeout=30)
            with pytest.raises(TimeoutError) as caught:
                await poller
            assert unseen == caught.value.unseen  # type: ignore[attr-defined]


async def test_a_poller_has_four_conditions_at_most() -> None:
    """One of the service's five is the poller's own."""
    async with manager_on(FakeTransport()) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        four = dict.fromkeys("abcd", "x")
        session.extraction_poller(FACTS, metadata=four)
        with pytest.raises(InvalidInputError, match="5 conditions; give 4 at most"):
            session.extraction_poller(FACTS, filters=[where("e").exists()], metadata=four)


# The local service.


async def stocked(manager: AsyncMemorySessionManager) -> None:
    """Create records with metadata of every kind."""
    contents: list[tuple[str, dict[str, Any]]] = [
        ("The invoice was paid.", {"topic": "billing", "n": 1, "tags": ["a", "b"]}),
        ("The invoice is open.", {"topic": "billing", "n": 2.5, "tags": ["b"]}),
        ("The trip is booked.", {"topic": "travel", "n": 3}),
        ("The invoice has no topic.", {}),
    ]
    await manager.batch_create_memory_records(
        [
            NewMemoryRecord(namespace="/facts/a/", content=text, timestamp=NOW, metadata=metadata)
            for text, metadata in contents
        ],
        raise_on_failure=True,
    )


PAST = datetime(2000, 1, 1, tzinfo=UTC)
BY_SERVICE: list[tuple[list[Any], list[str]]] = [
    ([where("topic") == "billing"], ["paid", "open"]),
    ([where("topic") == "billing", where("n") > 1], ["open"]),
    ([where("n") >= 2.5, where("n") <= 3], ["open", "booked"]),
    ([where("n") < 2.5], ["paid"]),
    ([where("tags").contains("a")], ["paid"]),
    ([where("tags") == ["b"]], ["open"]),
    ([where("topic").not_exists()], ["topic"]),
    ([where("topic").exists(), where("tags").not_exists()], ["booked"]),
    ([where(CREATED_AT) > PAST, where("topic") == "travel"], ["booked"]),
    ([where(CREATED_AT) < PAST], []),
]


async def test_records_are_filtered_by_the_local_service() -> None:
    """Every operator finds the records that it says, in lists and in searches."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        await stocked(manager)
        for filters, words in BY_SERVICE:
            listed = await manager.list_long_term_memory_records("/facts/a/", filters=filters)
            found = await manager.search_long_term_memories(
                "invoice trip", "/facts/a/", 10, filters=filters
            )
            last = [
                {record.content.rstrip(".").split()[-1] for record in each}
                for each in (listed, found)
            ]
            assert [set(words)] * 2 == last, filters


async def test_events_are_filtered_alike_with_and_without_the_services_filter() -> None:
    """Over its HTTP the local service lists the events that are also found here."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("a", "s")
        for number, topic in enumerate(["billing", "travel", "billing"]):
            message = ConversationalMessage(f"text {number}", MessageRole.USER)
            metadata = {"topic": topic} | ({"lang": ""} if number else {})
            await session.add_turns([message], metadata=metadata)
        for consistent in (True, False):
            found = [
                [event.messages[0].text for event in events]
                for events in (
                    await session.list_events(
                        metadata={"topic": "billing"}, consistent_read=consistent
                    ),
                    await session.list_events(
                        filters=[where("lang").exists(), where("topic") == "billing"],
                        consistent_read=consistent,
                    ),
                    await session.list_events(
                        filters=[where("lang").not_exists()], consistent_read=consistent
                    ),
                )
            ]
            assert [["text 2", "text 0"], ["text 2"], ["text 0"]] == found


async def test_a_wait_returns_only_records_that_meet_its_filters() -> None:
    """Records that come during a wait and do not meet the filters are not among its result."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("a", "s")
        async with session.extraction_poller(
            FACTS, metadata={"topic": "travel"}, timeout=timedelta(seconds=30)
        ) as poller:
            await stocked(manager)
            records = await poller
    assert ["The trip is booked."] == [record.content for record in records]
