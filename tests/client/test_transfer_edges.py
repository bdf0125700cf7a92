"""
What an export finds that this package would not write, and how imports are cut off.

Events of equal times, branches whose root is gone, records that expire, the same record many times;
iterables that fail, and that are cancelled.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    BlobPayload,
    Conversation,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
    InvalidInputError,
    JsonPayload,
    NewMemoryRecord,
    Origin,
    ServiceLimits,
)
from agentcore_memory_async.local import AutoClock, Behavior, LocalMemoryService, ManualClock
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on, said
from tests.client.test_forgetting import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from agentcore_memory_async import AsyncMemorySessionManager

OTHER = "other-a1B2c3D4e5"
START = datetime(2026, 1, 1, tzinfo=UTC)
FAST = ServiceLimits(events_per_second=10_000, other_events_per_second=10_000)


async def exported(manager: AsyncMemorySessionManager) -> list[Conversation | HistoryRecord]:
    """Return everything that a manager exports, in an order of its own."""
    items = [item async for item in manager.export()]
    return sorted(items, key=lambda item: str(item.to_dict()))


async def carried(service: LocalMemoryService) -> list[Conversation | HistoryRecord]:
    """Return what the memory has, having checked that it is the same in another one."""
    async with service.manager(MEMORY, limits=FAST) as manager:
        first = await exported(manager)
    async with service.manager(OTHER, limits=FAST) as manager:
        await manager.import_conversations(first, extract=False)
        assert await exported(manager) == first
    return first


async def test_ties_have_one_order_whatever_the_order_of_the_list() -> None:
    """Events that others wrote in one millisecond are exported by id, and moved apart."""
    behavior = Behavior(shuffle_ties=7)
    async with LocalMemoryService(clock=AutoClock(), behavior=behavior) as service:
        async with service.manager(MEMORY) as manager:
            ids = {"memoryId": MEMORY, "actorId": "anna", "sessionId": "s1"}
            said: list[tuple[str, str]] = []
            for number in range(30):
                text = {"conversational": {"role": "USER", "content": {"text": f"m{number}"}}}
                at = START.timestamp() + number // 10
                event = {**ids, "eventTimestamp": at, "payload": [text]}
                answer = await manager.call("CreateEvent", event)
                said.append((answer["event"]["eventId"], f"m{number}"))
        [conversation] = await carried(service)
    assert isinstance(conversation, Conversation)
    messages = [each for each in conversation.messages if isinstance(each, HistoryMessage)]
    assert [each.text for each in messages] == [text for _, text in sorted(said)]
    assert len({each.timestamp for each in messages}) == 30


async def test_whatever_this_package_writes_is_carried() -> None:
    """Typed events, origins, records of turns, and what buffers write, from two managers."""
    async with LocalMemoryService(clock=AutoClock()) as service:
        for number in range(2):
            async with service.manager(MEMORY, limits=FAST) as manager:
                session = await manager.create_memory_session("anna", "s1")
                first = await session.add_turns([said("hello")], origin=Origin("web"))
                await session.create_event("order", {"sku": number}, metadata={"topic": "billing"})
                await session.fork_conversation([said("again")], first.event_id, f"b{number}")
                async for _ in session.record_turn("hi", ["an", "swer"]):
                    pass
                async with session.buffered(origin=Origin("tool")) as buffer:
                    await buffer.add(said("buffered"))
                await session.add_turns([said("text"), BlobPayload([1, {"a": None}])], branch="b0")
        [found] = await carried(service)
        async with service.manager(OTHER) as manager:
            session = await manager.create_memory_session("anna", "s1")
            orders = await session.list_events("order")
    assert isinstance(found, Conversation)
    assert len(found.messages) == 12
    assert sorted(str(each.payload) for each in orders) == ["{'sku': 0}", "{'sku': 1}"]


async def test_a_branch_outlives_its_root() -> None:
    """It forks from the last message before the deleted one, and is otherwise unchanged."""
    said = [HistoryMessage(f"m{n}", "user", START + timedelta(seconds=n)) for n in range(4)]
    branch = [
        HistoryEvent((JsonPayload(n),), START + timedelta(seconds=10 + n), {}, "b", root)
        for n, root in ((0, 2), (1, None))
    ]
    async with LocalMemoryService(clock=AutoClock()) as service:
        async with service.manager(MEMORY, limits=FAST) as manager:
            session = await manager.create_memory_session("anna", "s1")
            history = Conversation("anna", "s1", [*said, *branch])
            await manager.import_conversations([history], extract=False)
            [root] = [each for each in await session.list_events() if each.messages[0].text == "m2"]
            await session.delete_event(root.event_id)
        [found] = await carried(service)
    assert isinstance(found, Conversation)
    first, second = found.messages[-2:]
    assert isinstance(first, HistoryEvent)
    assert isinstance(second, HistoryEvent)
    assert (first.branch, first.root) == ("b", 1)
    assert (second.branch, second.root) == ("b", None)
    assert len(found.messages) == 5


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_is_deleted_of_a_conversation_the_rest_is_carried(seed: int) -> None:
    """Branches of branches, of which any events are gone: all that is left comes back equal."""
    source = random.Random(seed)
    events: list[HistoryEvent] = []
    branches: list[str | None] = [None]
    for n in range(15):
        branch, root = source.choice(branches), None
        if n and source.random() < 0.4:
            branch, root = f"b{n}", source.randrange(n)
            branches.append(branch)
        at = START + timedelta(seconds=n)
        events.append(HistoryEvent((JsonPayload(n),), at, {}, branch, root))
    async with LocalMemoryService(clock=AutoClock()) as service:
        async with service.manager(MEMORY, limits=FAST) as manager:
            session = await manager.create_memory_session("anna", "s1")
            await manager.import_conversations([Conversation("anna", "s1", events)], extract=False)
            for event in source.sample(await session._all_events(with_payloads=False), 10):
                await session.delete_event(event.event_id)
        [found] = await carried(service)
    assert isinstance(found, Conversation)
    assert len(found.messages) == 5


async def test_records_expire_on_the_same_day_and_are_stored_once_on_any() -> None:
    """Expiry is carried by the day; an import of the next day stores nothing twice."""
    clock = ManualClock(START + timedelta(hours=9))
    async with LocalMemoryService(clock=clock) as service:
        async with service.manager(MEMORY) as manager:
            for days in (None, 40, 41, 400):
                text = f"lives in Turin for {days}"
                new = NewMemoryRecord(
                    namespace="/facts/anna/",
                    content=text,
                    timestamp=START,
                    metadata={"originSource": "web"},
                )
                await manager.batch_create_memory_records([new], expiry_days=days)
        found = await carried(service)
        clock.advance(timedelta(hours=20))
        async with service.manager(OTHER) as manager:
            await manager.import_conversations(found, extract=False)
            assert await exported(manager) == found
    midnight = START.replace(hour=0)
    days_left = [
        each.expires_at and (each.expires_at - midnight).days
        for each in found
        if isinstance(each, HistoryRecord)
    ]
    assert sorted(days_left, key=str) == [40, 400, 41, None]


async def test_the_same_record_is_carried_as_often_as_it_is_there() -> None:
    """250 equal records are no repetition of an import: three requests with tokens of their own."""
    async with LocalMemoryService(clock=AutoClock()) as service:
        async with service.manager(MEMORY) as manager:
            same = HistoryRecord("/facts/anna/", "likes tea", START)
            for _ in range(2):
                await manager.import_conversations([same] * 250, extract=False)
        assert await carried(service) == [same] * 250


def chat(session_id: str, messages: int = 3) -> Conversation:
    """Return a conversation."""
    said = [HistoryMessage(f"m{n}", "user", START + timedelta(seconds=n)) for n in range(messages)]
    return Conversation("anna", session_id, said)


class BrokenError(Exception):
    """What an iterable ends with."""


@pytest.mark.parametrize("kind", ["async", "blocking"])
async def test_cut_by_its_iterable_it_says_so_and_another_import_stores_the_rest(kind: str) -> None:
    """An iterable that fails in the middle fails the import; a new one stores each message once."""

    async def asynchronous() -> AsyncIterator[Conversation]:
        yield chat("s1")
        yield chat("s2")
        raise BrokenError

    def blocking() -> Iterator[Conversation]:
        yield chat("s1")
        yield chat("s2")
        raise BrokenError

    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager(MEMORY, limits=FAST) as manager,
    ):
        chats = asynchronous() if kind == "async" else blocking()
        work = manager.import_conversations(chats, extract=False, concurrency=1)
        with pytest.raises(BrokenError):
            await work
        assert not work.done
        for _ in range(2):  # what it has taken is stored, and it never seems to be whole
            with pytest.raises(InvalidInputError, match="import again from a new iterable"):
                await work
        whole = [chat("s1"), chat("s2"), chat("s3")]
        await manager.import_conversations(whole, extract=False)
        assert await exported(manager) == whole


@pytest.mark.parametrize("waits", [1, 2])
@virtual_time
async def test_cut_by_a_cancellation_of_its_iterable_nothing_is_taken_for_the_end(
    waits: int,
) -> None:
    """Cancelled while it waits for the next conversation, it closes the iterable, and says so."""
    store = Store({}, {})
    closed: list[str] = []

    async def chats() -> AsyncIterator[Conversation]:
        try:
            for number in range(waits):
                yield chat(f"s{number}")
            await anyio.sleep_forever()
        finally:
            closed.append("closed")

    async with manager_on(store, limits=FAST) as manager:
        work = manager.import_conversations(chats(), extract=False, concurrency=1)
        with anyio.move_on_after(10.0) as scope:
            await work
        assert scope.cancelled_caught
        assert closed == ["closed"]
        assert not manager._core.retrier._running
        assert len(store.sent("CreateEvent")) == 3 * waits
        with pytest.raises(InvalidInputError, match="import again from a new iterable"):
            await work


@virtual_time
async def test_cut_at_any_request_it_goes_on_where_it_was() -> None:
    """Cancelled at each of its requests in turn, it stores each message, in order."""
    sent: list[Any] = []
    scopes: list[anyio.CancelScope] = []

    class Cutting(Store):
        """A memory that cancels every other request before it is answered."""

        async def __call__(self, operation: str, params: Any) -> Any:
            sent.append(params["payload"][0]["conversational"]["content"]["text"])
            if len(sent) % 2:
                scopes[-1].cancel()
                await anyio.sleep(0)
            return await super().__call__(operation, params)

    async with manager_on(Cutting({}, {}), limits=FAST) as manager:
        work = manager.import_conversations([chat("s1", 20)], extract=False)
        while not work.done:
            with anyio.CancelScope() as scope:
                scopes.append(scope)
                await work
    assert list(dict.fromkeys(sent)) == [f"m{n}" for n in range(20)]
    assert len(scopes) == 21
