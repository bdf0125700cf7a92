"""The manager's loop is blocked, ended or closed: each call says so, and none hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import MemorySessionManager
from agentcore_memory_async.errors import ClosedError
from agentcore_memory_async.integrations import _loops
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import VirtualTimeLoop
from tests.integrations.homes import MEMORY, PATIENCE_S, Gated, Home, at_home, blocked, unopened

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

WAYS = ("read", "write", "blocking")


@pytest.fixture
def home() -> Iterator[Home]:
    """Yield a manager in a loop and thread of its own."""
    with at_home() as each:
        yield each


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a blocking call wait a moment for its beginning; other callers have virtual time."""
    monkeypatch.setattr(_loops, "BEGIN_TIMEOUT_S", 0.02)
    monkeypatch.setattr(_loops, "CHECK_S", 0.01)


def call(loop: ManagerLoop, way: str, function: Callable[..., Awaitable[Any]]) -> Any:
    """Make a call in this thread, in virtual time if it is not a blocking one."""
    method: Callable[..., Any] = getattr(loop, way)
    if way == "blocking":
        return method(function)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(method(function))


async def count(calls: list[int]) -> None:
    """Note a call."""
    calls.append(len(calls))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("way", WAYS)
def test_a_blocked_loop(way: str, home: Home) -> None:
    """The error says what to do; what it says was not made is not made later."""
    made: list[int] = []
    with blocked(home), pytest.raises(RuntimeError, match="has not begun this call within 10 s"):
        call(home.calls, way, lambda: count(made))
    assert not home.left()
    assert not made


@pytest.mark.parametrize("way", ["read", "write"])
def test_a_blocked_loop_has_ten_seconds(way: str, home: Home) -> None:
    """As the message says, and the loop is looked at meanwhile."""

    async def timed() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(RuntimeError, match="within 10 s"):
            await getattr(home.calls, way)(asyncio.sleep, 0)
        return loop.time() - began

    with blocked(home), asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert pytest.approx(10.0) == runner.run(timed())


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("way", WAYS)
def test_a_long_call_that_has_begun(way: str, home: Home) -> None:
    """It is waited for, however long it takes."""
    gated = Gated(home)
    checks = 0

    def check(*_: object) -> None:
        nonlocal checks
        checks += 1
        if checks > 10 * _loops.BEGIN_TIMEOUT_S / _loops.CHECK_S:
            gated.go()

    async def observed() -> str:
        return await gated()

    with pytest.MonkeyPatch.context() as patch:
        original: Callable[..., None] = getattr(_loops._Call, "_check")  # noqa: B009 - any type

        def checked(self: Any, waited_s: float) -> None:
            gated.begun.wait(PATIENCE_S)
            check()
            original(self, waited_s)

        patch.setattr(_loops._Call, "_check", checked)
        if way == "blocking":
            assert "result" == home.calls.blocking(observed)
        else:
            assert "result" == asyncio.run(getattr(home.calls, way)(observed))
    assert "done" == gated.ended


@pytest.mark.parametrize("way", WAYS)
def test_a_manager_that_is_not_open(way: str) -> None:
    """The error is that of its own calls; a coroutine is not even made."""
    with pytest.raises(ClosedError, match="not open; use 'async with'"):
        call(ManagerLoop(unopened()), way, lambda: asyncio.sleep(0))


@pytest.mark.parametrize("way", WAYS)
def test_a_closed_manager(way: str, home: Home) -> None:
    """So is this one; the manager's loop has ended with it."""
    home.end()
    with pytest.raises(ClosedError, match=r"is closed; create a new one"):
        call(home.calls, way, lambda: asyncio.sleep(0))


@pytest.mark.parametrize("way", WAYS)
def test_a_closed_facade(way: str) -> None:
    """It does not open again."""
    manager = MemorySessionManager(MEMORY, transport=FakeTransport())
    loop = ManagerLoop(manager)
    loop.blocking(asyncio.sleep, 0)
    manager.close()
    with pytest.raises(ClosedError, match="is closed; create a new one"):
        call(loop, way, lambda: asyncio.sleep(0))


