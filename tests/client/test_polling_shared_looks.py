"""A look that was made for others, or that could not be made: what it says, and to whom."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    ExtractionFailedError,
    ExtractionTimeoutError,
    InvalidInputError,
    PollPolicy,
)
from tests._virtual_time import virtual_time
from tests.client.doubles import said
from tests.client.learning import (
    FACTS,
    SESSION,
    LearningService,
    manager_on,
    session_of,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agentcore_memory_async import AsyncMemorySession, Event

HERE = "/facts/a/"
LONG_AGO_S = -90_000.0


def steady(**options: Any) -> LearningService:
    """Make a service whose answers take 0.1 s."""
    return LearningService(takes_s=(0.05, 0.05), **options)


@asynccontextmanager
async def asked(service: LearningService) -> AsyncGenerator[tuple[AsyncMemorySession, Event]]:
    """Store a message; gives its session and event."""
    async with manager_on(service) as manager:
        session = await session_of(manager)
        yield session, await session.add_turns([said("x")])


async def next_request(service: LearningService) -> None:
    """Wait until the next request is under way."""
    count = len(service.requests)
    while len(service.requests) == count:
        await anyio.sleep(0.01)


@virtual_time
async def test_a_look_after_a_later_event_does_not_count_for_an_earlier_one() -> None:
    """Its filter leaves out what came between the two."""
    service = steady()
    found: dict[str, list[str]] = {}
    async with manager_on(service) as manager:
        session = await session_of(manager)
        first = await session.add_turns([said("1")])
        service.learn(HERE, 10, text="between")
        service.learn(HERE, 103, text="after")
        await anyio.sleep(100)
        second = await session.add_turns([said("2")])

        async def late() -> None:
            found["second"] = texts(await session.extraction_poller(FACTS, since=second))

        async def early() -> None:
            await next_request(service)
            found["first"] = texts(
                await session.extraction_poller(FACTS, since=first, min_records=2)
            )

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(late)
            tasks.start_soon(early)
    assert found == {"second": ["after"], "first": ["between", "after"]}


@virtual_time
async def test_a_look_after_a_later_baseline_does_not_count_for_an_earlier_one() -> None:
    """With more old records than are listed each time."""
    service = steady()
    for number in range(120):
        service.learn(HERE, LONG_AGO_S - number)
    found: dict[str, list[str]] = {}
    async with manager_on(service) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS, min_records=2) as early:
            service.learn(HERE, 20, text="between")
            await anyio.sleep(50)
            async with session.extraction_poller(FACTS) as late:
                service.learn(HERE, 6.5, text="after")

                async def wait_late() -> None:
                    found["late"] = texts(await late)

                async def wait_early() -> None:
                    await next_request(service)
                    found["early"] = texts(await early)

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(wait_late)
                    tasks.start_soon(wait_early)
    assert found == {"late": ["after"], "early": ["between", "after"]}


@pytest.mark.parametrize("steps", range(0, 40, 3))
@virtual_time
async def test_joining_at_the_moment_of_a_look_is_too_late_for_it(steps: int) -> None:
    """What it shows is no baseline: it was filtered, or asked for another session's jobs."""
    service = steady()
    service.fail("0000000000000000001#aa", -100, ("a", "s2"))
    async with manager_on(service) as manager:
        one, two = await session_of(manager, "a", "s1"), await session_of(manager, "a", "s2")
        event = await one.add_turns([said("x")])
        service.learn(HERE, LONG_AGO_S, text="old")
        await anyio.sleep(30)

        async def watch() -> None:
            with pytest.raises(ExtractionTimeoutError):
                await one.extraction_poller(FACTS, since=event, timeout=60)

        async def join() -> None:
            for _ in range(steps):
                await asyncio.sleep(0)
            with pytest.raises(ExtractionTimeoutError):
                async with two.extraction_poller(FACTS, timeout=50) as poller:
                    await poller

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            tasks.start_soon(join)


@virtual_time
async def test_all_who_await_a_poller_learn_that_extraction_failed() -> None:
    """Each has an error of its own, and each can start the job again."""
    service = steady()
    errors: list[ExtractionFailedError] = []
    async with asked(service) as (session, event):
        service.fail(event.event_id, 5, SESSION)
        poller = session.extraction_poller(FACTS, since=event, timeout=300)

        async def wait() -> None:
            with pytest.raises(ExtractionFailedError) as caught:
                await poller
            errors.append(caught.value)

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(wait)
        assert anyio.current_time() < 200
        assert len(set(map(id, errors))) == 3
        for error in errors:
            await error.restart()
        assert len(service.started) == 1


