"""Concurrent extraction pollers: shared polls, background waits, cancellation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    ClosedError,
    Event,
    ExtractionTimeoutError,
    MemoryRecord,
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

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator


@virtual_time
async def test_a_thousand_waiters_share_polls() -> None:
    """
    A thousand waiters make at most 20 requests in a minute, and all get the record soon after it is
    visible.
    """
    service = ExtractionService()
    service.extract("/facts/a/", 60.0, text="new")
    came: list[float] = []
    async with manager_on(service) as manager:

        async def wait(number: int) -> None:
            session = await session_of(manager, "a", f"s{number}")
            async with session.extraction_poller(FACTS) as poller:
                assert texts(await poller) == ["new"]
            came.append(anyio.current_time())

        async with anyio.create_task_group() as tasks:
            for number in range(1000):
                tasks.start_soon(wait, number)
        assert len(came) == 1000
        assert max(came) <= 60 + 0.45 * 60 + 1
        assert len(service.requests) <= 20
        assert len(manager._core.polls) == 0


@virtual_time
async def test_waiters_that_come_one_by_one_share_polls() -> None:
    """Waiters that start one after the other for a minute make at most 20 requests."""
    service = ExtractionService()
    service.extract("/facts/a/", 60.0, text="new")
    came = 0
    async with manager_on(service) as manager:
        event = await (await session_of(manager)).add_turns([said("x")])

        async def wait(delay_s: float) -> None:
            nonlocal came
            await anyio.sleep(delay_s)
            poller = (await session_of(manager)).extraction_poller(FACTS, since=event)
            assert texts(await poller) == ["new"]
            came += 1

        async with anyio.create_task_group() as tasks:
            for number in range(1000):
                tasks.start_soon(wait, number * 0.05)
        assert came == 1000
        assert len(service.requests) <= 20


@pytest.mark.parametrize("survivor", [0, 500, 999])
@virtual_time
async def test_cancelling_all_but_one_leaves_one_served(survivor: int) -> None:
    """
    One waiter is served whichever others are cancelled, also in the middle of a poll that one of
    them runs.
    """
    service = ExtractionService()
    service.extract("/facts/a/", 60.0, text="new")
    scopes = [anyio.CancelScope() for _ in range(1000)]
    served: list[int] = []
    async with manager_on(service) as manager:
        session = await session_of(manager)

        async def wait(number: int) -> None:
            with scopes[number]:
                poller = session.extraction_poller(FACTS)
                assert texts(await poller) == ["new"]
                served.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(1000):
                tasks.start_soon(wait, number)
            while not any(at > 20 for at, _, _ in service.requests):
                await anyio.sleep(0.01)
            for number, scope in enumerate(scopes):
                if number != survivor:
                    scope.cancel()
        assert served == [survivor]
        assert len(service.requests) <= 20


@virtual_time
async def test_a_waiter_that_times_out_removes_only_itself() -> None:
    """
    A waiter that times out does not affect the others; a poll that it runs is continued or
    repeated.
    """
    service = ExtractionService(takes_s=(2.0, 2.0))
    service.extract("/facts/a/", 50.0, text="new")
    timed_out = 0
    async with manager_on(service) as manager:
        session = await session_of(manager)

        async def hurry(timeout: float) -> None:
            nonlocal timed_out
            with pytest.raises(ExtractionTimeoutError):
                await session.extraction_poller(FACTS, timeout=timeout)
            timed_out += 1

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(hurry, 5.0 + 0.7 * number)
            assert texts(await session.extraction_poller(FACTS)) == ["new"]
        assert timed_out == 50


@virtual_time
async def test_permanent_error_is_given_to_all() -> None:
    """Every waiter gets a copy of a permanent error."""
    service = ExtractionService(denies=("ListMemoryRecords",))
    errors: list[AccessDeniedError] = []
    async with manager_on(service) as manager:
        session = await session_of(manager)

        async def wait() -> None:
            with pytest.raises(AccessDeniedError) as caught:
                await session.extraction_poller([FACTS, "/other/"])
            errors.append(caught.value)

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(wait)
        assert len({id(error) for error in errors}) == 5
        assert len(manager._core.polls) == 0


@virtual_time
async def test_all_polls_keep_the_rate_limit() -> None:
    """A hundred waiters on separate namespaces make ten requests a second in total."""
    service = ExtractionService()
    async with manager_on(service) as manager:

        async def wait(number: int) -> None:
            session = await session_of(manager, f"a{number}", "s")
            with pytest.raises(ExtractionTimeoutError):
                await session.extraction_poller(FACTS, timeout=60)

        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(wait, number)
        times = [at for at, _, _ in service.requests]
        assert max(sum(at <= other < at + 1 for other in times) for at in times) <= 20
        assert max(sum(at <= other < at + 10 for other in times) for at in times) <= 111


@virtual_time
async def test_closing_the_manager_ends_all_waits() -> None:
    """Closing the manager ends every wait at once with ``ClosedError``."""
    service = ExtractionService()
    manager = manager_on(service)
    await manager.open()
    session = await session_of(manager)

    async def wait() -> None:
        with pytest.raises(ClosedError):
            await session.extraction_poller(FACTS)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.sleep(5)
        await manager.aclose()
    assert anyio.current_time() < 6
    assert len(manager._core.polls) == 0


@virtual_time
async def test_background_waits_go_on_after_the_request() -> None:
    """Background waits call back with the records or with the error after the request ended."""
    service = ExtractionService()
    extract_from_events(service, ("/facts/a/", 30.0, 0.0))
    got: list[Any] = []

    async def then(records: list[MemoryRecord]) -> None:
        got.append(texts(records))

    async def on_error(error: Exception) -> None:
        got.append(type(error))

    async with manager_on(service) as manager, manager.background() as waits:

        async def handle(text: str) -> Event:
            session = await session_of(manager)
            event = await session.add_turns([said(text)])
            waits.wait(session.extraction_poller(FACTS, since=event), then, on_error=on_error)
            silent = session.extraction_poller("/none/", since=event, timeout=20)
            waits.wait(silent, then, on_error=on_error)
            return event

        await handle("x")
        assert (len(waits), repr(waits)) == (2, "<BackgroundWork running, 2 waiting>")
        assert anyio.current_time() < 1
        await anyio.sleep(60)
        assert got == [ExtractionTimeoutError, ["x"]]
        assert len(waits) == 0
    with pytest.raises(ClosedError):
        waits.wait((await waiting_session(manager)).extraction_poller(FACTS))


async def waiting_session(manager: AsyncMemorySessionManager) -> AsyncMemorySession:
    """Return a session of a manager that may be closed."""
    return AsyncMemorySession(manager, *SESSION)


@pytest.mark.parametrize("how", ["block", "manager", "cancelled"])
@virtual_time
async def test_background_waits_end_with_the_block_and_the_manager(how: str) -> None:
    """Background waits and running callbacks end with their block or manager."""
    service = ExtractionService()
    service.extract("/facts/a/", 5.0)
    entered = anyio.Event()

    async def then(records: list[MemoryRecord]) -> None:
        entered.set()
        await anyio.sleep_forever()

    manager = manager_on(service)
    await manager.open()
    session = await session_of(manager)
    with anyio.CancelScope() as scope:
        async with manager.background() as waits:
            waits.wait(session.extraction_poller(FACTS), then)
            waits.wait(session.extraction_poller("/none/"), then)
            await entered.wait()
            if how == "manager":
                await manager.aclose()
                assert len(waits) == 0
            elif how == "cancelled":
                scope.cancel()
    await manager.aclose()
    assert (len(waits), len(manager._core.polls), service.under_way) == (0, 0, 0)
    assert anyio.current_time() < 12
    assert {asyncio.current_task()} == asyncio.all_tasks()


@virtual_time
async def test_failing_callback_ends_only_itself() -> None:
    """An error of a callback goes to the loop's exception handler, and other waits continue."""
    service = ExtractionService()
    service.extract("/facts/a/", 5.0)
    seen: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))

    async def fail(_: list[MemoryRecord]) -> None:
        raise ValueError

    async with manager_on(service) as manager, manager.background() as waits:
        session = await session_of(manager)
        waits.wait(session.extraction_poller(FACTS), fail)
        waits.wait(session.extraction_poller("/none/", timeout=10))
        await anyio.sleep(30)
        assert [type(context["exception"]) for context in seen] == [ValueError]


