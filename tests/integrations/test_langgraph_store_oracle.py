"""Stores of LangGraph under any calls, faults and lags, and from any loop."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import threading
import warnings
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest

pytest.importorskip("langgraph")

from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.store.base import GetOp, ListNamespacesOp, MatchCondition, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from agentcore_memory_async import AccessDeniedError, RetryPolicy, encode_session_id
from agentcore_memory_async.integrations.langgraph._store_log import FORMAT, Log
from agentcore_memory_async.local import Lags, LocalMemoryService, ManualClock
from agentcore_memory_async.models import Event
from tests.faults.conversations import proxied
from tests.integrations.langgraph_stores import (
    MEMORY_ID,
    UNPACED,
    opened,
    operations,
    plain,
    store_of,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async import MemorySessionManager
    from agentcore_memory_async.integrations.langgraph import AgentCoreStore

QUICK = RetryPolicy(attempt_timeout=0.5, backoff=0.001, throttled_backoff=0.001, max_backoff=0.01)
NUMBERS = itertools.count()
OBJECTS = 2
"""Objects of one store."""

labels = st.sampled_from(["a", "ab", "b", "a/b", "ü"])
namespaces = st.lists(labels, min_size=1, max_size=3).map(tuple)
keys = st.sampled_from(["k", "l", ""])
values = st.dictionaries(st.sampled_from(["n", "x"]), st.integers(0, 3) | st.text(max_size=2))
filters = st.none() | st.fixed_dictionaries({"n": st.integers(0, 3)})
conditions = st.lists(
    st.builds(
        MatchCondition,
        st.sampled_from(["prefix", "suffix"]),
        st.lists(labels | st.just("*"), min_size=1, max_size=2).map(tuple),
    ),
    max_size=2,
).map(tuple)
ops = st.one_of(
    st.builds(PutOp, namespaces, keys, values | st.none(), st.none(), st.none()),
    st.builds(GetOp, namespaces, keys, st.just(True)),
    st.builds(
        SearchOp,
        st.lists(labels, max_size=2).map(tuple),
        filters,
        st.just(1000),
        st.just(0),
        st.none(),
        st.just(True),
    ),
)
lists = st.builds(
    ListNamespacesOp, conditions, st.none() | st.integers(1, 2), st.just(1000), st.just(0)
)
# Lists are alone: in the store in memory, a get makes an empty namespace for the rest of its batch.
batches = st.tuples(
    st.integers(0, OBJECTS - 1),
    st.lists(ops, min_size=1, max_size=4) | st.lists(lists, min_size=1, max_size=1),
)


def forget_empty(oracle: InMemoryStore) -> None:
    """Let the store in memory forget namespaces without items, as those in databases do."""
    for namespace in [space for space, items in oracle._data.items() if not items]:
        del oracle._data[namespace]


def comparable(result: Any) -> Any:
    """Return a result without times and order."""
    if not isinstance(result, list):
        return result and plain([result])
    items: list[Any] = result
    return items if not items or isinstance(items[0], tuple) else plain(items)


@pytest.fixture(scope="module")
def manager() -> Iterator[MemorySessionManager]:
    """Yield a manager for all examples: each of them has an actor of its own."""
    with LocalMemoryService() as service, service.manager(MEMORY_ID, limits=UNPACED) as opened:
        yield opened


@settings(max_examples=40, deadline=None)
@given(st.lists(batches, max_size=20))
def test_any_calls_answer_as_the_store_in_memory_does(
    manager: MemorySessionManager, steps: list[Any]
) -> None:
    """Whichever object makes them."""
    actor_id, oracle = str(next(NUMBERS)), InMemoryStore()
    stores = [store_of(manager, actor_id, index=False) for _ in range(OBJECTS)]
    for number, batch in cast("list[tuple[int, list[Any]]]", steps):
        forget_empty(oracle)
        expected = list(map(comparable, oracle.batch(batch)))
        assert list(map(comparable, stores[number].batch(batch))) == expected


@pytest.mark.parametrize("seed", range(2))
async def test_faults_of_a_fifth_of_the_requests_change_nothing(seed: int) -> None:
    """Nothing is lost, nothing comes back, and what is searched by meaning is there."""
    chance, expected = random.Random(seed), dict[str, dict[str, Any]]()
    async with proxied(seed, retry=QUICK, limits=UNPACED) as (proxy, manager):
        stores = [store_of(manager) for _ in range(OBJECTS)]
        proxy.share = 0.2
        for number in range(60):
            store, key = chance.choice(stores), chance.choice("abcdef")
            if chance.random() < 0.3:
                await store.adelete(("f", "g"), key)
                expected.pop(key, None)
            else:
                expected[key] = {"text": f"{key} drinks tea {number}"}
                await store.aput(("f", "g"), key, expected[key])
            assert value_of(await store.aget(("f", "g"), key)) == expected.get(key)
        assert proxy.met.total() > 10
        for store in stores:
            found = await store.asearch(("f",), query="who drinks tea", limit=100)
            assert {item.key: item.value for item in found} == expected
            assert await store.alist_namespaces() == ([("f", "g")] if expected else [])


async def test_an_item_is_there_before_its_records_are() -> None:
    """The records of AWS lag by more than a minute; what they don't find yet comes last."""
    clock = ManualClock()
    lags = Lags(record_lists=90.0, record_ids=90.0)
    async with opened(clock=clock, lags=lags) as (service, manager):
        store = store_of(manager)
        await store.aput(("l",), "tea", {"text": "Anna drinks green tea"})
        assert value_of(await store.aget(("l",), "tea")) is not None
        [found] = await store_of(manager).asearch(("l",), query="green tea")
        assert found.score is None
        clock.advance(91)
        [found] = await store.asearch(("l",), query="green tea")
        assert found.score
        await store.aput(("l",), "tea", {"text": "Anna drinks water"})
        [found] = await store.asearch(("l",), query="green tea")
        assert (found.value, found.score) == ({"text": "Anna drinks water"}, None)
        await store.adelete(("l",), "tea")
        assert await store.asearch(("l",), query="green tea") == []
        assert await store.alist_namespaces() == []
        clock.advance(91)
        assert await store.asearch(("l",), query="water") == []
        # The record that was too new to be deleted goes with the next deletion.
        await store.aput(("l",), "x", {}, index=False)
        await store.adelete(("l",), "x")
        assert await manager.list_long_term_memory_records("/langgraph-store/") == []
        session = await manager.create_memory_session(store.actor_id, encode_session_id('["l"]'))
        assert await session.list_events() == []
        assert service.calls("GetMemoryRecord") == []


