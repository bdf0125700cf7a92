"""Calls are made in the manager's own loop, from whatever loop and thread they come."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import sniffio

from agentcore_memory_async import AsyncMemorySession, MemorySessionManager
from agentcore_memory_async.errors import ClosedError, InvalidInputError, ThrottledError
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.testing import FakeTransport
from tests.integrations.homes import MEMORY, Home, at_home, unopened

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

WAYS = ("read", "write")
VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


@pytest.fixture
def home() -> Iterator[Home]:
    """Yield a manager in a loop and thread of its own."""
    with at_home() as each:
        yield each


@pytest.fixture
def facade() -> Iterator[MemorySessionManager]:
    """Yield a facade that has not been opened."""
    manager = MemorySessionManager(MEMORY, transport=FakeTransport())
    yield manager
    manager.close()


async def where() -> tuple[asyncio.AbstractEventLoop, str]:
    """Return the loop that runs this, and the context variable."""
    return asyncio.get_running_loop(), VARIABLE.get()


async def fail(error: BaseException) -> None:
    """Raise *error*."""
    raise error


def caller(loop: ManagerLoop, way: str) -> Callable[..., Awaitable[Any]]:
    """Return the method *way* of *loop*."""
    method: Callable[..., Awaitable[Any]] = getattr(loop, way)
    return method


def in_new_loop(loop: ManagerLoop, way: str, function: Callable[..., Any], *args: object) -> Any:
    """Make a call in a new event loop of this thread."""

    async def call() -> Any:
        return await caller(loop, way)(function, *args)

    return asyncio.run(call())


@pytest.mark.parametrize("way", WAYS)
async def test_from_the_own_loop(way: str) -> None:
    """A call runs there, with the arguments and the variables of the caller."""
    async with unopened() as manager:
        assert manager.loop is asyncio.get_running_loop()
        VARIABLE.set("mine")
        assert (manager.loop, "mine") == await caller(ManagerLoop(manager), way)(where)
        assert "sum of 5" == await caller(ManagerLoop(manager), way)(add, 2, other=3)


async def add(first: int, *, other: int) -> str:
    """Return the sum, as a text."""
    return f"sum of {first + other}"


@pytest.mark.parametrize("way", WAYS)
async def test_from_another_loop(way: str, home: Home) -> None:
    """It runs in the manager's loop all the same."""
    VARIABLE.set("mine")
    assert (home.loop, "mine") == await caller(home.calls, way)(where)
    assert "sum of 5" == await caller(home.calls, way)(add, 2, other=3)
    assert home.loop is not asyncio.get_running_loop()


def test_from_a_thread(home: Home) -> None:
    """The sync face waits for it."""
    VARIABLE.set("mine")
    assert (home.loop, "mine") == home.calls.blocking(where)
    assert "sum of 5" == home.calls.blocking(add, 2, other=3)


@pytest.mark.parametrize("way", [*WAYS, "blocking"])
def test_from_three_loops_one_after_the_other(way: str, home: Home) -> None:
    """``asyncio.run`` in a new thread for each, as frameworks do: no thread or task is left."""
    threads = threading.active_count()
    for _ in range(3):
        with ThreadPoolExecutor(1) as pool:
            if way == "blocking":
                found = pool.submit(home.calls.blocking, where).result()
            else:
                found = pool.submit(in_new_loop, home.calls, way, where).result()
        assert home.loop is found[0]
    assert not home.left()
    assert threads == threading.active_count()


@pytest.mark.parametrize("way", WAYS)
def test_a_facade_opens_at_the_first_call(way: str, facade: MemorySessionManager) -> None:
    """From a loop that it does not block, and once for all loops."""
    loop = ManagerLoop(facade)
    assert loop.manager is facade.async_manager
    with pytest.raises(ClosedError, match="not open"):
        facade.loop  # noqa: B018 - it raises
    found = {in_new_loop(loop, way, where)[0] for _ in range(3)}
    assert {facade.loop} == found == {loop.manager.loop}


def test_a_facade_opens_for_a_blocking_call(facade: MemorySessionManager) -> None:
    """Its calls go to the same loop."""
    loop = ManagerLoop(facade)
    assert facade.open().loop is loop.blocking(where)[0]
    other = MemorySessionManager(MEMORY, transport=FakeTransport())
    assert facade.loop is ManagerLoop(other).blocking(where)[0]
    other.close()


