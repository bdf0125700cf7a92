"""The extraction poller in virtual time: which records are new, and when there are enough."""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    ExtractionTimeoutError,
    MemoryRecord,
    RetryPolicy,
    ThrottledError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on, wire_record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agentcore_memory_async._transport.base import Answer


class ScheduledService(FakeTransport):
    """
    List the records that are due, ten a page.

    Attributes:
        due: Pairs of the time when a record is written and the record.
        failing: Start, end and error of a period in which every request fails.
    """

    def __init__(self, *due: tuple[float, dict[str, Any]]) -> None:
        super().__init__()
        self.due = list(due)
        self.failing: tuple[float, float, Exception] | None = None
        self.listed_at: list[float] = []

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """List the records that are due by now."""
        now = anyio.current_time()
        self.listed_at.append(now)
        if self.failing and self.failing[0] <= now < self.failing[1]:
            raise self.failing[2]
        if operation == "ListMemoryRecords":
            records = [
                record
                for at, record in self.due
                if at <= now and record["namespaces"][0].startswith(params["namespacePath"])
            ]
            start = int(params.get("nextToken", 0))
            body: dict[str, Any] = {"memoryRecordSummaries": records[start : start + 10]}
            if len(records) > start + 10:
                body["nextToken"] = str(start + 10)
            self.reply(operation, body)
        return await super().__call__(operation, params)


async def with_session(
    transport: FakeTransport,
    use: Callable[[AsyncMemorySession], Awaitable[None]],
    **options: Any,
) -> None:
    """Call *use* with a session on *transport*."""
    async with manager_on(transport, **options) as manager:
        await use(await manager.create_memory_session("a", "s", verify=False))


def contents(records: Any) -> list[str]:
    """Return the texts of *records*."""
    return [record.content for record in records]


@virtual_time
async def test_what_is_new_since_entering_is_given() -> None:
    """Only records that came after entering are returned; the baseline covers all pages."""
    old = [(0.0, wire_record(n)) for n in range(25)]

    async def use(session: AsyncMemorySession) -> None:
        async with session.extraction_poller("/facts/{actorId}/") as poller:
            await anyio.sleep(10)
            assert contents(await poller) == ["fact 30"]

    await with_session(ScheduledService(*old, (5.0, wire_record(30))), use)


@virtual_time
async def test_awaiting_again_gives_the_same_list() -> None:
    """Awaiting a finished poller returns a fresh copy of its list without a request."""
    transport = ScheduledService(
        (3.0, wire_record(1)), (3.0, wire_record(2)), (9.0, wire_record(3))
    )

    async def use(session: AsyncMemorySession) -> None:
        poller = session.extraction_poller("/facts/{actorId}/", min_records=2)
        first = await poller
        assert contents(first) == ["fact 1", "fact 2"]
        requests = len(transport.requests)
        first.clear()
        await anyio.sleep(60)
        assert contents(await poller) == ["fact 1", "fact 2"]
        assert contents([record async for record in poller]) == ["fact 1", "fact 2"]
        assert requests == len(transport.requests)

    await with_session(transport, use)


@virtual_time
async def test_records_are_iterated_as_they_come() -> None:
    """Iteration yields each record soon after it was written."""
    transport = ScheduledService((3.0, wire_record(1)), (30.0, wire_record(2)))

    async def use(session: AsyncMemorySession) -> None:
        poller = session.extraction_poller("/facts/{actorId}/", min_records=2)
        came = [(record.content, anyio.current_time()) async for record in poller]
        assert [text for text, _ in came] == ["fact 1", "fact 2"]
        assert 3 <= came[0][1] <= 7.5
        assert 30 <= came[1][1] <= 36

    await with_session(transport, use)


@virtual_time
async def test_several_prefixes_are_merged() -> None:
    """
    Several prefixes give one result with each record once, and a prefix given twice
    is polled once.
    """
    transport = ScheduledService(
        (3.0, wire_record(2, "/facts/a/")),
        (3.0, wire_record(1, "/preferences/a/")),
        (3.0, wire_record(3, "/other/")),
    )

    async def use(session: AsyncMemorySession) -> None:
        poller = session.extraction_poller(
            ["/facts/{actorId}/", "/preferences/{actorId}", "/facts/a/"], min_records=2
        )
        assert poller.namespaces == ("/facts/a/", "/preferences/a/")
        assert contents(await poller) == ["fact 1", "fact 2"]

    await with_session(transport, use)


@virtual_time
async def test_settle_waits_for_silence() -> None:
    """``settle`` keeps the wait open until nothing new came for that long."""
    transport = ScheduledService(
        *[(float(at), wire_record(at)) for at in (3, 10, 17)], (60.0, wire_record(60))
    )

    async def use(session: AsyncMemorySession) -> None:
        found = await session.extraction_poller("/facts/{actorId}/", settle=timedelta(seconds=10))
        assert contents(found) == ["fact 3", "fact 10", "fact 17"]
        assert 27 <= anyio.current_time() <= 32

    await with_session(transport, use)


@virtual_time
async def test_failed_polls_are_no_silence() -> None:
    """Failed polls do not count toward the quiet period of ``settle``."""
    transport = ScheduledService((3.0, wire_record(3)), (20.0, wire_record(20)))
    transport.failing = (5.0, 40.0, service_error("ListMemoryRecords", "ServiceException", "", 500))

    async def use(session: AsyncMemorySession) -> None:
        found = await session.extraction_poller("/facts/{actorId}/", settle=15)
        assert contents(found) == ["fact 3", "fact 20"]

    await with_session(transport, use, retry=RetryPolicy(max_attempts=1))


