"""Sessions of the OpenAI Agents SDK under any calls, faults, cancellations and at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import anyio
import pytest

pytest.importorskip("agents")

from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    RetryPolicy,
    encode_actor_id,
    encode_session_id,
)
from agentcore_memory_async.local import LocalMemoryService
from tests.faults.conversations import proxied
from tests.integrations.agents_items import user
from tests.integrations.agents_sessions import MEMORY_ID, UNPACED, at_once, opened, session_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

QUICK = RetryPolicy(attempt_timeout=0.5, backoff=0.001, throttled_backoff=0.001, max_backoff=0.01)
OBJECTS = 3
"""Objects of one session."""
LARGE = [user("x" * 95_000)]
"""A batch that is stored in pieces; not in the examples, since hypothesis would show it."""

batches = st.lists(st.builds(user, st.text(max_size=3)), max_size=4)
steps = st.tuples(
    st.integers(0, OBJECTS - 1),
    st.one_of(
        st.tuples(st.just("add"), batches),
        st.tuples(st.just("add large"), st.none()),
        st.tuples(st.just("get"), st.none() | st.integers(0, 6)),
        st.tuples(st.just("pop"), st.none()),
        st.tuples(st.just("clear"), st.none()),
    ),
)


async def do(session: Any, kind: str, argument: Any) -> Any:
    """Make one call."""
    if kind.startswith("add"):
        return await session.add_items(LARGE if argument is None else argument)
    if kind == "get":
        return await session.get_items(argument)
    return await (session.pop_item() if kind == "pop" else session.clear_session())


def do_to_list(items: list[Any], kind: str, argument: Any) -> Any:
    """Make one call to a list."""
    if kind.startswith("add"):
        return items.extend(LARGE if argument is None else argument)
    if kind == "get":
        return items[max(0, len(items) - argument) :] if argument is not None else list(items)
    if kind == "clear":
        return items.clear()
    return items.pop() if items else None


@pytest.mark.timeout(120)
def test_any_calls_do_what_they_do_to_a_list() -> None:
    """By whichever object of the session each is made."""
    names = count()
    with LocalMemoryService() as service, service.manager(MEMORY_ID, limits=UNPACED) as manager:

        @settings(max_examples=25)
        @given(st.lists(steps, max_size=25))
        def check(history: list[Any]) -> None:
            name = str(next(names))
            asyncio.run(play(history, [session_of(manager, "a", name) for _ in range(OBJECTS)]))

        check()


async def play(history: list[Any], sessions: list[Any]) -> None:
    """Make the calls to a list, too, and compare."""
    expected: list[Any] = []
    for number, (kind, argument) in history:
        found = await do(sessions[number], kind, argument)
        assert do_to_list(expected, kind, argument) == found
    for session in sessions:
        assert expected == await session.get_items()


@pytest.mark.parametrize("seed", range(5))
async def test_faults_of_a_fifth_of_the_requests_change_nothing(seed: int) -> None:
    """Nothing is lost, nothing is there twice, and the order is that of the calls."""
    expected: list[Any] = []
    async with proxied(seed, retry=QUICK, limits=UNPACED) as (proxy, manager):
        sessions = [session_of(manager) for _ in range(OBJECTS)]
        proxy.share = 0.2
        for number in range(40):
            session = sessions[number % OBJECTS]
            length = 60 if number == 30 else number % 5  # 60 messages take two events
            batch = [user(f"{number}.{place}") for place in range(length)]
            await session.add_items(batch)
            expected += batch
            if number % 6 == 5:
                assert expected.pop() == await session.pop_item()
            if number == 20:
                await session.clear_session()
                expected.clear()
            assert expected[-7:] == await session.get_items(7)
        assert 10 < proxy.met.total()
        assert expected == await sessions[0].get_items()


async def test_writers_at_once_lose_nothing() -> None:
    """Each batch stays together, and those of a writer keep their order."""
    async with opened() as (_, manager):

        async def write(name: str) -> None:
            session = session_of(manager)
            for number in range(10):
                await session.add_items([user(f"{name} {number} {place}") for place in range(3)])

        await at_once(*(partial(write, name) for name in "abcd"))
        found: list[Any] = await session_of(manager).get_items()
    said = [item["content"] for item in found]
    for name in "abcd":
        own = [f"{name} {number} {place}" for number in range(10) for place in range(3)]
        assert own == [text for text in said if text[0] == name]
    assert all(said[at][:-1] == said[at + 2][:-1] for at in range(0, len(said), 3))


async def test_items_popped_at_once_are_popped_once() -> None:
    """By any objects of a manager: each gets another item, and those left are the oldest."""
    async with opened() as (_, manager):
        sessions = [session_of(manager) for _ in range(OBJECTS)]
        await sessions[0].add_items([user(str(number)) for number in range(12)])
        popped = await at_once(*(each.pop_item for each in sessions * 3))
        assert sorted(str(number) for number in range(3, 12)) == sorted(
            item["content"] for item in popped
        )
        assert [user(str(number)) for number in range(3)] == await sessions[1].get_items()


async def test_many_pops_take_a_page_each() -> None:
    """However many items were popped before: two requests for each."""
    async with opened() as (service, manager):
        session = session_of(manager)
        await session.add_items([user(str(number)) for number in range(40)])
        for number in reversed(range(40)):
            assert user(str(number)) == await session.pop_item()
        assert 40 == len(service.calls("ListEvents"))
        assert 1 + 40 == len(service.calls("CreateEvent"))
        assert None is await session.pop_item()


@asynccontextmanager
async def cancelled_during(operation: str, call: Callable[[Any], Any]) -> AsyncIterator[Any]:
    """Cancel a call while a request of it is under way, and yield the session afterwards."""
    async with opened() as (service, manager):
        session = session_of(manager)
        await session.add_items([user("1"), user("2")])
        fault = service.add_latency(0.2, operation=operation, times=1)
        before = len(service.calls(operation))
        task = asyncio.create_task(call(session))  # noqa: TID251 - as the SDK cancels
        while not fault.met:
            await anyio.sleep(0.001)  # its request is on its way through a socket
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert before < len(service.calls(operation))  # its outcome is known by now
        yield session


async def test_a_cancelled_add_waits_for_its_outcome() -> None:
    """As the caller goes on, the items are there."""
    async with cancelled_during(
        "CreateEvent", lambda session: session.add_items([user("3")])
    ) as session:
        assert [user("1"), user("2"), user("3")] == await session.get_items()


async def test_a_cancelled_pop_waits_for_its_outcome() -> None:
    """The item is taken back, once."""
    async with cancelled_during("CreateEvent", lambda session: session.pop_item()) as session:
        assert [user("1")] == await session.get_items()


async def test_a_cancelled_clear_waits_for_its_outcome() -> None:
    """Nothing is left."""
    async with cancelled_during("DeleteEvent", lambda session: session.clear_session()) as session:
        assert [] == await session.get_items()
        assert [] == await stored(session._loop.manager).list_events()


async def test_a_cancelled_read_does_not_wait() -> None:
    """Its request is given up."""
    async with opened() as (service, manager):
        session = session_of(manager)
        service.add_latency(30.0, operation="ListEvents", times=1)
        with anyio.fail_after(5):
            with anyio.move_on_after(0.1) as scope:
                await session.get_items()
            assert scope.cancelled_caught
            assert [] == await session.get_items()


@pytest.mark.parametrize("deletions", [0, 1, 7])
async def test_an_interrupted_clear_has_cleared_and_the_next_deletes_the_rest(
    deletions: int,
) -> None:
    """What is added in between stays out of both, and is what the next call clears."""
    async with opened() as (service, manager):
        session = session_of(manager)
        for number in range(15):
            await session.add_items([user(str(number))])
        delete, made = AsyncMemorySession.delete_event, Counter[str]()

        async def broken(self: Any, event_id: str) -> Any:
            made["deletions"] += 1
            if made["deletions"] > deletions:
                service.fail("AccessDeniedException", operation="DeleteEvent", times=1)
            return await delete(self, event_id)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AsyncMemorySession, "delete_event", broken)
            with pytest.raises(AccessDeniedError):
                await session.clear_session()
        service.clear_faults()
        assert [] == await session_of(manager).get_items()
        assert None is await session_of(manager).pop_item()
        await session.add_items([user("new")])
        assert [user("new")] == await session.get_items()
        await session_of(manager).clear_session()
        assert [] == await session.get_items()
        assert [] == await stored(manager).list_events()


async def test_what_is_added_while_it_is_cleared_is_cleared_or_stays_whole() -> None:
    """Of each batch all is there or nothing, and those that were added later stay."""
    async with opened() as (_, manager):
        session = session_of(manager)
        for number in range(10):
            await session.add_items([user(f"old {number}")])

        async def write() -> None:
            for number in range(20):
                await session_of(manager).add_items([user(f"{number} a"), user(f"{number} b")])

        await at_once(write, session.clear_session)
        found: list[Any] = await session.get_items()
        said = [item["content"] for item in found]
        first = int(said[0].split()[0])
        assert [f"{n} {part}" for n in range(first, 20) for part in "ab"] == said


async def test_clears_at_once_leave_nothing() -> None:
    """The one does not take the other's deletions for errors."""
    async with opened() as (_, manager):
        sessions = [session_of(manager) for _ in range(OBJECTS)]
        for number in range(20):
            await sessions[0].add_items([user(str(number))])
        await at_once(*(each.clear_session for each in sessions))
        assert [] == await sessions[0].get_items()
        assert [] == await stored(manager).list_events()


@pytest.mark.parametrize("seconds", [5, 3600])
async def test_items_of_a_process_whose_clock_is_ahead_are_popped_and_cleared(seconds: int) -> None:
    """Their events are newer than what this process writes, which takes effect all the same."""
    async with opened() as (_, manager):
        session, write = session_of(manager), AsyncMemorySession.add_turns

        async def ahead(self: Any, *args: Any, **options: Any) -> Any:
            at = datetime.now(UTC) + timedelta(seconds=seconds)
            return await write(self, *args, **{**options, "timestamp": at})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AsyncMemorySession, "add_turns", ahead)
            await session.add_items([user("1"), user("2")])
            await session.add_items([user("3")])
        for text in ("3", "2"):
            assert user(text) == await session.pop_item()
        assert [user("1")] == await session.get_items()
        assert [user("1")] == await session.get_items(1)
        await session.clear_session()
        assert [] == await session.get_items()
        assert [] == await stored(manager).list_events()


def stored(manager: Any) -> AsyncMemorySession:
    """Return the session of the memory itself."""
    return AsyncMemorySession(manager, encode_actor_id("anna"), encode_session_id("chat001"))
