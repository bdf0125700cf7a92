"""The extraction poller on a service with extraction: outcomes, namespaces, the service's clock."""

from __future__ import annotations

import pickle
from datetime import timedelta
from typing import Any

import anyio
import attrs
import pytest

from agentcore_memory_async import (
    ClosedError,
    ExtractionFailedError,
    ExtractionTimeoutError,
    PollPolicy,
    RetryPolicy,
)
from tests._virtual_time import virtual_time
from tests.client.doubles import said
from tests.client.extraction_service import (
    FACTS,
    SESSION,
    ExtractionService,
    extract_from_events,
    manager_on,
    session_of,
    texts,
)


@virtual_time
async def test_since_an_event_needs_no_baseline() -> None:
    """A wait since an event sends filtered polls only, by the service's clock."""
    service = ExtractionService()
    service.extract("/facts/a/", -10.0, text="old")
    extract_from_events(service, ("/facts/a/", 8.0, 0.0))
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("new")])
        assert texts(await session.wait_for_extraction(FACTS, since=event)) == ["new"]
        assert [name for _, name, _ in service.requests] == ["CreateEvent"] + 2 * [
            "ListMemoryRecords"
        ]
        assert all("metadataFilters" in params for _, _, params in service.requests[1:])


@pytest.mark.parametrize("filters", ["refuses", "ignores", "hides"])
@virtual_time
async def test_without_the_filter_times_are_compared_here(filters: Any) -> None:
    """
    A service without a working time filter is detected, and record times are compared in the
    client.
    """
    service = ExtractionService(filters=filters)
    for number in range(5):
        service.extract("/facts/a/", -300.0 + number, text="old")
    extract_from_events(service, ("/facts/a/", 8.0, 0.0))
    async with manager_on(service) as manager:
        session = await session_of(manager)
        for number in range(3):
            event = await session.add_turns([said(f"new {number}")])
            found = await session.wait_for_extraction(FACTS, since=event)
            assert texts(found) == [f"new {number}"]
            await anyio.sleep(5)
        filtered = sum("metadataFilters" in params for _, _, params in service.requests)
        assert filtered == 1 or filters == "hides"


@virtual_time
async def test_listed_event_needs_a_baseline() -> None:
    """A wait since an event of unknown acceptance time takes a baseline when it begins."""
    service = ExtractionService()
    extract_from_events(service, ("/facts/a/", 8.0, 0.0), ("/facts/a/", 0.01, 0.0))
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = attrs.evolve(await session.add_turns([said("x")]), accepted_at=None)
        poller = session.extraction_poller(FACTS, since=event)
        assert len(await poller) == 1
        assert not any("metadataFilters" in params for _, _, params in service.requests)


@virtual_time
async def test_event_of_another_process_is_waited_for_at_once() -> None:
    """A wait since an old event of another process returns at the first poll."""
    service = ExtractionService()
    extract_from_events(service, ("/facts/a/", 8.0, 0.0))
    async with manager_on(service) as manager:
        event = await (await session_of(manager)).add_turns([said("x")])
    event = pickle.loads(pickle.dumps(event))
    await anyio.sleep(40)
    async with manager_on(service) as manager:
        began = anyio.current_time()
        poller = manager.extraction_poller("/facts/{actorId}/", since=event)
        assert texts(await poller) == ["x"]
        assert anyio.current_time() - began < 1


@virtual_time
async def test_a_long_namespace_is_filtered_after_its_baseline() -> None:
    """A long namespace is read once for its baseline, and each later poll is one request."""
    service = ExtractionService()
    for _ in range(450):
        service.extract("/facts/a/", -600.0)
    service.extract("/facts/a/", 40.0, text="new")
    async with manager_on(service) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS) as poller:
            assert service.count("ListMemoryRecords") == 5
            assert texts(await poller) == ["new"]
        assert service.count("ListMemoryRecords") <= 5 + 6 + 2 * 4


@virtual_time
async def test_a_long_namespace_needs_no_filter() -> None:
    """Every poll reads all pages of a long namespace if the service refuses the filter."""
    service = ExtractionService(filters="refuses", page_size=50)
    for _ in range(450):
        service.extract("/facts/a/", -600.0)
    service.extract("/facts/a/", 8.0, text="new")
    async with manager_on(service) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS) as poller:
            assert texts(await poller) == ["new"]


@virtual_time
async def test_consolidation_is_an_update() -> None:
    """
    A record that replaces an old one is reported as an update, with the record that
    it replaced.
    """
    service = ExtractionService()
    old = service.extract("/facts/a/", -100.0, text="likes tea")
    async with manager_on(service) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS) as poller:
            service.extract("/facts/a/", 5.0, text="likes green tea")
            old.gone_at = anyio.current_time() + 5.5
            assert texts(await poller) == ["likes green tea"]
            assert texts(poller.updates) == ["likes green tea"]
            assert texts(poller.replaced) == ["likes tea"]


@virtual_time
async def test_several_namespaces_each_have_a_minimum() -> None:
    """Each namespace of a wait has a minimum of its own."""
    service = ExtractionService()
    extract_from_events(
        service,
        ("/facts/a/", 6.0, 0.0),
        ("/facts/a/", 12.0, 0.0),
        ("/preferences/a/", 25.0, 0.0),
        ("/summaries/a/s/", 3.0, 0.0),
    )
    least = {FACTS: 2, "/preferences/{actorId}/": 1, "/summaries/{actorId}/{sessionId}/": 1}
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        found = await session.wait_for_extraction(list(least), since=event, min_records=least)
        assert sorted(record.namespace for record in found) == [
            "/facts/a/",
            "/facts/a/",
            "/preferences/a/",
            "/summaries/a/s/",
        ]
        assert 25 <= anyio.current_time() <= 33.5


