"""
Calls of a manager from any event loop and thread.

A framework keeps one object for all of its runs, and calls it from wherever it happens to be: from
the loop of a web server, from ``asyncio.run`` in a new thread for each sync call, from a pool of
threads. A manager belongs to one loop. So every call is handed to that loop, and nothing that
belongs to a loop is kept anywhere else.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from anyio import CancelScope

from agentcore_memory_async.errors import ClosedError, InvalidInputError
from agentcore_memory_async.manager import AsyncMemorySessionManager
from agentcore_memory_async.sync import MemorySessionManager

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BEGIN_TIMEOUT_S = 10.0
"""How long the manager's loop may take to begin a call; a loop that is blocked never does."""
CHECK_S = 0.25
"""How long a wait may miss that the manager's loop has ended, or a Ctrl-C."""
CLEANUP_TIMEOUT_S = 5.0
"""How long an interrupted blocking call waits for its end."""
ENDED = (
    "the event loop of the manager has ended, and with it this call; keep the manager open as long "
    "as it is used, or give a MemorySessionManager, which opens by itself and has a loop of its own"
)
"""What is wrong where the manager's loop has ended."""
BLOCKED = (
    f"the event loop of the manager has not begun this call within {BEGIN_TIMEOUT_S:.0f} s, so it "
    "was not made: a blocking call in that loop, such as the sync API of the framework, keeps it "
    "from running; await the framework's async API there, or give a MemorySessionManager, which "
    "has a loop of its own"
)
"""What is wrong where the manager's loop does not run."""

P = ParamSpec("P")
T = TypeVar("T")


