"""What integrations keep in events: of any size, whole or not there, and all of it is named."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from anyio import create_task_group, sleep
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentcore_memory_async import BlobPayload, ConversationalMessage, Event, MessageRole
from agentcore_memory_async.integrations._documents import Document, Reader, pack

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = "test"
MOST_ITEMS, MOST_BLOB_BYTES, MOST_EVENT_BYTES = 100, 100_000, 10_000_000
"""Limits of the service for an event: its items, a blob of it, and all of it."""

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
leaves = leaves.filter(lambda leaf: leaf not in {float("inf"), float("-inf")})
inner = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
small = st.dictionaries(st.text(), inner)
large = st.builds(
    lambda value, size: {"value": value, "items": ['"x'] * (size // 1000), "text": '"x' * size},
    inner,
    st.integers(40_000, 4_000_000),
)
counts = st.integers(0, 250)


def said(count: int) -> list[ConversationalMessage]:
    """Return messages that are told apart."""
    return [ConversationalMessage(f"text {at}", MessageRole.USER) for at in range(count)]


def events_of(value: dict[str, Any], messages: list[ConversationalMessage]) -> list[Event]:
    """Return the events of a value as the service would list them, in the order of writing."""
    payloads = asyncio.run(pack(FORMAT, value, messages))
    return [to_event(str(number), items) for number, items in enumerate(payloads)]


def to_event(event_id: str, items: list[Any]) -> Event:
    """Return an event with these items."""
    texts = tuple(item for item in items if isinstance(item, ConversationalMessage))
    contents = tuple(item.content for item in items if isinstance(item, BlobPayload))
    payload = contents[0] if len(contents) == 1 else contents or None
    return Event(event_id, None, payload, texts, datetime.now(UTC), "anna", "chat001")


def read(events: Iterable[Event]) -> list[Document]:
    """Return what a reader finds in events, in their order."""
    reader = Reader(FORMAT)

    async def read_all() -> list[Document | None]:
        return [await reader.read(event) for event in events]

    return [document for document in asyncio.run(read_all()) if document is not None]


@settings(max_examples=40, deadline=None)
@example({}, 49, None)
@example({"": []}, 50, None)
@example({}, 250, None)
@given(small | large, counts, st.randoms(use_true_random=False) | st.none())
def test_a_value_is_all_of_its_events(value: Any, count: int, order: Any) -> None:
    """It comes back equal, and names each event, in whatever order they come."""
    events = events_of(value, said(count))
    listed = events[::-1]
    if order is not None:
        order.shuffle(listed)
    [document] = read(listed)
    assert value == document.value
    assert [event.event_id for event in events[::-1]] == list(document.event_ids)
    assert events[0] == document.event
    assert said(count) == [message for event in events for message in event.messages]


@settings(max_examples=40, deadline=None)
@example({}, 120, 0)
@example({}, 120, 1)
@example({}, 120, 2)
@given(small | large, counts, st.integers(0))
def test_without_one_of_its_events_it_is_not_there(value: Any, count: int, missing: int) -> None:
    """Whichever one is lost, or is not written yet."""
    events = events_of(value, said(count))
    del events[missing % len(events)]
    assert [] == read(events[::-1])


@settings(max_examples=40, deadline=None)
@given(small | large, counts)
def test_events_are_within_the_limits(value: Any, count: int) -> None:
    """Of their items and bytes; what one event can hold is one event."""
    payloads = asyncio.run(pack(FORMAT, value, said(count)))
    for items in payloads:
        sizes = [len(json.dumps(item.content)) for item in items if isinstance(item, BlobPayload)]
        assert len(items) <= MOST_ITEMS
        assert max(sizes) <= MOST_BLOB_BYTES
        assert sum(sizes) <= MOST_EVENT_BYTES
    if count <= 49 and len(json.dumps(value)) <= 1_000_000:
        assert 1 == len(payloads)


def test_a_small_value_is_as_it_is() -> None:
    """Its blob has the value and the name of the format, and no more."""
    [[message, blob]] = asyncio.run(pack(FORMAT, {"a": [1]}, said(1)))
    assert said(1) == [message]
    assert {"format": FORMAT, "value": {"a": [1]}} == blob.content  # type: ignore[union-attr]


def test_values_between_one_another_are_told_apart() -> None:
    """Two writers at once: each value is read once all of its own events are there."""
    one, other = events_of({"of": 1}, said(120)), events_of({"of": 2}, said(120))
    mixed = [event for pair in zip(one, other, strict=True) for event in pair]
    assert [1, 2] == sorted(each.value["of"] for each in read(mixed))


@pytest.mark.parametrize(("size", "is_apart"), [(1_000, False), (1_000_000, True)])
async def test_what_is_large_leaves_the_loop_to_others(size: int, is_apart: bool) -> None:
    """They have their turn while it is packed, and while it is read."""
    turns: list[str] = []

    async def others_turn(when: str) -> None:
        turns.append(when)

    async with create_task_group() as group:
        group.start_soon(others_turn, "while packing")
        payloads = await pack(FORMAT, {"items": ["x" * size]})
        turns.append("packed")
        await sleep(0)
        [event] = [to_event("1", items) for items in payloads]
        group.start_soon(others_turn, "while reading")
        assert await Reader(FORMAT).read(event)
        turns.append("read")
    apart = ["while packing", "packed", "while reading", "read"]
    assert apart == (turns if is_apart else [turns[at] for at in (1, 0, 3, 2)])