class CancelAtAwait:
    """Await a coroutine, and cancel *scope* when it is suspended for the *at*-th time."""

    def __init__(self, inner: Coroutine[Any, Any, None], at: int, scope: anyio.CancelScope) -> None:
        self.inner, self.at, self.scope = inner, at, scope
        self.suspended = 0

    def __await__(self) -> Generator[Any, Any, None]:
        """Drive the inner coroutine."""
        error: BaseException | None = None
        while True:
            try:
                future = self.inner.throw(error) if error else self.inner.send(None)
            except StopIteration:
                return
            self.suspended += 1
            if self.suspended == self.at:
                self.scope.cancel()
            try:
                error = None
                yield future
            except BaseException as thrown:  # noqa: BLE001 - passed on
                error = thrown


async def whole_wait(session: AsyncMemorySession) -> None:
    """Wait with a baseline, then since an event, over two namespaces."""
    async with session.extraction_poller([FACTS, "/preferences/{actorId}/"]) as poller:
        event = await session.add_turns([said("x")])
        async for _ in poller:
            pass
    await session.wait_for_extraction(FACTS, since=event, min_records=2)


async def cancel_wait(at: int = 0, request: int = 0) -> bool:
    """
    Cancel a wait at its *at*-th await or *request*-th request, and return whether
    it ended before.
    """
    service = ExtractionService(throttles=0.1)
    extract_from_events(service, ("/facts/a/", 8.0, 0.0), ("/facts/a/", 30.0, 0.0))
    finished = False
    served: list[list[str]] = []
    async with manager_on(service) as manager:
        session = await session_of(manager)

        async def other() -> None:
            poller = session.extraction_poller(FACTS, min_records=2, timeout=400)
            served.append(texts(await poller))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(other)
            with anyio.CancelScope() as scope:
                service.cut = request, scope
                await CancelAtAwait(whole_wait(session), at, scope)
                finished = True
            service.cut = 0, scope
            if not service.events:
                await session.add_turns([said("x")])
        assert len(served[0]) >= 2
        assert (len(manager._core.polls), service.under_way) == (0, 0)
        assert {asyncio.current_task()} == asyncio.all_tasks()
        sent = len(service.requests)
        await anyio.sleep(500)
        assert sent == len(service.requests)
    return finished


@virtual_time
async def test_cancelled_at_every_await_nothing_is_left() -> None:
    """
    A wait that is cancelled at any await leaves no task, subscriber or request, and another waiter
    is served.
    """
    at = request = 1
    while not await cancel_wait(at=at):
        at += 1
    while not await cancel_wait(request=request):
        request += 1
    assert at > 12
    assert request > 8
