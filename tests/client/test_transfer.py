"""
Import and export: stored once, in order, and equal when read out again.

``python -m tests.client.test_transfer`` carries 1,000 histories from one memory to another.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from attrs import evolve

from agentcore_memory_async import (
    BlobPayload,
    Conversation,
    ConversationalMessage,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
    InvalidInputError,
    JsonPayload,
    MessageRole,
    RetryPolicy,
    ServiceLimits,
    ThrottledError,
)
from agentcore_memory_async._wire.transfer import checked_events, writing_order
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from agentcore_memory_async.models import JsonValue

START = datetime(2026, 1, 1, tzinfo=UTC)
FAST = ServiceLimits(events_per_second=10_000, other_events_per_second=10_000)


def history(source: random.Random, session_id: str) -> Conversation:
    """Return a random conversation with branches, ties and every kind of payload."""
    messages: list[HistoryMessage | HistoryEvent] = []
    branches: list[str | None] = [None]
    at = START
    for place in range(source.randint(1, 12)):
        at += timedelta(milliseconds=source.choice([0, 0, 1, 1000]))
        branch, root = source.choice(branches), None
        if place and source.random() < 0.2:
            branch, root = f"b{place}", source.randrange(place)
            branches.append(branch)
        blobs: list[JsonValue] = [f"text {place}", {"k": place}, [1, 2], "true"]
        choices: list[ConversationalMessage | JsonPayload | BlobPayload] = [
            ConversationalMessage(f"said {place}", source.choice(list(MessageRole))),
            JsonPayload({"place": place, "deep": [None, True, "ü"]}),
            BlobPayload(source.choice(blobs)),
        ]
        items = source.choices(choices, k=source.choice([0, 1, 1, 1, 3]))
        said = [item for item in items if isinstance(item, ConversationalMessage)]
        if said and branch is None:
            messages.append(HistoryMessage(said[0].text, said[0].role, at))
        else:
            metadata = source.choice([{}, {"topic": "billing"}, {"originSource": "web", "n": "1"}])
            messages.append(HistoryEvent(items, at, metadata, branch, root))
    return Conversation(f"actor{source.randint(1, 3)}", session_id, messages)


async def exported(manager: Any) -> list[Conversation | HistoryRecord]:
    """Return everything that a manager exports, in an order of its own."""
    items = [item async for item in manager.export()]
    return sorted(items, key=lambda item: str(item.to_dict()))


async def carried(histories: int) -> str:
    """Import histories and records, export them, import that elsewhere, compare; return figures."""
    began = time.monotonic()
    source = random.Random(11)
    given = [history(source, f"s{number}") for number in range(histories)]
    records = [
        HistoryRecord("/facts/a/", "lives in Turin", START, {"topic": "home"}),
        HistoryRecord("/facts/b/", "likes tea", START),
    ]
    async with LocalMemoryService(clock=AutoClock()) as service:
        async with service.manager(MEMORY, limits=FAST) as manager:
            progress = await manager.import_conversations([*given, *records], extract=False)
            first = await exported(manager)
        other = "other-a1B2c3D4e5"
        async with service.manager(other, limits=FAST) as manager:
            await manager.import_conversations(first, extract=False)
            second = await exported(manager)
    assert progress.conversations == histories
    assert progress.messages == sum(len(each.messages) for each in given)
    assert progress.records == 2
    assert len(first) == histories + 2
    assert first == second
    return (
        f"{histories:,} histories of {progress.messages:,} events, and 2 records: imported, "
        f"exported, imported elsewhere and exported again, equal; {time.monotonic() - began:.0f} s"
    )


async def test_exported_imported_and_exported_again_it_is_equal() -> None:
    """Histories with branches, ties and every payload, and records, come back equal."""
    await carried(25)


@pytest.mark.parametrize("seed", range(20))
def test_histories_can_be_stored_whatever_their_order(seed: int) -> None:
    """A root is stored before its branch, and the first of a branch before the others."""
    events = checked_events("s", history(random.Random(seed), "s").messages)
    mixed = list(range(len(events)))
    random.Random(seed).shuffle(mixed)
    places = {old: new for new, old in enumerate(mixed)}
    shuffled = [
        evolve(events[old], root=None if (root := events[old].root) is None else places[root])
        for old in mixed
    ]
    order = writing_order(shuffled)
    assert sorted(order) == list(range(len(events)))
    begun = set[str | None]([None])
    for at, place in enumerate(order):
        event = shuffled[place]
        assert event.root is None or event.root in order[:at]
        assert event.branch in begun or event.root is not None
        begun.add(event.branch)
    assert writing_order(events) == list(range(len(events)))


async def test_run_again_it_stores_nothing_twice() -> None:
    """A second import of the same, by another manager, changes nothing."""
    given = [history(random.Random(3), "s1"), history(random.Random(4), "s2")]
    record = HistoryRecord("/facts/a/", "lives in Turin", START)
    async with LocalMemoryService(clock=AutoClock()) as service:
        seen: list[list[Conversation | HistoryRecord]] = []
        for _ in range(2):
            async with service.manager(MEMORY, limits=FAST) as manager:
                await manager.import_conversations([*given, record], extract=False)
                seen.append(await exported(manager))
    assert seen[0] == seen[1]


@virtual_time
async def test_messages_keep_their_times_and_their_order() -> None:
    """Each message is an event with its own time; equal times are moved apart, in order."""
    said = [HistoryMessage(f"m{number}", "user", START) for number in range(3)]
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        conversation = Conversation("anna", "s1", said)
        await manager.import_conversations([conversation, conversation], extract=False)
    sent = transport.sent("CreateEvent")
    times = [round((each["eventTimestamp"] - START.timestamp()) * 1000) for each in sent]
    assert times == [0, 1, 2, 0, 1, 2]
    assert all(each["extractionMode"] == "SKIP" for each in sent)
    assert len({each["clientToken"] for each in sent}) == 3


@virtual_time
async def test_interrupted_it_goes_on_where_it_was() -> None:
    """An error ends it with nothing in flight; awaiting it again stores the rest, in order."""
    transport = FakeTransport()
    said = [HistoryMessage(f"m{number}", "user", START) for number in range(50)]
    quick = RetryPolicy(max_attempts=1)

    async def chats() -> AsyncIterator[Conversation]:
        yield Conversation("anna", "s1", said)
        yield Conversation("berta", "s1", said[:5])

    async with manager_on(transport, limits=FAST, retry=quick) as manager:
        work = manager.import_conversations(chats(), extract=True)
        async for progress in work:
            assert progress.messages == 25
            break
        transport.fail("CreateEvent", "ThrottledException", status=429)
        with pytest.raises(ThrottledError):
            await work
        result = await work
    assert (result.conversations, result.messages) == (2, 55)
    texts = [
        each["payload"][0]["conversational"]["content"]["text"]
        for each in transport.sent("CreateEvent")
        if each["actorId"] == "anna"
    ]
    assert list(dict.fromkeys(texts)) == [each.text for each in said]
    assert len(texts) == 51


@pytest.mark.parametrize(
    "items",
    [
        ["hi"],
        [Conversation("anna", "s1", [HistoryEvent((JsonPayload(1),), START, {}, "b", 0)])],
        [Conversation("an na", "s1", [])],
        [Conversation("anna", "s1", [HistoryMessage("hi", "user", datetime(2026, 1, 1))])],  # noqa: DTZ001 - naive
        [Conversation("anna", "s1", [HistoryMessage("", "user", START)])],
    ],
)
@virtual_time
async def test_what_cannot_be_stored_is_refused_each_time(items: Sequence[Any]) -> None:
    """A wrong item is refused before anything of it is sent, and not left out the second time."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        work = manager.import_conversations(items, extract=False)
        for _ in range(2):
            with pytest.raises(InvalidInputError):
                await work
    assert not transport.sent("CreateEvent")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("hi", "it is str"),
        ({"role": "user", "content": "hi"}, "it is dict"),
        (HistoryMessage("", "user", START), "text is empty"),
        (HistoryMessage("hi", "user", datetime(2026, 1, 1)), "timestamp is a naive datetime"),  # noqa: DTZ001
        (HistoryEvent([BlobPayload(cast("Any", b"a"))], START), "items[0].content contains bytes"),
        (HistoryEvent([said("hi")] * 101, START), "items has 101 items"),
        (HistoryEvent([said("hi")], START, {"topic": "*"}), "metadata['topic'] contains '*'"),
        (HistoryEvent([said("hi")], START, cast("Any", 5)), "metadata is int"),
        (HistoryEvent([said("hi")], START, root=0), "it has a root and no branch"),
    ],
)
@virtual_time
async def test_a_wrong_message_is_named_before_the_ones_before_it_are_stored(
    wrong: Any, named: str
) -> None:
    """All messages of a conversation are checked first, and an error says which one is wrong."""
    messages = [HistoryMessage("hi", "user", START), wrong]
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        with pytest.raises(
            InvalidInputError, match=re.escape(f"messages[1] of session s1: {named}")
        ):
            await manager.import_conversations(
                [Conversation("anna", "s1", messages)], extract=False
            )
    assert not transport.sent("CreateEvent")


if __name__ == "__main__":
    print(asyncio.run(carried(1000)))