async def test_what_was_replaced_is_deleted() -> None:
    """However often an item changes, the events and records of its namespace stay few."""
    async with opened() as (service, manager):
        store = store_of(manager)
        for number in range(100):
            await store.aput(("o",), f"k{number % 2}", {"text": f"tea {number}"})
        session = await manager.create_memory_session(store.actor_id, encode_session_id('["o"]'))
        assert len(await session.list_events()) <= 24
        assert len(await manager.list_long_term_memory_records("/langgraph-store/")) <= 22
        counted = Counter(operations(service))
        assert counted["CreateEvent"] == counted["BatchCreateMemoryRecords"] == 100
        assert counted["ListEvents"] <= 7


async def test_deleting_many_items_reads_them_a_few_times() -> None:
    """The calls grow with the items, and not with their square."""
    async with opened() as (service, manager):
        store, count = store_of(manager, index=False), 150
        for at in range(0, count, 10):
            await store.abatch([PutOp(("m",), str(at + more), {}) for more in range(10)])
        start = len(service.calls())
        for at in range(count):
            await store.adelete(("m",), str(at))
        assert await store.alist_namespaces() == []
        assert len(operations(service, start)) < 6 * count


async def test_a_cleaning_that_fails_fails_no_write(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, by ids alone, and made up for the next time."""
    async with opened() as (service, manager):
        store = store_of(manager)
        await store.aput(("w",), "k", {"text": "secret"})
        fault = service.fail("AccessDeniedException", operation="DeleteEvent")
        await store.adelete(("w",), "k")
        assert await store.aget(("w",), "k") is None
        assert await store.alist_namespaces() == []
        assert "was not tidied up" in caplog.text
        assert "secret" not in "".join(
            record.getMessage() for record in caplog.records if "tidied" in record.getMessage()
        )
        fault.cancel()
        await store.adelete(("w",), "k")
        session = await manager.create_memory_session(store.actor_id, encode_session_id('["w"]'))
        assert await session.list_events() == []


@pytest.mark.parametrize("operation", ["BatchCreateMemoryRecords", "CreateEvent"])
async def test_a_write_that_fails_changes_nothing(operation: str) -> None:
    """The item is as it was, by key and by meaning."""
    async with opened() as (service, manager):
        store = store_of(manager)
        await store.aput(("w",), "k", {"text": "green tea"})
        service.fail("AccessDeniedException", operation=operation, times=1)
        with pytest.raises(AccessDeniedError):
            await store.aput(("w",), "k", {"text": "water"})
        [item] = await store.asearch(("w",), query="green tea")
        assert item.value == {"text": "green tea"}
        assert item.score
        [item] = await store.asearch(("w",), query="water")
        assert item.value == {"text": "green tea"}


async def test_a_cancelled_write_has_an_outcome() -> None:
    """Whoever cancels it waits for that, and sees it."""
    async with opened() as (service, manager):
        store = store_of(manager)
        for operation in ("BatchCreateMemoryRecords", "CreateEvent"):
            fault = service.add_latency(0.2, operation=operation, times=1)
            task = asyncio.create_task(  # noqa: TID251 - as LangGraph cancels
                store.aput(("c",), operation, {"text": "tea"})
            )
            while not fault.met:
                await anyio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert value_of(await store.aget(("c",), operation)) == {"text": "tea"}


async def test_puts_at_once_are_few_events_and_the_last_of_a_key_counts() -> None:
    """The first is written, and the others together after it; an error is told to all of these."""
    async with opened() as (service, manager):
        store = store_of(manager)

        async def put_all() -> list[Any]:
            puts = [store.aput(("g",), f"k{at % 30}", {"n": at}) for at in range(60)]
            together = asyncio.gather  # noqa: TID251 - as nodes of graphs do
            return await together(*puts, return_exceptions=True)

        assert await put_all() == [None] * 60
        counted = Counter(operations(service))
        assert counted["CreateEvent"] <= 3
        found = await store.asearch(("g",), limit=100)
        assert {item.key: item.value["n"] for item in found} == {
            f"k{at}": at + 30 for at in range(30)
        }
        service.fail("AccessDeniedException", operation="CreateEvent", times=1)
        failed = [each for each in await put_all() if each is not None]
        assert failed
        assert all(isinstance(each, AccessDeniedError) for each in failed)
        assert await put_all() == [None] * 60


async def test_writers_at_once_lose_nothing() -> None:
    """Each key has the value of its last writer, for all objects the same."""
    async with opened() as (_, manager):
        stores = [store_of(manager) for _ in range(4)]

        async def write(store: AgentCoreStore, name: str) -> None:
            for number in range(10):
                await store.aput(("at", "once"), f"{name}{number}", {"text": name})
                await store.aput(("at", "once"), "shared", {"by": name, "n": number})
                if number % 2:
                    await store.adelete(("at", "once"), f"{name}{number}")

        async with anyio.create_task_group() as tasks:
            for number, store in enumerate(stores):
                tasks.start_soon(write, store, "wxyz"[number])
        expected = {f"{name}{number}" for name in "wxyz" for number in range(0, 10, 2)}
        found = [plain(await store.asearch(("at",), limit=100)) for store in stores]
        assert {key for _, key, _ in found[0]} == {*expected, "shared"}
        assert all(each == found[0] for each in found)
        shared = await stores[0].aget(("at", "once"), "shared")
        assert (value_of(shared) or {})["n"] == 9


def test_from_successive_loops_in_threads() -> None:
    """Each thread runs a loop of its own for each call; nothing is left open."""

    async def use(store: AgentCoreStore, name: str) -> None:
        await store.aput(("t",), name, {"text": f"tea {name}"})
        assert await store.aget(("t",), name)
        assert await store.asearch(("t",), query="tea")

    with (
        warnings.catch_warnings(record=True) as caught,
        LocalMemoryService() as service,
        service.manager(MEMORY_ID, limits=UNPACED) as manager,
    ):
        warnings.simplefilter("always")
        store, errors = store_of(manager), list[BaseException]()

        def run(name: str) -> None:
            try:
                for number in range(3):
                    asyncio.run(use(store, f"{name}{number}"))
            except BaseException as error:  # noqa: BLE001 - shown below
                errors.append(error)

        threads = [threading.Thread(target=run, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(store.search(("t",), limit=100)) == 9
        gc.collect()
    assert [str(each.message) for each in caught] == []


NOW = datetime(2026, 1, 1, tzinfo=UTC)
written = st.lists(
    st.tuples(st.integers(0, 3), st.dictionaries(keys, st.none() | st.integers(0, 1), min_size=1)),
    max_size=12,
)


def event_of(number: int, time: int, changes: dict[str, int | None]) -> Event:
    """Return an event that changes items."""
    values = {
        key: None if value is None else {"value": {"n": value}, "records": [f"r{number}{key}"]}
        for key, value in changes.items()
    }
    document = {"namespace": ["n"], "changes": values}
    at = NOW + timedelta(milliseconds=time)
    return Event(f"{number:03}", None, {"format": FORMAT, "value": document}, (), at, "a", "s")


def log_of(events: list[Event]) -> Log:
    """Return the log of events, in any order of those of one time."""

    async def read() -> Log:
        log = Log()
        for event in sorted(events, key=lambda each: each.timestamp, reverse=True):
            await log.add(event)
        return log

    return asyncio.run(read())


@given(written, st.randoms(use_true_random=False))
def test_deleting_what_is_stale_changes_no_item_at_any_time(
    steps: list[Any], chance: random.Random
) -> None:
    """Wherever it is interrupted, and in any order of what hides nothing."""
    time, events = 0, list[Event]()
    for number, (later, changes) in enumerate(steps):
        time += later
        events.append(event_of(number, time, changes))
    chance.shuffle(events)
    expected = log_of(events).items()
    stale = log_of(events).stale()
    harmless = [each for each in stale if not each.hides]
    chance.shuffle(harmless)
    for each in (*harmless, *(one for one in stale if one.hides)):
        events = [event for event in events if event.event_id not in each.events]
        assert log_of(events).items() == expected
    assert not log_of(events).stale()
    assert expected or not events
