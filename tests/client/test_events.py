"""Custom events come back unchanged, and lists are complete."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from attrs import evolve

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    BlobPayload,
    Branch,
    DecodeError,
    JsonPayload,
    MessageRole,
)
from agentcore_memory_async._wire.event_codec import BLOB_MARK
from agentcore_memory_async.local import Lags, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, SlowService, manager_on, pages, said, wire_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer

PAYLOAD = {"order": 12345, "items": ["a", None, 1.5, True, {"é": []}]}


def order(at_ms: int, kind: str = "order", **members: Any) -> dict[str, Any]:
    """Return a custom event as the service lists it."""
    return wire_event(
        at_ms,
        payload=[{"json": {"content": {"at": at_ms}}}],
        metadata={"eventType": {"stringValue": kind}},
        **members,
    )


@virtual_time
async def test_custom_event_comes_back_equal() -> None:
    """A custom event comes back with its type and payload, and is excluded from extraction."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        event_id = await session.create_event("order", PAYLOAD)
        (request,) = transport.sent("CreateEvent")
        transport.reply("ListEvents", {"events": [{**request, "eventId": event_id}]})
        (event,) = await session.list_events("order")

    assert (event.event_id, event.event_type, event.payload) == (event_id, "order", PAYLOAD)
    assert event.messages == ()
    assert request["payload"] == [{"json": {"content": PAYLOAD}}]
    assert request["metadata"] == {"eventType": {"stringValue": "order"}}
    assert request["extractionMode"] == "SKIP"