@pytest.mark.parametrize("way", WAYS)
def test_a_manager_that_is_closed_between(way: str, home: Home) -> None:
    """The call is made after the close, and raises what the manager does."""

    async def list_actors() -> object:
        await home.manager.aclose()
        return await home.manager.list_actors()

    with pytest.raises(ClosedError, match="is closed"):
        call_in_time(home, way, list_actors)


def call_in_time(home: Home, way: str, function: Callable[..., Awaitable[Any]]) -> Any:
    """Make a call in this thread."""
    if way == "blocking":
        return home.calls.blocking(function)
    return asyncio.run(getattr(home.calls, way)(function))


def in_thread(function: Callable[[], Any]) -> Callable[[], BaseException | None]:
    """Run *function* in a thread, and return what waits for it and returns its error."""
    raised: list[BaseException | None] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - it is looked at
            raised.append(error)
        else:
            raised.append(None)

    thread = threading.Thread(target=run)
    thread.start()

    def join() -> BaseException | None:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "it hangs"
        return raised[0]

    return join


@pytest.mark.parametrize("way", WAYS)
def test_the_loop_ends_with_a_call_in_it(way: str, home: Home) -> None:
    """The end of ``asyncio.run`` cancels it; the caller is not cancelled, and is told why."""
    gated = Gated(home)
    join = in_thread(lambda: call_in_time(home, way, gated))
    assert gated.begun.wait(PATIENCE_S)
    home.end()
    error = join()
    assert isinstance(error, ClosedError)
    assert "the event loop of the manager has ended" in str(error)


class Held:
    """A loop that a test runs by hand; its manager stays open."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.manager = unopened()
        self.calls = ManagerLoop(self.manager)
        self.loop.run_until_complete(self.manager.open())
        self._never = self.loop.create_future()
        self.begun = threading.Event()

    async def hang(self) -> None:
        """Begin, and wait for ever."""
        self.begun.set()
        self.loop.stop()
        await self._never

    def close(self) -> None:
        """Close the manager and the loop, with no warning of what was left in it."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        if not self.loop.is_closed():
            self.loop.run_until_complete(self.manager.aclose())
            self.loop.close()


@pytest.fixture
def held() -> Iterator[Held]:
    """Yield a manager in a loop that does not run."""
    each = Held()
    yield each
    each.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("way", WAYS)
