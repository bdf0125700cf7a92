"""When polls are made: each time and number of the poller by what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import ClosedError, ExtractionTimeoutError, PollPolicy, RetryPolicy
from agentcore_memory_async.errors import service_error
from tests._virtual_time import virtual_time
from tests.client.doubles import said
from tests.client.extraction_service import (
    FACTS,
    ExtractionService,
    manager_on,
    session_of,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async import AsyncMemorySession
    from agentcore_memory_async._transport.base import Answer

NAMESPACE, OTHER = "/facts/a/", "/other/a/"
RECORDS, JOBS = "ListMemoryRecords", "ListMemoryExtractionJobs"
ONCE = RetryPolicy(max_attempts=1)
NEVER = 10_000.0
"""Time of a planned poll that no test waits for."""


def planned(*times_s: float, **options: Any) -> PollPolicy:
    """Return a policy that polls at those times."""
    return PollPolicy(poll_times_s=times_s, jitter=0.0, max_interval=NEVER, **options)


def quick(**options: Any) -> ExtractionService:
    """Return a service that answers at once."""
    return ExtractionService(takes_s=(0.0, 0.0), **options)


def polls(service: ExtractionService, operation: str, namespace: str = "") -> list[float]:
    """Return when the requests of *operation* came, of one namespace if it is given."""
    return [
        round(at, 3)
        for at, name, params in service.requests
        if name == operation and namespace in {"", params.get("namespacePath")}
    ]


async def wait_in_vain(session: AsyncMemorySession, prefixes: Any, **options: Any) -> None:
    """Wait until the timeout."""
    with pytest.raises(ExtractionTimeoutError):
        await session.extraction_poller(prefixes, **options)


@pytest.mark.parametrize(
    ("prefixes", "timeout", "at"),
    [
        ([NAMESPACE], 60, 58.0),
        ([NAMESPACE], 4.2, 2.2),
        ([NAMESPACE], 3, 1.5),
        ([NAMESPACE, OTHER], 60, 56.0),
        ([NAMESPACE, OTHER], 6, 3.0),
    ],
)
@virtual_time
async def test_the_last_poll_begins_two_seconds_before_the_deadline(
    prefixes: list[str], timeout: float, at: float
) -> None:
    """Of several prefixes it begins four seconds before it, and of short waits at their half."""
    service = quick()
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        await wait_in_vain(session, prefixes, since=event, timeout=timeout, polling=planned(NEVER))

    assert [at] * len(prefixes) == polls(service, RECORDS)
    assert [at] == polls(service, JOBS)


@pytest.mark.parametrize(
    ("first", "slept", "at"),
    [(6.8, 4.0, 10.8), (6.8, 4.001, 4.001), (2.0, 2.0, 4.0), (2.0, 2.001, 2.001)],
)
@virtual_time
async def test_a_wait_polls_at_once_if_its_baseline_is_older_than_four_seconds(
    first: float, slept: float, at: float
) -> None:
    """An earlier planned poll lowers that age: the conversation may be as old as the baseline."""
    service = quick()
    async with manager_on(service) as manager:
        session = await session_of(manager)
        poller = session.extraction_poller(FACTS, timeout=100, polling=planned(first, NEVER))
        async with poller:
            await anyio.sleep(slept)
            with pytest.raises(ExtractionTimeoutError):
                await poller

    assert [0.0, at] == polls(service, RECORDS)[:2]


@virtual_time
async def test_a_poll_that_failed_is_repeated_after_three_seconds() -> None:
    """Baselines and planned polls are, up to the last poll before the deadline."""
    service = quick(loses=1.0)
    async with manager_on(service, retry=ONCE) as manager:
        session = await session_of(manager)
        with pytest.raises(ExtractionTimeoutError):
            async with session.extraction_poller(FACTS, timeout=8):
                pass
        assert [0.0, 3.0, 6.0] == polls(service, RECORDS)[:3]

    service = quick()
    async with manager_on(service, retry=ONCE) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        began, service.loses = anyio.current_time(), 1.0
        policy = planned(5.0, 6.0, 100.0)
        await wait_in_vain(session, FACTS, since=event, timeout=20, polling=policy)
        times = [at - began for at in polls(service, RECORDS)]
        assert pytest.approx([5.0, 8.0, 11.0, 14.0, 17.0, 18.0]) == times


@virtual_time
async def test_a_failed_poll_of_another_is_repeated_after_three_seconds() -> None:
    """Also by one whose own next poll is far, as what it would have shown is not known."""
    service = quick()
    async with manager_on(service, retry=ONCE) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        service.loses = 1.0

        async def wait(timeout: float, first: float) -> None:
            policy = planned(first)
            await wait_in_vain(session, FACTS, since=event, timeout=timeout, polling=policy)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait, 7, 5.0)
            tasks.start_soon(wait, 60, NEVER)

    assert [5.0, 8.0, 11.0] == polls(service, RECORDS)[:3]


class WithoutJobs(ExtractionService):
    """A service that cannot list jobs for the moment."""

    def _ListMemoryExtractionJobs(self, params: Mapping[str, Any]) -> dict[str, Any]:
        raise service_error(JOBS, "ServiceException", "later", 500)


@virtual_time
async def test_a_baseline_of_jobs_that_failed_is_repeated_after_three_seconds() -> None:
    """The wait goes on meanwhile."""
    service = WithoutJobs(takes_s=(0.0, 0.0))
    async with manager_on(service, retry=ONCE) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS, timeout=8, polling=planned(NEVER)) as poller:
            with pytest.raises(ExtractionTimeoutError):
                await poller

    assert [0.0, 3.0, 6.0] == polls(service, JOBS)[:3]


@pytest.mark.parametrize(
    ("waiters", "times"), [(1, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), (2, [1.0, 4.0, 7.0])]
)
@virtual_time
async def test_polls_that_several_share_are_three_seconds_apart(
    waiters: int, times: list[float]
) -> None:
    """A single waiter polls as its policy says."""
    service = quick()
    policy = planned(1.0, growth=0.0, min_interval=1.0)
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        options = {"since": event, "timeout": 30, "polling": policy}
        async with anyio.create_task_group() as tasks:
            for _ in range(waiters):
                tasks.start_soon(lambda: wait_in_vain(session, FACTS, **options))

    assert times == [at for at in polls(service, RECORDS) if at < 8]
    assert {100} == {each["maxResults"] for _, name, each in service.requests if name == RECORDS}


@virtual_time
async def test_polls_for_jobs_that_several_share_are_ten_seconds_apart() -> None:
    """One that ends soon asks that much later than it wanted to."""
    service = quick()
    policy = planned(NEVER, job_interval=15)
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        async with anyio.create_task_group() as tasks:
            for timeout in (100, 26.5):
                options = {"since": event, "timeout": timeout, "polling": policy}
                tasks.start_soon(lambda given: wait_in_vain(session, FACTS, **given), options)

    assert [15.0, 25.0, 40.0] == polls(service, JOBS)[:3]
    assert {50} == {each["maxResults"] for _, name, each in service.requests if name == JOBS}


@pytest.mark.parametrize(("waiters", "again"), [(1, 1.1), (2, 2.0)])
@virtual_time
async def test_a_prefix_is_polled_once_more_at_most_once_a_second(
    waiters: int, again: float
) -> None:
    """What one prefix has is enough, and the other is polled once more, for all who share it."""
    service = ExtractionService(takes_s=(0.05, 0.05))
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        service.extract(OTHER, 0.5)
        began = anyio.current_time()
        policy = planned(1.0 + began, NEVER)

        async def wait() -> None:
            await session.extraction_poller([NAMESPACE, OTHER], since=event, polling=policy)

        async with anyio.create_task_group() as tasks:
            for _ in range(waiters):
                tasks.start_soon(wait)

    first, second = polls(service, RECORDS, NAMESPACE)
    assert again - 1 == pytest.approx(second - first)


class SlowUnderOther(ExtractionService):
    """A service whose lists of one namespace take their time."""

    slow_s: float = 0.0

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        if params.get("namespacePath") == OTHER:
            await anyio.sleep(self.slow_s)
        return await super().__call__(operation, params)


@pytest.mark.parametrize(("slow_s", "at"), [(0.25, 1.25), (0.49, 1.49), (5.0, 1.5)])
@virtual_time
async def test_a_record_waits_half_a_second_for_polls_under_way(slow_s: float, at: float) -> None:
    """It is handed out when they have ended, and then at the latest."""
    service = SlowUnderOther(takes_s=(0.0, 0.0))
    service.slow_s = slow_s
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        service.extract(NAMESPACE, 0.5)
        poller = session.extraction_poller(
            [NAMESPACE, OTHER], since=event, min_records=2, polling=planned(1.0, NEVER)
        )
        async for _ in poller:
            assert pytest.approx(at) == anyio.current_time()
            break


@virtual_time
async def test_records_from_two_seconds_before_an_event_on_may_be_of_it() -> None:
    """The clocks of the service's hosts may be that far apart."""
    service = quick()
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        service.extract(NAMESPACE, -2.0, text="old")
        service.extract(NAMESPACE, -1.999, text="new")

        assert ["new"] == texts(await session.extraction_poller(FACTS, since=event))


@virtual_time
async def test_joining_background_work_takes_until_its_last_wait_has_ended() -> None:
    """And once it is cancelled, none can be added."""
    service = quick()
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        async with manager.background() as work:
            began = anyio.current_time()
            for timeout in (5, 9):
                work.wait(session.extraction_poller(FACTS, since=event, timeout=timeout))
            await work.join()
            assert pytest.approx(9.0) == anyio.current_time() - began
            work.cancel()
            with pytest.raises(ClosedError, match="not running"):
                work.wait(session.extraction_poller(FACTS, since=event))