@virtual_time
async def test_custom_event_can_be_extracted_from() -> None:
    """``extract=True`` sends no extraction mode, and other metadata is sent along."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.create_event("order", {}, extract=True, metadata={"k": "v"}, branch="b")
    (request,) = transport.sent("CreateEvent")

    assert "extractionMode" not in request
    assert request["branch"] == {"name": "b"}
    assert request["metadata"] == {
        "eventType": {"stringValue": "order"},
        "k": {"stringValue": "v"},
    }


@virtual_time
async def test_add_turns_is_create_event_in_general() -> None:
    """
    ``add_turns`` sends messages, data and blobs in one event with every option that
    was given.
    """
    transport = FakeTransport()
    moment = datetime(2025, 5, 1, 12, 0, 0, 123_456, tzinfo=UTC)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        event = await session.add_turns(
            [said("hi"), JsonPayload([1]), BlobPayload({"b": 2})],
            branch=Branch("b", "0001#a"),
            metadata={"k": "v"},
            timestamp=moment,
            extract=False,
            namespace_variables={"tenant": "t1"},
            client_token="token-1",
        )

    assert transport.sent("CreateEvent") == [
        {
            "memoryId": MEMORY,
            "actorId": "a",
            "sessionId": "s",
            "payload": [
                {"conversational": {"role": "USER", "content": {"text": "hi"}}},
                {"json": {"content": [1]}},
                {"blob": BLOB_MARK + '{"b":2}'},
            ],
            "branch": {"name": "b", "rootEventId": "0001#a"},
            "metadata": {"k": {"stringValue": "v"}},
            "extractionMode": "SKIP",
            "extractionConfig": {"namespaceVariables": {"tenant": "t1"}},
            "eventTimestamp": 1746100800.123,
            "clientToken": "token-1",
        }
    ]
    assert event.timestamp == moment.replace(microsecond=123_000)
    assert (event.messages, event.payload) == ((said("hi"),), ([1], {"b": 2}))
    assert (event.event_type, event.branch) == (None, Branch("b", "0001#a"))
    assert event.accepted_at == transport.date


@pytest.mark.parametrize(("takes_s", "lose"), [(0.2, set()), (3.5, set()), (0.2, {0}), (3.5, {0})])
@virtual_time
async def test_events_are_dated_to_when_they_were_first_sent(
    takes_s: float, lose: set[int]
) -> None:
    """``accepted_at`` is the time of the first attempt, even if answers were slow or lost."""
    service = SlowService(takes_s)
    service.lose = lose

    async def answer(operation: str, params: Mapping[str, Any]) -> Answer:
        answered = await service(operation, params)
        passed = timedelta(seconds=int(anyio.current_time() - began))
        return evolve(answered, date=service.date + passed)

    began = anyio.current_time()
    async with AsyncMemorySessionManager(MEMORY, transport=answer) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        event = await session.add_turns([said("x")])

    assert event.accepted_at is not None
    assert service.date - timedelta(seconds=1) <= event.accepted_at <= service.date


@virtual_time
async def test_all_kinds_are_listed_newest_first_over_all_pages() -> None:
    """Listing events reads every page, empty ones too, and returns all kinds newest first."""
    contents = [[order(9), wire_event(8, "hi")], [], [order(7, "click")], [wire_event(1, "yo")]]
    transport = FakeTransport()
    transport.reply("ListEvents", *pages("events", *contents), *pages("events", *contents))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        listed = await session.list_events()
        async with aclosing(session.iter_events(page_size=7)) as found:
            iterated = [event async for event in found]

    assert [event.event_type for event in listed] == ["order", None, "click", None]
    assert iterated == listed
    assert sorted(listed, key=lambda event: event.timestamp, reverse=True) == listed
    sizes = [request["maxResults"] for request in transport.sent("ListEvents")]
    assert sizes == [100] * 4 + [7] * 4


@virtual_time
async def test_type_is_filtered_by_the_service_and_here() -> None:
    """Where a lag is accepted the service filters, and what passes its filter is filtered here."""
    transport = FakeTransport()
    listed = {"events": [order(3), order(2, "click"), wire_event(1, "hi")]}
    transport.reply("ListEvents", listed, listed)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for consistent in (False, True):
            events = await session.list_events("order", consistent_read=consistent)
            assert [event.event_type for event in events] == ["order"]
    filtered, whole = transport.sent("ListEvents")
    assert filtered["filter"]["eventMetadata"] == [
        {
            "left": {"metadataKey": "eventType"},
            "operator": "EQUALS_TO",
            "right": {"metadataValue": {"stringValue": "order"}},
        }
    ]
    assert "filter" not in whole


async def test_events_of_another_manager_are_read_while_the_filter_lags() -> None:
    """A custom event is listed by its type as soon as it is stored, whoever wrote it."""
    async with (
        LocalMemoryService(strict=False, lags=Lags(event_filters=3600)) as service,
        service.manager(MEMORY) as writer,
        service.manager(MEMORY) as reader,
    ):
        theirs = await writer.create_memory_session("a", "s", verify=False)
        event_id = await theirs.create_event("order", {"number": 1})
        session = await reader.create_memory_session("a", "s", verify=False)
        assert [event_id] == [event.event_id for event in await session.list_events("order")]
        assert [event_id] == [event.event_id async for event in session.iter_events("order")]
        assert [] == await session.list_events("order", consistent_read=False)


@virtual_time
async def test_max_results_stops_early() -> None:
    """``max_results`` counts events that match, and reading stops there."""
    contents = [[wire_event(9, "hi"), order(8)], [order(7), order(6)], [order(5)]]
    transport = FakeTransport()
    transport.reply("ListEvents", *pages("events", *contents))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        events = await session.list_events("order", max_results=2)

    assert len(events) == 2
    assert len(transport.requests) == 2


@virtual_time
async def test_a_list_without_an_end_is_an_error() -> None:
    """A page token that is repeated raises an error instead of looping forever."""
    transport = FakeTransport()
    transport.reply("ListEvents", *[{"events": [], "nextToken": "same"}] * 2)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(DecodeError, match="no end"):
            await session.list_events()


@virtual_time
async def test_a_page_that_cannot_be_read_is_no_end() -> None:
    """
    A page that is cut off is requested again, and one of another shape raises an error
    instead of ending the list.
    """
    transport = FakeTransport()
    transport.reply("ListEvents", DecodeError("ListEvents", "cut off"))
    transport.reply("ListEvents", {"events": [wire_event(1, "hi")]})
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        assert len(await session.list_events()) == 1
        for wrong in ({"nextToken": "x"}, {}):
            transport.reply("ListEvents", wrong)
            with pytest.raises(DecodeError, match="no list of events"):
                await session.list_events()


@virtual_time
async def test_an_iterator_reads_ahead_no_page() -> None:
    """An iterator requests a page only when it is needed."""
    transport = FakeTransport()
    transport.reply("ListEvents", *pages("events", [wire_event(2, "b")], [wire_event(1, "a")]))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        async with aclosing(session.iter_events()) as found:
            async for event in found:
                assert event.messages[0].role is MessageRole.USER
                break

    assert len(transport.requests) == 1


@virtual_time
async def test_timestamps_follow_the_clock_and_the_caller() -> None:
    """
    An event without a timestamp is later than all before it; given timestamps do not count for
    that.
    """
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        first = await session.add_turns([said("1")])
        future = first.timestamp + timedelta(hours=1)
        given = await session.add_turns([said("2")], timestamp=future)
        after = await session.add_turns([said("3")])

    assert given.timestamp == future
    assert after.timestamp == first.timestamp + timedelta(milliseconds=1)
