"""The extraction poller, in virtual time: what is new, until it is enough."""

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


class Learning(FakeTransport):
    """
    A service that lists the records whose time has come, ten a page.

    Attributes:
        due: At which time which record is written; a record may be removed from it.
        failing: From when to when every request fails, and with which error.
    """

    def __init__(self, *due: tuple[float, dict[str, Any]]) -> None:
        super().__init__()
        self.due = list(due)
        self.failing: tuple[float, float, Exception] | None = None
        self.listed_at: list[float] = []

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """List what is there now."""
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
    """Give what the records say."""
    return [record.content for record in records]


@virtual_time
async def test_what_is_new_since_entering_is_given() -> None:
    """The baseline is taken over all pages; old records are not new."""
    old = [(0.0, wire_record(n)) for n in range(25)]

    async def use(session: AsyncMemorySession) -> None:
        async with session.extraction_poller("/facts/{actorId}/") as poller:
            await anyio.sleep(10)
            assert contents(await poller) == ["fact 30"]

    await with_session(Learning(*old, (5.0, wire_record(30))), use)


@virtual_time
async def test_awaiting_again_gives_the_same_list() -> None:
    """Without a request; a caller that changes its list changes nobody's."""
    transport = Learning((3.0, wire_record(1)), (3.0, wire_record(2)), (9.0, wire_record(3)))

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
    """The first is given long before the last is written."""
    transport = Learning((3.0, wire_record(1)), (30.0, wire_record(2)))

    async def use(session: AsyncMemorySession) -> None:
        poller = session.extraction_poller("/facts/{actorId}/", min_records=2)
        came = [(record.content, anyio.current_time()) async for record in poller]
        assert [text for text, _ in came] == ["fact 1", "fact 2"]
        assert 3 <= came[0][1] <= 7.5
        assert 30 <= came[1][1] <= 36

    await with_session(transport, use)


@virtual_time
async def test_several_prefixes_are_merged() -> None:
    """One result over all, each record once; a prefix given twice is looked at once."""
    transport = Learning(
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
    """Records keep the wait open until nothing new came for so long."""
    transport = Learning(
        *[(float(at), wire_record(at)) for at in (3, 10, 17)], (60.0, wire_record(60))
    )

    async def use(session: AsyncMemorySession) -> None:
        found = await session.extraction_poller("/facts/{actorId}/", settle=timedelta(seconds=10))
        assert contents(found) == ["fact 3", "fact 10", "fact 17"]
        assert 27 <= anyio.current_time() <= 32

    await with_session(transport, use)


@virtual_time
async def test_failed_looks_are_no_silence() -> None:
    """While the service can't be asked, nobody knows that nothing came."""
    transport = Learning((3.0, wire_record(3)), (20.0, wire_record(20)))
    transport.failing = (5.0, 40.0, service_error("ListMemoryRecords", "ServiceException", "", 500))

    async def use(session: AsyncMemorySession) -> None:
        found = await session.extraction_poller("/facts/{actorId}/", settle=15)
        assert contents(found) == ["fact 3", "fact 20"]

    await with_session(transport, use, retry=RetryPolicy(max_attempts=1))


@virtual_time
async def test_timeout_has_what_had_come() -> None:
    """Too few in time: the error has them, and waiting again goes on from there."""
    transport = Learning((3.0, wire_record(1)), (200.0, wire_record(2)))

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
async def test_a_short_timeout_still_looks() -> None:
    """Less time than an interval is no reason not to look at all."""

    async def use(session: AsyncMemorySession) -> None:
        found = await session.extraction_poller("/facts/{actorId}/", timeout=1.0)
        assert contents(found) == ["fact 1"]

    await with_session(Learning((0.4, wire_record(1))), use)


@virtual_time
async def test_passing_errors_are_absorbed() -> None:
    """A throttled minute is waited out, also where it is the baseline that fails."""
    for fails_from in (0.0, 1.0):
        transport = Learning((100.0, wire_record(1)))
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
    """Waiting without ``async with``, the baseline is what the first look that succeeds shows."""
    transport = Learning((0.0, wire_record(1)), (100.0, wire_record(2)))
    transport.failing = (0.0, 60.0, ThrottledError("ListMemoryRecords", "X", "m", 429))

    async def use(session: AsyncMemorySession) -> None:
        assert contents(await session.extraction_poller("/facts/{actorId}/")) == ["fact 2"]

    await with_session(transport, use)


@virtual_time
async def test_timeout_tells_the_last_absorbed_error() -> None:
    """Where the service never answered, the error says so as its cause."""
    transport = Learning()
    transport.failing = (0.0, 1e9, ThrottledError("ListMemoryRecords", "X", "m", 429))

    async def use(session: AsyncMemorySession) -> None:
        with pytest.raises(ExtractionTimeoutError) as caught:
            await session.extraction_poller("/facts/{actorId}/", timeout=40)
        assert isinstance(caught.value.__cause__, ThrottledError)
        assert caught.value.polls == 0

    await with_session(transport, use)


@virtual_time
async def test_permanent_errors_are_raised_at_once() -> None:
    """A denied permission does not become better by waiting."""
    for prefixes in ("/facts/{actorId}/", ["/facts/{actorId}/", "/preferences/{actorId}/"]):
        transport = Learning()
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
    """No request is made afterwards, and the poller can be waited for again."""
    transport = Learning((50.0, wire_record(1)))

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
    """``break`` ends the asking."""
    transport = Learning((3.0, wire_record(1)), (6.0, wire_record(2)))

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
async def test_two_waiters_share_the_looks() -> None:
    """Both get the same list, at the price of one."""
    transport = Learning((20.0, wire_record(1)))

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
