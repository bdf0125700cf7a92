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
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar

from anyio import CancelScope, to_thread

from agentcore_memory_async.errors import ClosedError, InvalidInputError
from agentcore_memory_async.manager import AsyncMemorySessionManager
from agentcore_memory_async.sync import MemorySessionManager

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BEGIN_TIMEOUT_S = 10.0
"""How long the manager's loop may take to begin a call; a loop that is blocked never does."""
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
        loop = await self._open()
        if loop is asyncio.get_running_loop():
            return await function(*args, **kwargs)
        call = _Call(loop, partial(function, *args, **kwargs))
        call.hand_over()
        return await call.outcome(is_cancellable=True)

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
        if loop is asyncio._get_running_loop():  # noqa: SLF001 - raises nothing
            message = (
                "this blocking call was made in the event loop of its manager, and would wait for "
                "itself forever; await the async method instead, or give a MemorySessionManager"
            )
            raise RuntimeError(message)
        call = _Call(loop, partial(function, *args, **kwargs))
        call.hand_over()
        return call.wait()

    async def _open(self) -> asyncio.AbstractEventLoop:
        """Return the manager's loop; a facade opens."""
        try:
            return self.manager.loop
        except ClosedError:
            if self._blocking is None:
                raise
        await to_thread.run_sync(self._blocking.open)
        return self.manager.loop


async def to_the_end(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make a call in the running loop; who is cancelled waits for its outcome first."""
    call = _Call(asyncio.get_running_loop(), partial(function, *args, **kwargs))
    call.begin()
    return await call.outcome(is_cancellable=False)


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
        try:
            self._loop.call_soon_threadsafe(self.begin)
        except RuntimeError:
            if not self._loop.is_closed():
                raise
            raise ClosedError(ENDED) from None

    def begin(self) -> None:
        """Begin, in a task of its own with the caller's context variables; in the loop."""
        if self._future.set_running_or_notify_cancel():
            self._task = self._loop.create_task(self._run(), context=self._context)

    async def _run(self) -> None:
        sniffio: Any = sys.modules.get("sniffio")
        if sniffio is not None:  # anyio asks it where it is, and the caller may be under trio
            sniffio.current_async_library_cvar.set("asyncio")
        try:
            result = await self._function()
        except asyncio.CancelledError:
            # Nobody waits for the outcome of what the caller has cancelled.
            self._future.set_exception(ClosedError(ENDED))
            if self._is_cancelled:
                return
            raise
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            self._future.set_exception(error)
        else:
            self._future.set_result(result)

    def _cancel_soon(self) -> None:
        """Cancel what has begun; from any thread."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None and not self._task.done():
            self._is_cancelled = True
            self._task.cancel()

    async def outcome(self, *, is_cancellable: bool) -> T:
        """Return the outcome, in the caller's loop; a cancelled caller awaits it, too."""
        done = asyncio.wrap_future(self._future)
        try:
            await asyncio.wait({done}, timeout=BEGIN_TIMEOUT_S)
            if not done.done():
                if self._future.cancel():
                    _raise_blocked()
                await asyncio.wait({done})
        except asyncio.CancelledError:
            if not self._future.cancel() and is_cancellable:
                self._cancel_soon()
            with CancelScope(shield=True):  # it does not hold off Task.cancel()
                while not done.done():
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait({done})
            if not done.cancelled():
                done.exception()  # it counts as seen
            raise
        return done.result()

    def wait(self) -> T:
        """Wait for the outcome in the calling thread; an interrupt cancels the call."""
        try:
            try:
                return self._future.result(BEGIN_TIMEOUT_S)
            except FutureTimeoutError:
                if self._future.done():
                    raise  # its own error
                if self._future.cancel():
                    _raise_blocked()
            return self._future.result()
        except BaseException:
            if not self._future.done() and not self._future.cancel():
                self._cancel_soon()
                with suppress(Exception, FutureCancelledError):
                    self._future.result(CLEANUP_TIMEOUT_S)
            raise


def _raise_blocked() -> NoReturn:
    raise RuntimeError(BLOCKED)