class ManagerLoop:
    """
    The loop of a manager, to which calls are handed from any loop and thread.

    Args:
        manager: An `AsyncMemorySessionManager` that is open while it is used, or a
            `MemorySessionManager`, which opens at the first call.

    Attributes:
        manager: The async manager; what is made of it is awaited by the methods here.

    Raises:
        InvalidInputError: *manager* is neither.
    """

    def __init__(self, manager: AsyncMemorySessionManager | MemorySessionManager) -> None:
        given: object = manager  # callers without a type checker may not know
        self._blocking = given if isinstance(given, MemorySessionManager) else None
        inner = given if self._blocking is None else self._blocking.async_manager
        if not isinstance(inner, AsyncMemorySessionManager):
            message = (
                f"manager is {type(manager).__name__}; give an AsyncMemorySessionManager, or a "
                "MemorySessionManager"
            )
            raise InvalidInputError(message)
        self.manager: AsyncMemorySessionManager = inner

    async def read(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Make a call in the manager's loop; who is cancelled cancels it."""
        return await call_in(await self._open(), function, *args, **kwargs)

    async def write(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Make a call in the manager's loop; who is cancelled waits for its outcome first."""
        loop = await self._open()
        if loop is asyncio.get_running_loop():
            return await to_the_end(function, *args, **kwargs)
        call = _Call(loop, partial(function, *args, **kwargs))
        call.hand_over()
        return await call.outcome(is_cancellable=False)

    def blocking(self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """
        Wait for a call in the manager's loop, from a thread that does not run that loop.

        Raises:
            RuntimeError: This thread runs the loop, so the call would wait for itself; or something
                else blocks the loop.
        """
        try:
            loop = self.manager.loop
        except ClosedError:
            if self._blocking is None:
                raise
            self._blocking.open()
            loop = self.manager.loop
        if loop is _running_loop():
            message = (
                "this blocking call was made in the event loop of its manager, and would wait for "
                "itself forever; await the async method instead, or give a MemorySessionManager"
            )
            raise RuntimeError(message)
        return _Call(loop, partial(function, *args, **kwargs)).wait()

    async def _open(self) -> asyncio.AbstractEventLoop:
        """Return the manager's loop; a facade opens."""
        try:
            return self.manager.loop
        except ClosedError:
            if self._blocking is None:
                raise
        # Not by anyio, whose threads end with a callback that a patched loop may never make.
        await asyncio.to_thread(self._blocking.open)
        return self.manager.loop


async def call_in(
    loop: asyncio.AbstractEventLoop,
    function: Callable[P, Awaitable[T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Make a call in a manager's loop; who is cancelled cancels it."""
    if loop is asyncio.get_running_loop():
        return await function(*args, **kwargs)
    call = _Call(loop, partial(function, *args, **kwargs))
    call.hand_over()
    return await call.outcome(is_cancellable=True)


async def to_the_end(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make a call in the running loop; who is cancelled waits for its outcome first."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(_named(function(*args, **kwargs)))
    done: asyncio.Future[None] = loop.create_future()
    task.add_done_callback(partial(_release, done))
    try:
        await done  # a shield is many objects more, for the collector to visit
        return task.result()
    except asyncio.CancelledError:
        # The shield of a scope does not hold off Task.cancel().
        with CancelScope(shield=True):
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it counts as seen
        raise


async def _named(call: Awaitable[T]) -> T:
    _name_asyncio()
    return await call


def _release(waiter: asyncio.Future[None], _: object) -> None:
    if not waiter.done():
        waiter.set_result(None)


class _Call(Generic[T]):
    """A call on its way to the manager's loop, and its outcome on its way back."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, function: Callable[[], Awaitable[T]]
    ) -> None:
        self._loop = loop
        self._function = function
        self._context = copy_context()
        self._future: Future[T] = Future()
        self._task: asyncio.Task[None] | None = None
        self._is_cancelled = False

    def hand_over(self) -> None:
        """Let it begin in the manager's loop."""
        if not self._post(self.begin):
            raise ClosedError(ENDED)

    def _post(self, function: Callable[[], None]) -> bool:
        """Run *function* in the loop soon, from any thread; return whether the loop takes it."""
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            if not self._loop.is_closed():
                raise
            return False
        return True

    def begin(self) -> None:
        """Begin, in a task of its own with the caller's context variables; in the loop."""
        if self._future.set_running_or_notify_cancel():
            self._task = self._loop.create_task(self._run(), context=self._context)

    async def _run(self) -> None:
        _name_asyncio()
        try:
            result = await self._function()
        except asyncio.CancelledError:
            self._cancelled()
            if not self._is_cancelled:
                raise
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            self._future.set_exception(error)
        else:
            self._future.set_result(result)

    def _cancelled(self) -> None:
        """End with an error: the function was cancelled in itself, or all tasks of the loop are."""
        task = asyncio.current_task()
        is_ours = task is None or not task.cancelling()
        self._future.set_exception(FutureCancelledError() if is_ours else ClosedError(ENDED))

    def _cancel(self) -> None:
        if self._task is not None and not self._task.done():
            self._is_cancelled = True
            self._task.cancel()

    def _check(self, waited_s: float) -> None:
        """Raise if it has not begun in time, or can't end any more."""
        is_late = waited_s >= BEGIN_TIMEOUT_S
        has_ended = self._loop.is_closed() or (is_late and not self._loop.is_running())
        if has_ended and not self._future.done():
            self._future.cancel()
            raise ClosedError(ENDED)
        if is_late and self._future.cancel():
            raise RuntimeError(BLOCKED)

    async def outcome(self, *, is_cancellable: bool) -> T:
        """Return the outcome, in the caller's loop; a cancelled caller awaits it, too."""
        done = asyncio.wrap_future(self._future)
        try:
            await self._wait_for(done)
            if isinstance(self._future.exception(), FutureCancelledError):
                raise asyncio.CancelledError
            return self._future.result()  # not that of *done*, which makes a new TimeoutError
        except asyncio.CancelledError:
            if not self._future.cancel() and is_cancellable:
                self._post(self._cancel)
            _name_asyncio()
            # The shield does not hold off Task.cancel().
            with CancelScope(shield=True), suppress(ClosedError):
                while not done.done():
                    with suppress(asyncio.CancelledError):
                        await self._wait_for(done)
            raise
        finally:
            if not done.cancel() and not done.cancelled():
                done.exception()  # it counts as seen

    async def _wait_for(self, done: asyncio.Future[T]) -> None:
        waited_s = 0.0
        check_s = None if asyncio.get_running_loop() is self._loop else CHECK_S
        while not (await asyncio.wait({done}, timeout=check_s))[0]:
            waited_s += CHECK_S
            self._check(waited_s)

    def wait(self) -> T:
        """Wait for the outcome in the calling thread; an interrupt cancels the call."""
        cancellations = _cancellations()
        # A plain lock: an exception of a signal handler leaves that of a future locked where it
        # interrupts the code that takes it, and the loop would wait for that forever.
        ended = Lock()
        ended.acquire()
        self._future.add_done_callback(lambda _: ended.release())
        try:
            self.hand_over()
            waited_s = 0.0
            while not ended.acquire(timeout=CHECK_S):
                waited_s += CHECK_S
                self._check(waited_s)
                # Inside asyncio.run the first Ctrl-C only cancels the main task, which this wait
                # keeps from running.
                if _cancellations() > cancellations:
                    raise asyncio.CancelledError
        except BaseException:
            if not self._future.cancel() and self._post(self._cancel):
                ended.acquire(timeout=CLEANUP_TIMEOUT_S)
            raise
        return self._future.result()


def _name_asyncio() -> None:
    """Let anyio see asyncio here; it asks sniffio, and the caller's context may name another."""
    sniffio: Any = sys.modules.get("sniffio")
    if sniffio is not None and sniffio.current_async_library_cvar.get() is not None:
        sniffio.current_async_library_cvar.set(None)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    return asyncio._get_running_loop()  # noqa: SLF001 - raises nothing


def _cancellations() -> int:
    """Return how often the tasks of the loop that runs here were cancelled."""
    loop = _running_loop()
    return 0 if loop is None else sum(task.cancelling() for task in asyncio.all_tasks(loop))