def test_a_loop_that_does_not_run(way: str, held: Held) -> None:
    """As after ``run_until_complete``: it is told as ended, and the call is not made later."""
    made: list[int] = []
    with pytest.raises(ClosedError, match="the event loop of the manager has ended"):
        call(held.calls, way, lambda: count(made))
    held.loop.run_until_complete(asyncio.sleep(0))
    assert not made


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("way", WAYS)
def test_a_loop_that_stops_with_a_call_in_it(
    way: str, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody cancels it, and it would never end."""
    monkeypatch.setattr(_loops, "CLEANUP_TIMEOUT_S", 0.02)
    monkeypatch.setattr(_loops, "BEGIN_TIMEOUT_S", 0.5)

    def wait() -> None:
        if way == "blocking":
            held.calls.blocking(held.hang)
        else:
            asyncio.run(getattr(held.calls, way)(held.hang))

    join = in_thread(wait)
    held.loop.run_forever()
    assert held.begun.is_set()
    error = join()
    assert isinstance(error, ClosedError)
    assert "the event loop of the manager has ended" in str(error)


@pytest.mark.parametrize("way", WAYS)
def test_a_loop_that_is_closed_without_closing_the_manager(way: str, held: Held) -> None:
    """It takes no call any more."""
    held.loop.close()
    with pytest.raises(ClosedError, match="the event loop of the manager has ended"):
        call(held.calls, way, lambda: asyncio.sleep(0))


def test_no_other_error_is_taken_for_an_ended_loop(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected ``RuntimeError`` of the loop is raised unchanged."""

    def refuse(*_: object) -> None:
        message = "something else"
        raise RuntimeError(message)

    monkeypatch.setattr(held.loop, "call_soon_threadsafe", refuse)
    for way in WAYS:
        with pytest.raises(RuntimeError, match="something else"):
            call(held.calls, way, lambda: asyncio.sleep(0))


def interrupted(home: Home) -> tuple[Gated, Callable[[], Awaitable[str]]]:
    """Return a call that presses Ctrl-C when it has begun, and never ends by itself."""
    gated = Gated(home)

    async def press() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return await gated()

    return gated, press


POSIX = pytest.mark.skipif(os.name != "posix", reason="no other process can press Ctrl-C")


@POSIX
def test_an_interrupted_blocking_call(home: Home) -> None:
    """It is cancelled, and has ended when the interrupt goes on."""
    gated, press = interrupted(home)
    with pytest.raises(KeyboardInterrupt):
        home.calls.blocking(press)
    assert "cancelled" == gated.ended
    assert not home.left()


@POSIX
def test_an_interrupted_blocking_call_in_a_loop(home: Home) -> None:
    """The first Ctrl-C counts, although asyncio only cancels the task that waits."""
    gated, press = interrupted(home)

    async def main() -> None:
        home.calls.blocking(press)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert "cancelled" == gated.ended


@POSIX
def test_a_signal_handler_that_raises_a_timeout(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken for a time that is up in the wait."""
    gated, press = interrupted(home)
    waits = threading.Event()

    class Waited:
        """The lock of a wait, which says when that has begun."""

        def __init__(self) -> None:
            self._lock = threading.Lock()
            self.release = self._lock.release

        def acquire(self, timeout: float = -1) -> bool:
            if timeout >= 0:
                waits.set()
            return self._lock.acquire(timeout=timeout)

    async def press_later() -> str:
        # Before that asyncio may wake the loop, where it takes a TimeoutError for one of its own.
        await asyncio.to_thread(waits.wait)
        return await press()

    def raise_timeout(*_: object) -> None:
        message = "of the handler"
        raise TimeoutError(message)

    monkeypatch.setattr(_loops, "Lock", Waited)
    signal.signal(signal.SIGINT, raise_timeout)
    with pytest.raises(TimeoutError, match="of the handler"):
        home.calls.blocking(press_later)
    assert "cancelled" == gated.ended


@POSIX
def test_a_call_that_does_not_end_when_it_is_interrupted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its time, and the interrupt goes on without it."""
    monkeypatch.setattr(_loops, "CLEANUP_TIMEOUT_S", 0.01)
    gated, press = interrupted(home)
    tidying = Gated(home)

    async def never_ends() -> None:
        try:
            await press()
        finally:
            await tidying()

    with pytest.raises(KeyboardInterrupt):
        home.calls.blocking(never_ends)
    assert ("cancelled", "") == (gated.ended, tidying.ended)
    tidying.go()
    home.run(lambda: None)


FORK = """
import asyncio, os
from agentcore_memory_async import AsyncMemorySessionManager, MemorySessionManager
from agentcore_memory_async.errors import ForkedError
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.testing import FakeTransport

def attempts(loop):
    yield lambda: loop.blocking(asyncio.sleep, 0, "made")
    yield lambda: asyncio.run(loop.read(asyncio.sleep, 0, "made"))
    yield lambda: asyncio.run(loop.write(asyncio.sleep, 0, "made"))

def attempt(loop):
    for make in attempts(loop):
        try:
            print(make(), flush=True)
        except ForkedError:
            print("forked", flush=True)

held = asyncio.new_event_loop()
opened = AsyncMemorySessionManager("chat-a1B2c3D4e5", transport=FakeTransport())
held.run_until_complete(opened.open())
facade = MemorySessionManager("chat-a1B2c3D4e5", transport=FakeTransport())
unused = MemorySessionManager("chat-a1B2c3D4e5", transport=FakeTransport())
loops = [ManagerLoop(each) for each in (opened, facade, unused)]
facade.open()
pid = os.fork()
if not pid:
    for each in loops:
        attempt(each)
    os._exit(0)
os.waitpid(pid, 0)
attempt(loops[1])
facade.close()
held.run_until_complete(opened.aclose())
held.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_after_a_fork() -> None:
    """What the parent opened is not the child's; a facade opens in the child where it was not."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", dedent(FORK)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ("", 0) == (ran.stderr, ran.returncode)
    assert [*["forked"] * 6, *["made"] * 6] == ran.stdout.split()
