"""Who is cancelled while a call is under way: a read is cancelled too, a write has its outcome."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async.integrations._loops import ManagerLoop
from tests._virtual_time import virtual_time
from tests.integrations.homes import Gated, Home, at_home, blocked, unopened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

ENDS = (None, ValueError("of the call"))
"""How a call ends: well, or with an error that nobody awaits any more."""


@pytest.fixture
def home() -> Iterator[Home]:
    """Yield a manager in a loop and thread of its own; no task is left in it."""
    with at_home() as each:
        yield each
        assert not each.left()


@pytest.fixture(autouse=True)
async def nothing_is_reported() -> AsyncIterator[None]:
    """Fail if a loop reports an error that nobody has retrieved."""
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    yield
    assert not reported


async def cancelled_by_task(waiting: Coroutine[Any, Any, Any], until: Gated, times: int) -> None:
    """Cancel the caller so often, let the call end, and see that the caller is cancelled."""
    task = asyncio.create_task(waiting)  # noqa: TID251 - it needs no anyio
    await until.until_begun()
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    until.go()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize("error", ENDS)
async def test_a_write_by_task_cancel(error: Exception | None, times: int, home: Home) -> None:
    """However often it is cancelled."""
    call = Gated(home, error)
    await cancelled_by_task(home.calls.write(call), call, times)
    assert ("done" if error is None else "failed") == call.ended


async def test_a_write_by_a_scope_of_anyio(home: Home) -> None:
    """The scope is cancelled, and the caller leaves it with the outcome known."""
    call = Gated(home)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(home.calls.write, call)
        await call.until_begun()
        tasks.cancel_scope.cancel()
        call.go()
    assert "done" == call.ended


async def test_a_write_by_a_timeout_of_asyncio(home: Home) -> None:
    """It raises the TimeoutError of the timeout."""
    call = Gated(home)
    timeout = asyncio.timeout(None)

    async def expire() -> None:
        await call.until_begun()
        timeout.reschedule(0)
        await asyncio.sleep(0)
        call.go()

    async def limited() -> None:
        async with timeout:
            await home.calls.write(call)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(expire())
        with pytest.raises(TimeoutError):
            await limited()
    assert "done" == call.ended


@contextlib.asynccontextmanager
async def timeout_of_asyncio(seconds: float) -> AsyncIterator[None]:
    """Limit the block by asyncio."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            yield


@contextlib.asynccontextmanager
async def timeout_of_anyio(seconds: float) -> AsyncIterator[None]:
    """Limit the block by anyio, which cancels again and again."""
    with anyio.move_on_after(seconds):
        yield


@pytest.mark.parametrize("limited", [timeout_of_asyncio, timeout_of_anyio])
@pytest.mark.parametrize(("way", "took_s", "ended"), [("write", 60, True), ("read", 1, False)])
def test_in_the_own_loop(limited: Any, way: str, took_s: float, *, ended: bool) -> None:
    """A write ends first, and the loop has nothing to do meanwhile: virtual time goes on."""
    did: list[str] = []

    async def work() -> None:
        await asyncio.sleep(60)
        did.append("all")

    @virtual_time
    async def run() -> None:
        async with unopened() as manager:
            began = asyncio.get_running_loop().time()
            async with limited(1):
                await getattr(ManagerLoop(manager), way)(work)
            assert took_s == asyncio.get_running_loop().time() - began

    run()
    assert ended == bool(did)


@virtual_time
async def test_a_hanging_write_in_the_own_loop_wakes_nobody() -> None:
    """Nothing is done again and again while it waits."""
    async with unopened() as manager:
        task = asyncio.create_task(ManagerLoop(manager).write(anyio.sleep, 3600))  # noqa: TID251
        await asyncio.sleep(0)
        handles = 0
        run = asyncio.Handle._run

        def counted(handle: asyncio.Handle) -> None:
            nonlocal handles
            handles += 1
            run(handle)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asyncio.Handle, "_run", counted)
            await task
        assert handles < 10


@pytest.mark.parametrize("times", [1, 5])
async def test_a_read_is_cancelled_there(times: int, home: Home) -> None:
    """The caller goes on when the call has ended."""
    call = Gated(home)
    task = asyncio.create_task(home.calls.read(call))  # noqa: TID251 - it needs no anyio
    await call.until_begun()
    for _ in range(times):
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "cancelled" == call.ended


async def test_a_cancelled_read_waits_for_its_end(home: Home) -> None:
    """What it does when it is cancelled belongs to it, and is not cancelled again."""
    tidying = Gated(home)
    call = Gated(home)

    async def read() -> None:
        try:
            await call()
        finally:
            await tidying()

    task = asyncio.create_task(home.calls.read(read))  # noqa: TID251 - it needs no anyio
    await call.until_begun()
    task.cancel()
    await tidying.until_begun()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    tidying.go()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ("cancelled", "done") == (call.ended, tidying.ended)


@pytest.mark.parametrize("way", ["read", "write"])
@pytest.mark.parametrize("limited", [timeout_of_asyncio, timeout_of_anyio])
async def test_before_it_has_begun(limited: Any, way: str, home: Home) -> None:
    """It never begins."""
    call = Gated(home)
    with blocked(home):
        async with limited(0):
            await getattr(home.calls, way)(call)
    home.run(lambda: None)
    assert not call.begun.is_set()


@pytest.mark.parametrize("way", ["read", "write"])
async def test_the_outcome_comes_with_the_cancellation(way: str, home: Home) -> None:
    """A call that has ended when the caller is cancelled is not cancelled."""
    call = Gated(home)
    task = asyncio.create_task(getattr(home.calls, way)(call))  # noqa: TID251 - no anyio
    await call.until_begun()
    call.go()
    home.run(lambda: None)  # it has ended, and this loop has not seen it
    home.run(lambda: None)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "done" == call.ended


async def test_all_tasks_of_the_caller_are_cancelled(home: Home) -> None:
    """The end of ``asyncio.run`` waits for its writes."""
    call = Gated(home)

    def in_thread(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run(main())

    async def main() -> None:
        left = asyncio.create_task(home.calls.write(call))  # noqa: TID251 - left to the end
        await call.until_begun()
        asyncio.get_running_loop().call_soon(call.go)
        assert not left.done()

    await asyncio.to_thread(in_thread, main)
    assert "done" == call.ended