def test_many_threads_open_a_facade_together(facade: MemorySessionManager) -> None:
    """It opens once."""
    loop = ManagerLoop(facade)
    with ThreadPoolExecutor(8) as pool:
        ways = [*WAYS * 4]
        found = {*pool.map(lambda way: in_new_loop(loop, way, where)[0], ways)}
    assert {facade.loop} == found


async def test_a_session_of_the_async_manager_is_used_in_its_loop(
    facade: MemorySessionManager,
) -> None:
    """That is how integrations make theirs: it sends nothing."""
    loop = ManagerLoop(facade)
    session = AsyncMemorySession(loop.manager, "anna", "chat001")
    assert [] == await loop.read(session.list_events)
    events = await loop.read(partial(session.list_events, max_results=3))
    assert [] == events


@pytest.mark.parametrize(
    "error",
    [
        ThrottledError("CreateEvent", "ThrottledException", "slowly", 429),
        TimeoutError("mine"),
        KeyError("mine"),
        KeyboardInterrupt("mine"),
        StopAsyncIteration("mine"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_cross_as_they_are(error: BaseException, home: Home) -> None:
    """The very object is raised."""
    for raising in (
        lambda: home.calls.blocking(fail, error),
        lambda: in_new_loop(home.calls, "read", fail, error),
        lambda: in_new_loop(home.calls, "write", fail, error),
    ):
        with pytest.raises(type(error)) as raised:
            raising()
        assert error is raised.value
    assert not home.left()


def test_a_call_that_cancels_itself(home: Home) -> None:
    """Nobody was cancelled, and the loop goes on: callers see what they would see there."""
    for way in WAYS:
        with pytest.raises(asyncio.CancelledError):
            in_new_loop(home.calls, way, fail, asyncio.CancelledError())
    with pytest.raises(Exception, match=r"^$") as raised:
        home.calls.blocking(fail, asyncio.CancelledError())
    assert "CancelledError" == type(raised.value).__name__


@pytest.mark.parametrize("given", [None, "chat-a1B2c3D4e5", MemorySessionManager, object()])
def test_what_is_no_manager(given: Any) -> None:
    """The error names its type, and what to give."""
    with pytest.raises(
        InvalidInputError, match=f"manager is {type(given).__name__}; give an Async"
    ):
        ManagerLoop(given)


async def test_a_blocking_call_in_the_own_loop() -> None:
    """It would wait for itself; the error says what to do, and nothing is left behind."""
    async with unopened() as manager:
        with pytest.raises(RuntimeError, match="await the async method instead, or give a Memory"):
            ManagerLoop(manager).blocking(where)


async def test_a_blocking_call_in_the_own_loop_of_a_facade(facade: MemorySessionManager) -> None:
    """The same, where something is called back there."""
    loop = ManagerLoop(facade)

    async def call() -> Any:
        return loop.blocking(where)

    with pytest.raises(RuntimeError, match="await the async method instead"):
        await loop.read(call)


async def test_a_blocking_call_in_another_loop(home: Home) -> None:
    """It works, and blocks that loop."""
    assert home.loop is home.calls.blocking(where)[0]


@pytest.mark.parametrize("library", [None, "asyncio", "trio", "curio"])
def test_whatever_library_the_context_names(library: str | None, home: Home) -> None:
    """Anyio works in the call, and in a caller that is cancelled; the context is as it was."""

    async def limited() -> str:
        with anyio.move_on_after(0):
            await anyio.sleep_forever()
        return await anyio.to_thread.run_sync(lambda: "done")

    async def timed_out() -> None:
        for call in (home.calls.read, home.calls.write):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await call(limited)

    def calls() -> None:
        assert "done" == home.calls.blocking(limited)
        assert ["done"] * 2 == [in_new_loop(home.calls, way, limited) for way in WAYS]
        asyncio.run(timed_out())

    context = contextvars.copy_context()
    context.run(sniffio.current_async_library_cvar.set, library)
    context.run(calls)
    assert library == context[sniffio.current_async_library_cvar]


def test_without_an_event_loop_of_asyncio(home: Home, facade: MemorySessionManager) -> None:
    """As under trio: there is nothing to wait in, and nothing is called or opened."""
    for loop in (home.calls, ManagerLoop(facade)):
        for way in WAYS:
            waiting = caller(loop, way)(where).__await__()
            with pytest.raises(RuntimeError, match="no running event loop"):
                next(waiting)
    with pytest.raises(ClosedError, match="not open"):
        facade.loop  # noqa: B018 - it raises