@virtual_time
async def test_strategies_are_told_apart() -> None:
    """
    Records and failed jobs of other strategies do not count, and templates get the
    strategy id.
    """
    service = ExtractionService()
    service.extract("/strategy/p1/a/", 5.0, text="other", strategy="f1")
    service.extract("/strategy/p1/a/", 20.0, text="ours", strategy="p1")
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        service.fail(event.event_id, 1.0, SESSION, strategy="f1")
        poller = session.extraction_poller(
            "/strategy/{memoryStrategyId}/{actorId}/",
            since=event,
            memory_strategy_id="p1",
            polling=PollPolicy(job_interval=5),
        )
        assert poller.namespaces == ("/strategy/p1/a/",)
        assert texts(await poller) == ["ours"]


@virtual_time
async def test_until_is_asked_of_the_records() -> None:
    """``until`` judges the contents of the records."""
    service = ExtractionService()
    service.extract("/facts/a/", 5.0, text="small talk")
    service.extract("/facts/a/", 20.0, text="seats")
    async with manager_on(service) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(
            FACTS, until=lambda records: "seats" in texts(records)
        ) as poller:
            assert texts(await poller) == ["small talk", "seats"]


@virtual_time
async def test_error_of_until_rises_as_it_is() -> None:
    """An error of ``until`` is raised unchanged, not in an exception group."""
    service = ExtractionService()
    service.extract("/facts/a/", 5.0)
    async with manager_on(service) as manager:
        poller = (await session_of(manager)).extraction_poller(FACTS, until=lambda _: 1 / 0 > 0)
        with pytest.raises(ZeroDivisionError):
            await poller
        assert len(manager._core.polls) == 0


@virtual_time
async def test_failed_jobs_are_an_outcome() -> None:
    """
    New failed jobs raise an error with reasons and records, and after a restart the
    wait continues.
    """
    service = ExtractionService()
    service.fail("1#a", -5.0, SESSION, reason="OLD")
    async with manager_on(service) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS, min_records=2) as poller:
            event = await session.add_turns([said("x")])
            service.extract("/facts/a/", 5.0, text="one")
            service.fail(event.event_id, 9.0, SESSION)
            service.fail(event.event_id, 9.0, ("a", "other"))
            with pytest.raises(ExtractionFailedError) as caught:
                await poller
            error = caught.value
            assert [job.job_id for job in error.jobs] == ["job-1"]
            assert error.jobs[0].event_ids == (event.event_id,)
            assert texts(list(error.records)) == ["one"]
            assert "LTM_RATE_EXCEEDED" in str(error)
            assert 100 < error.waited_s < 130

            await error.restart()
            await error.restart()
            assert list(service.started.values()) == ["job-1"]
            service.extract("/facts/a/", 9.0, text="two")
            assert texts(await poller) == ["one", "two"]
        with pytest.raises(ClosedError):
            await pickle.loads(pickle.dumps(error)).restart()


@virtual_time
async def test_jobs_are_asked_for_at_the_end() -> None:
    """A late failed job is found by a last request and raised instead of a timeout."""
    service = ExtractionService()
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        service.fail(event.event_id, 20.0, SESSION)
        with pytest.raises(ExtractionFailedError):
            await session.wait_for_extraction(FACTS, since=event, timeout=60)
        assert service.count("ListMemoryExtractionJobs") == 1
        assert anyio.current_time() <= 60.3


@virtual_time
async def test_denied_job_list_does_not_fail_the_wait() -> None:
    """
    A denied job list is requested once per manager, and a timeout notes that
    failures are unknown.
    """
    service = ExtractionService(denies=("ListMemoryExtractionJobs",))
    service.extract("/facts/a/", 5.0, text="new")
    async with manager_on(service) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS) as poller:
            assert texts(await poller) == ["new"]
        with pytest.raises(ExtractionTimeoutError) as caught:
            await session.extraction_poller(FACTS, timeout=timedelta(minutes=5))
        assert "AccessDeniedException" in caught.value.__notes__[0]
        assert service.count("ListMemoryExtractionJobs") == 1


@virtual_time
async def test_silence_can_be_an_answer() -> None:
    """``on_timeout="return"`` returns an empty list after silence, but raises after an outage."""
    service = ExtractionService()
    async with manager_on(service, retry=RetryPolicy(max_attempts=1)) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("hello")])
        poller = session.extraction_poller(FACTS, since=event, timeout=30, on_timeout="return")
        assert await poller == []
        assert (await poller, poller.done) == ([], True)
        service.loses = 1.0
        with pytest.raises(ExtractionTimeoutError):
            await session.extraction_poller(FACTS, since=event, timeout=30, on_timeout="return")


@virtual_time
async def test_a_record_at_the_last_moment_is_seen() -> None:
    """The last poll begins just before the deadline, however long the interval is by then."""
    service = ExtractionService()
    service.extract("/facts/a/", 178.0, text="late")
    async with manager_on(service) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS) as poller:
            assert texts(await poller) == ["late"]