@virtual_time
async def test_timeout_has_what_had_come() -> None:
    """A timeout error holds the records so far, and awaiting again continues from there."""
    transport = ScheduledService((3.0, wire_record(1)), (200.0, wire_record(2)))

    async def use(session: AsyncMemorySession) -> None:
        poller = session.extraction_poller("/facts/{actorId}/", timeout=30, min_records=2)
        with pytest.raises(ExtractionTimeoutError) as caught:
            await poller
        assert contents(caught.value.records) == ["fact 1"]
        assert caught.value.waited_s == pytest.approx(30)
        assert caught.value.polls == 5
        assert caught.value.namespaces == ("/facts/a/",)
        await anyio.sleep(200)
        assert contents(await poller) == ["fact 1", "fact 2"]

    await with_session(transport, use)


@virtual_time
async def test_a_short_timeout_still_polls() -> None:
    """A timeout shorter than the poll interval still makes a poll."""

    async def use(session: AsyncMemorySession) -> None:
        found = await session.extraction_poller("/facts/{actorId}/", timeout=1.0)
        assert contents(found) == ["fact 1"]

    await with_session(ScheduledService((0.4, wire_record(1))), use)


@virtual_time
async def test_transient_errors_are_waited_out() -> None:
    """The wait outlasts a minute of throttling."""
    for fails_from in (0.0, 1.0):
        transport = ScheduledService((100.0, wire_record(1)))
        transport.failing = (fails_from, 60.0, ThrottledError("ListMemoryRecords", "X", "m", 429))

        async def use(session: AsyncMemorySession) -> None:
            began = anyio.current_time()
            found = await session.extraction_poller("/facts/{actorId}/")
            assert contents(found) == ["fact 1"]
            assert began == 0.0 or anyio.current_time() > began

        if fails_from:
            await with_session(transport, use)


@virtual_time
async def test_baseline_that_fails_at_first_is_taken_later() -> None:
    """Without ``async with``, the first successful poll is the baseline."""
    transport = ScheduledService((0.0, wire_record(1)), (100.0, wire_record(2)))
    transport.failing = (0.0, 60.0, ThrottledError("ListMemoryRecords", "X", "m", 429))

    async def use(session: AsyncMemorySession) -> None:
        assert contents(await session.extraction_poller("/facts/{actorId}/")) == ["fact 2"]

    await with_session(transport, use)


@virtual_time
async def test_timeout_has_the_last_transient_error() -> None:
    """A timeout error has the last transient error as its cause."""
    transport = ScheduledService()
    transport.failing = (0.0, 1e9, ThrottledError("ListMemoryRecords", "X", "m", 429))

    async def use(session: AsyncMemorySession) -> None:
        with pytest.raises(ExtractionTimeoutError) as caught:
            await session.extraction_poller("/facts/{actorId}/", timeout=40)
        assert isinstance(caught.value.__cause__, ThrottledError)
        assert caught.value.polls == 0

    await with_session(transport, use)


@virtual_time
async def test_permanent_errors_are_raised_at_once() -> None:
    """A denied permission is raised at once."""
    for prefixes in ("/facts/{actorId}/", ["/facts/{actorId}/", "/preferences/{actorId}/"]):
        transport = ScheduledService()
        denied = service_error("ListMemoryRecords", "AccessDeniedException", "no", 403)
        transport.failing = (1.0, 1e9, denied)

        async def use(session: AsyncMemorySession, prefixes: Any = prefixes) -> None:
            began = anyio.current_time()
            async with session.extraction_poller(prefixes) as poller:
                await anyio.sleep(1)
                with pytest.raises(AccessDeniedError):
                    await poller
            assert anyio.current_time() - began < 9

        if anyio.current_time() < 1:
            await with_session(transport, use)


@virtual_time
async def test_cancelled_wait_leaves_nothing() -> None:
    """A cancelled wait makes no further request, and the poller can be awaited again."""
    transport = ScheduledService((50.0, wire_record(1)))

    async def use(session: AsyncMemorySession) -> None:
        poller = session.extraction_poller("/facts/{actorId}/")
        with anyio.move_on_after(11):
            await poller
        requests = len(transport.requests)
        await anyio.sleep(20)
        assert requests == len(transport.requests)
        assert repr(poller) == "<ExtractionPoller /facts/a/, waiting, 0 new>"
        assert contents(await poller) == ["fact 1"]
        assert repr(poller) == "<ExtractionPoller /facts/a/, done, 1 new>"

    await with_session(transport, use)


@virtual_time
async def test_iteration_left_early_leaves_nothing() -> None:
    """Leaving an iteration early ends the polling."""
    transport = ScheduledService((3.0, wire_record(1)), (6.0, wire_record(2)))

    async def use(session: AsyncMemorySession) -> None:
        poller = session.extraction_poller("/facts/{actorId}/", min_records=2)
        assert repr(poller) == "<ExtractionPoller /facts/a/, not started, 0 new>"
        async with aclosing(aiter(poller)) as found:
            async for record in found:
                assert record.content == "fact 1"
                break
        requests = len(transport.requests)
        await anyio.sleep(20)
        assert requests == len(transport.requests)

    await with_session(transport, use)


@virtual_time
async def test_waiters_share_the_polls() -> None:
    """Waiters on one poller get equal lists from the same polls."""
    transport = ScheduledService((20.0, wire_record(1)))

    async def use(session: AsyncMemorySession) -> None:
        poller = session.extraction_poller("/facts/{actorId}/")
        results: list[list[MemoryRecord]] = []

        async def wait() -> None:
            results.append(await poller)

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(wait)
        assert [contents(result) for result in results] == [["fact 1"]] * 5
        assert len(transport.requests) <= 12

    await with_session(transport, use)