@virtual_time
async def test_an_until_that_is_async_is_refused() -> None:
    """What it returns would always count as true."""
    service = steady()

    async def enough(_: object) -> bool:
        return False

    async with asked(service) as (session, event):
        service.learn(HERE, 3)
        with pytest.raises(InvalidInputError, match="until is an async function"):
            session.extraction_poller(FACTS, until=enough)  # type: ignore[arg-type]
        hidden: Any = lambda records: enough(records)  # noqa: E731 - no async function to be seen
        with pytest.raises(InvalidInputError, match="until returned an awaitable"):
            await session.extraction_poller(FACTS, since=event, until=hidden)


@virtual_time
async def test_silence_is_only_where_all_places_were_seen() -> None:
    """One of two is always throttled: nobody knows that nothing came there."""
    service = steady()
    answer = service.__call__

    async def busy(operation: str, params: Any) -> Any:
        if params.get("namespacePath") == "/preferences/a/":
            service.throttles = 1.0
        try:
            return await answer(operation, params)
        finally:
            service.throttles = 0.0

    async with manager_on(service) as manager:
        manager._core.retrier._transport = busy
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        places = [FACTS, "/preferences/{actorId}/"]
        poller = session.extraction_poller(places, since=event, timeout=60, on_timeout="return")
        with pytest.raises(ExtractionTimeoutError):
            await poller


@virtual_time
async def test_the_time_of_a_slow_reader_is_no_waiting() -> None:
    """What came while it was busy with a record is still looked for."""
    service = steady()
    async with asked(service) as (session, event):
        service.learn(HERE, 5, text="one")
        service.learn(HERE, 20, text="two")
        poller = session.extraction_poller(FACTS, since=event, timeout=30, min_records=2)
        found: list[str] = []
        async for record in poller:
            found.append(record.content)
            await anyio.sleep(40)
    assert found == ["one", "two"]


@virtual_time
async def test_entering_absorbs_what_passes() -> None:
    """Throttled for 15 s, it takes its baseline then."""
    service = steady(throttles=1.0)
    async with manager_on(service) as manager:
        session = await session_of(manager)

        async def recover() -> None:
            await anyio.sleep(15)
            service.throttles = 0.0

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(recover)
            async with session.extraction_poller(FACTS) as poller:
                service.learn(HERE, 8, text="new")
                assert texts(await poller) == ["new"]


@pytest.mark.parametrize("waiters", [1, 2, 5])
@virtual_time
async def test_sharing_keeps_to_the_longest_time_that_one_allows(waiters: int) -> None:
    """But for one a second."""
    service = steady()
    policy = PollPolicy(
        poll_times_s=(1.0,), growth=0.0, min_interval=1.0, max_interval=1.0, jitter=0.0
    )
    async with asked(service) as (session, event):

        async def wait() -> None:
            with pytest.raises(ExtractionTimeoutError):
                await session.extraction_poller(FACTS, since=event, timeout=30, polling=policy)

        async with anyio.create_task_group() as tasks:
            for _ in range(waiters):
                tasks.start_soon(wait)
    assert 27 <= service.count("ListMemoryRecords") <= 31


@pytest.mark.parametrize("timeout", [0.5, 1.0, 3.0])
@virtual_time
async def test_short_waits_end_with_an_answer(timeout: float) -> None:
    """The last look begins early enough to be answered."""
    service = LearningService(takes_s=(0.1, 0.1))
    async with asked(service) as (session, event):
        poller = session.extraction_poller(FACTS, since=event, timeout=timeout, on_timeout="return")
        assert await poller == []


@virtual_time
async def test_the_same_prefix_twice_takes_the_greater_number() -> None:
    """One of the two spelt out."""
    service = steady()
    async with asked(service) as (session, event):
        service.learn(HERE, 5, text="one")
        service.learn(HERE, 20, text="two")
        least = {HERE: 1, FACTS: 2}
        poller = session.extraction_poller([HERE, FACTS], since=event, min_records=least)
        assert texts(await poller) == ["one", "two"]
