"""An async object that facades share: opened and closed on the loop thread, by one task."""

from __future__ import annotations

import logging
import os
import weakref
from asyncio import CancelledError
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar
from weakref import WeakSet

from anyio import CancelScope, Event, Lock, current_time

from agentcore_memory_async._sync.loop_thread import (
    CLEANUP_TIMEOUT_S,
    LoopThread,
    loop_thread,
)
from agentcore_memory_async._sync.twins import make_blocking
from agentcore_memory_async.errors import ClosedError, ForkedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskStatus
T = TypeVar("T")

_LOG = logging.getLogger("agentcore_memory_async")


class Openable(Protocol):
    """An async context manager, as `SharedResource` needs it."""

    async def __aenter__(self) -> object: ...

    async def __aexit__(self, kind: None, error: None, traceback: None, /) -> object: ...


class ResourceTask:
    """
    The task that opens one object, waits, and closes it; on the loop thread.

    Attributes:
        dependents: What was opened inside of it, such as a buffer of a manager: it closes first,
            since it may have something to write.
    """

    def __init__(self, thread: LoopThread, resource: Openable, close_timeout_s: float) -> None:
        self.thread = thread
        self._resource = resource
        self._close_timeout_s = close_timeout_s
        self._close = Event()
        self._closed = Event()
        self._error: BaseException | None = None
        self._is_dropped = False
        self.dependents = WeakSet[ResourceTask]()

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        with CancelScope() as scope:
            await self._resource.__aenter__()
            # From here on only closing ends it, within its time limit, whatever else is cancelled.
            # The scope is the outer one, since the object may have scopes of its own.
            scope.shield = True
            self.thread.closers.add(self._close.set)
            task_status.started()
            try:
                await self._close.wait()
                await self._close_dependents()
            finally:
                scope.deadline = current_time() + self._close_timeout_s
                try:
                    await self._resource.__aexit__(None, None, None)
                except CancelledError:
                    raise
                except BaseException as error:  # noqa: BLE001 - raised in close(), or logged
                    self._error = error
                    if self._is_dropped or self.thread.leaves_waiting:
                        self._log_error()
                finally:
                    self.thread.closers.discard(self._close.set)
                    self._closed.set()

    async def _close_dependents(self) -> None:
        dependents = list(self.dependents)
        for each in dependents:
            each._close.set()  # noqa: SLF001 - of this class
        for each in dependents:
            await each._closed.wait()  # noqa: SLF001 - of this class

    async def close(self) -> None:
        self._close.set()
        await self._closed.wait()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def close_soon(self) -> None:
        """Close without waiting, from any thread, when the last facade is gone."""
        self.thread.post(self._drop)

    def _drop(self) -> None:
        self._is_dropped = True
        self._close.set()
        self._log_error()

    def _log_error(self) -> None:
        """Log the error of the close, which nobody is there to get."""
        if self._error is not None:
            _LOG.warning("closing failed: %s: %s", type(self._error).__name__, self._error)


class SharedResource:
    """
    The async object behind facades: opened on the loop thread at first use, and closed there.

    Facades of one manager share it. When the last of them is gone, it closes by itself.

    Args:
        resource: Async context manager that can be entered once.
        what: Name of the object in errors.
        close_timeout_s: How long closing it may take.
    """

    def __init__(
        self,
        resource: Openable,
        what: str = "manager",
        close_timeout_s: float = CLEANUP_TIMEOUT_S,
    ) -> None:
        self._resource = resource
        self._what = what
        self._close_timeout_s = close_timeout_s
        self._thread: LoopThread | None = None
        self._host: ResourceTask | None = None
        self._lock: Lock | None = None
        self._closed = False

    def call(self, name: str, function: Callable[[], Awaitable[T]]) -> T:
        """
        Run *function* on the loop thread, with the object open, and wait for its result.

        Args:
            name: What to await instead, for errors.
            function: Returns the awaitable; it is called on the loop thread, too.
        """
        thread = self.thread(name)
        if self._host is not None:
            return self._run(thread, function)

        async def open_first() -> T:
            await self.aopen(thread)
            return await function()

        return self._run(thread, open_first)

    def make(self, name: str, function: Callable[[], T]) -> T:
        """Run *function*, which does no I/O, on the loop thread, with the object open or not."""

        async def made() -> T:
            return function()

        return self._run(self.thread(name), made)

    def _run(self, thread: LoopThread, function: Callable[[], Awaitable[T]]) -> T:
        try:
            return thread.call(function)
        except BaseException as error:
            make_blocking(error, self.call)
            raise

    def thread(self, name: str) -> LoopThread:
        """Return the loop thread, after checking that a call can work."""
        thread = loop_thread()
        if thread.current:
            message = (
                "this blocking call was made on the sync facade's own thread, for example in a "
                f"callback, and would wait for itself forever; await {name} there instead"
            )
            raise RuntimeError(message)
        if self._thread is not None and self._thread is not thread:
            if self._thread.pid != os.getpid():
                message = (
                    f"this was opened before a fork, by process {self._thread.pid}; "
                    "make a new manager in each process, after the fork"
                )
                raise ForkedError(message)
            self._thread.refuse()
        return thread

    async def aopen(self, thread: LoopThread) -> None:
        """Open, once; on the loop thread."""
        if self._lock is None:
            self._lock = Lock()
        async with self._lock:
            if self._closed:
                message = f"this {self._what} is closed; create a new one"
                raise ClosedError(message)
            if self._host is None:
                self._thread = thread
                host = ResourceTask(thread, self._resource, self._close_timeout_s)
                try:
                    await thread.tasks.start(host.run)
                except BaseException:
                    self._thread = None
                    raise
                # At exit, _at_exit closes it.
                weakref.finalize(self, host.close_soon).atexit = False
                self._host = host

    def open(self, name: str) -> None:
        """Open now instead of at first use; again it does nothing, unless it is closed."""
        thread = self.thread(name)
        self._run(thread, partial(self.aopen, thread))

    def enter(self, name: str, other: SharedResource) -> None:
        """Open this object and *other*, on the same loop."""

        async def open_other() -> None:
            await other.aopen(loop_thread())
            if self._host is not None and other._host is not None:
                self._host.dependents.add(other._host)

        self.call(name, open_other)

    def close(self, name: str) -> None:
        """Close and wait; in a forked child there is nothing to close."""
        if self._thread is not None and not self._thread.usable:
            return
        self._closed = True
        self._run(self.thread(name), self.aclose)

    async def aclose(self) -> None:
        """Close; on the loop thread."""
        if self._lock is None:
            self._lock = Lock()
        async with self._lock:
            host = self._host
        if host is not None:
            await host.close()
