"""Shared polls: which waiters a poll counts for, and what a failed one means."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    ExtractionFailedError,
    ExtractionTimeoutError,
    InvalidInputError,
    PollPolicy,
)
from agentcore_memory_async._extraction.shared_polls import RecordPoll, RecordSubscriber, Subscriber
from agentcore_memory_async._extraction.targets import PollRequest, RecordTarget
from agentcore_memory_async.errors import service_error
from tests._virtual_time import virtual_time
from tests.client.doubles import said
from tests.client.extraction_service import (
    FACTS,
    SESSION,
    ExtractionService,
    manager_on,
    session_of,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agentcore_memory_async import AsyncMemorySession, Event

NAMESPACE = "/facts/a/"
LONG_AGO_S = -90_000.0


def steady(**options: Any) -> ExtractionService:
    """Return a service whose answers take 0.1 s."""
    return ExtractionService(takes_s=(0.05, 0.05), **options)


@asynccontextmanager
async def stored_event(
    service: ExtractionService,
) -> AsyncGenerator[tuple[AsyncMemorySession, Event]]:
    """Store a message, and yield its session and event."""
    async with manager_on(service) as manager:
        session = await session_of(manager)
        yield session, await session.add_turns([said("x")])


async def next_request(service: ExtractionService) -> None:
    """Wait until the next request is in flight."""
    count = len(service.requests)
    while len(service.requests) == count:
        await anyio.sleep(0.01)


@virtual_time
async def test_a_poll_since_a_later_event_does_not_count_for_an_earlier_one() -> None:
    """
    A poll filtered by a later event does not count for an earlier one, since it
    leaves out records.
    """
    service = steady()
    found: dict[str, list[str]] = {}
    async with manager_on(service) as manager:
        session = await session_of(manager)
        first = await session.add_turns([said("1")])
        service.extract(NAMESPACE, 10, text="between")
        service.extract(NAMESPACE, 103, text="after")
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
async def test_a_poll_since_a_later_baseline_does_not_count_for_an_earlier_one() -> None:
    """A poll filtered by a later baseline does not count for an earlier one in a long namespace."""
    service = steady()
    for number in range(120):
        service.extract(NAMESPACE, LONG_AGO_S - number)
    found: dict[str, list[str]] = {}
    async with manager_on(service) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS, min_records=2) as early:
            service.extract(NAMESPACE, 20, text="between")
            await anyio.sleep(50)
            async with session.extraction_poller(FACTS) as late:
                service.extract(NAMESPACE, 6.5, text="after")

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
async def test_joining_during_a_poll_is_too_late_for_it(steps: int) -> None:
    """A poll that is running does not become the baseline of a waiter that joins."""
    service = steady()
    service.fail("0000000000000000001#aa", -100, ("a", "s2"))
    async with manager_on(service) as manager:
        one, two = await session_of(manager, "a", "s1"), await session_of(manager, "a", "s2")
        event = await one.add_turns([said("x")])
        service.extract(NAMESPACE, LONG_AGO_S, text="old")
        await anyio.sleep(30)

        async def wait() -> None:
            with pytest.raises(ExtractionTimeoutError):
                await one.extraction_poller(FACTS, since=event, timeout=60)

        async def join() -> None:
            for _ in range(steps):
                await asyncio.sleep(0)
            with pytest.raises(ExtractionTimeoutError):
                async with two.extraction_poller(FACTS, timeout=50) as poller:
                    await poller

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            tasks.start_soon(join)


@virtual_time
async def test_every_waiter_of_a_poller_gets_the_failure() -> None:
    """Each waiter of a poller gets its own copy of a failure, and each can restart the job."""
    service = steady()
    errors: list[ExtractionFailedError] = []
    async with stored_event(service) as (session, event):
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
    """An ``until`` that returns an awaitable is refused, since it would always count as true."""
    service = steady()

    async def enough(_: object) -> bool:
        return False

    async with stored_event(service) as (session, event):
        service.extract(NAMESPACE, 3)
        with pytest.raises(InvalidInputError, match="until is an async function"):
            session.extraction_poller(FACTS, until=enough)  # type: ignore[arg-type]
        hidden: Any = lambda records: enough(records)  # noqa: E731 - hides that it is async
        with pytest.raises(InvalidInputError, match="until returned an awaitable"):
            await session.extraction_poller(FACTS, since=event, until=hidden)


@virtual_time
async def test_silence_needs_an_answer_for_every_namespace() -> None:
    """A wait with a namespace that was never listed raises instead of reporting silence."""
    service = steady()
    answer = service.__call__

    async def busy(operation: str, params: Any) -> Any:
        if params.get("namespacePath") == "/preferences/a/":
            raise service_error(operation, "ThrottledException", "slow down", 429)
        return await answer(operation, params)

    async with manager_on(service) as manager:
        manager._core.retrier._transport = busy
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        prefixes = [FACTS, "/preferences/{actorId}/"]
        poller = session.extraction_poller(prefixes, since=event, timeout=60, on_timeout="return")
        with pytest.raises(ExtractionTimeoutError):
            await poller


@virtual_time
async def test_the_time_of_a_slow_reader_does_not_count() -> None:
    """The time that a reader spends on a record does not count toward the timeout."""
    service = steady()
    async with stored_event(service) as (session, event):
        service.extract(NAMESPACE, 5, text="one")
        service.extract(NAMESPACE, 20, text="two")
        poller = session.extraction_poller(FACTS, since=event, timeout=30, min_records=2)
        found: list[str] = []
        async for record in poller:
            found.append(record.content)
            await anyio.sleep(40)
    assert found == ["one", "two"]


@virtual_time
async def test_entering_waits_out_transient_errors() -> None:
    """Entering a poller takes the baseline after throttling has ended."""
    service = steady(throttles=1.0)
    async with manager_on(service) as manager:
        session = await session_of(manager)

        async def recover() -> None:
            await anyio.sleep(15)
            service.throttles = 0.0

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(recover)
            async with session.extraction_poller(FACTS) as poller:
                service.extract(NAMESPACE, 8, text="new")
                assert texts(await poller) == ["new"]


@pytest.mark.parametrize("waiters", [1, 2, 5])
@virtual_time
async def test_shared_polls_keep_the_interval_of_one_waiter(waiters: int) -> None:
    """Waiters that share polls make one poll a second, as a single waiter does."""
    service = steady()
    policy = PollPolicy(
        poll_times_s=(1.0,), growth=0.0, min_interval=1.0, max_interval=1.0, jitter=0.0
    )
    async with stored_event(service) as (session, event):

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
    """The last poll of a short wait begins early enough to be answered."""
    service = ExtractionService(takes_s=(0.1, 0.1))
    async with stored_event(service) as (session, event):
        poller = session.extraction_poller(FACTS, since=event, timeout=timeout, on_timeout="return")
        assert await poller == []


@virtual_time
async def test_the_same_prefix_twice_takes_the_greater_number() -> None:
    """A prefix that is given twice, once as a template, has the greater of its two minimums."""
    service = steady()
    async with stored_event(service) as (session, event):
        service.extract(NAMESPACE, 5, text="one")
        service.extract(NAMESPACE, 20, text="two")
        least = {NAMESPACE: 1, FACTS: 2}
        poller = session.extraction_poller([NAMESPACE, FACTS], since=event, min_records=least)
        assert texts(await poller) == ["one", "two"]


def test_who_leaves_before_its_poll_begins_leaves_it_to_others() -> None:
    """A waiter may be cancelled between claiming a poll and running it."""
    clock = SimpleNamespace(now=lambda: 5.0, hold=int, release=int)
    lister: Any = SimpleNamespace(wait_clock=clock)
    poll = RecordPoll(lister, RecordTarget(NAMESPACE))
    first: RecordSubscriber = Subscriber(RecordTarget(NAMESPACE), 9.0, lambda: None)
    second: RecordSubscriber = Subscriber(RecordTarget(NAMESPACE), 8.0, lambda: None)
    for each in (first, second):
        poll.join(each)
        poll.request(each, PollRequest(5.0, is_baseline=True))
    assert (poll.claim(first), poll.claim(second)) == (True, False)
    poll.leave(first)
    assert poll.claim(second)


def test_who_has_left_wants_no_poll() -> None:
    """The next poll is when those want it who still wait."""
    times = [0.0]
    clock = SimpleNamespace(now=lambda: times[0], hold=int, release=int)
    lister: Any = SimpleNamespace(wait_clock=clock)
    poll = RecordPoll(lister, RecordTarget(NAMESPACE))
    stays: RecordSubscriber = Subscriber(RecordTarget(NAMESPACE), 90.0, lambda: None)
    leaves: RecordSubscriber = Subscriber(RecordTarget(NAMESPACE), 80.0, lambda: None)
    for each, at in ((stays, 50.0), (leaves, 5.0)):
        poll.join(each)
        poll.request(each, PollRequest(at))
    poll.leave(leaves)
    times[0] = 6.0
    assert 50.0 == poll.due_at(stays)
