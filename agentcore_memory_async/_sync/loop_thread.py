"""
The loop thread of the sync facade.

One thread per process runs one event loop for all facades. It starts at the first call and is a
daemon, so nothing has to be closed for a script to end. The rules, each with a test:

- A call runs in a task of its own, with the caller's context variables but one: where sniffio is
  installed, anyio asks it which library runs, and a caller under trio says trio. The task is in no
  task group, which would cost as much as all else of a call.
- The calling thread never frees that task. Python runs callbacks when a task is freed, and ignores
  a Ctrl-C that comes in one of them.
- An interrupt of the caller (Ctrl-C, a timeout raised by a signal) cancels that task, waits up to
  ``CLEANUP_TIMEOUT_S`` seconds for its cleanup, and then propagates.
- An object is closed by the task that opened it, so task groups in it are legal.
- A facade that is dropped is closed on this thread; at exit all are, by ``atexit``. That is after
  other threads and executors have done their work, and needs none of them. Daemon threads that wait
  for a call, or make one then, are left waiting, as the interpreter would leave them.
- After a fork the child has no loop thread; an object that the parent opened raises
  ``ForkedError``.
- Calls from the loop thread itself are refused: they would wait for themselves.
- At exit Python 3.12.0 and 3.12.1 start no threads. The loop then runs in the threads that call.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextvars
import logging
import os
import sys
import threading
import warnings
from asyncio import CancelledError
from math import inf
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

# anyio imports its backend at first use. A process that forks meanwhile would leave its child with
# a held import lock, so it is imported here, and nothing below is looked up lazily.
import anyio._backends._asyncio  # noqa: F401  # pyright: ignore[reportUnusedImport] - as above
from anyio import CancelScope, create_task_group, sleep_forever

from agentcore_memory_async._sync.daemon_executor import DaemonExecutor
from agentcore_memory_async._warnings import CALLER, find_caller
from agentcore_memory_async.errors import BlockingCallWarning, ClosedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

CLEANUP_TIMEOUT_S = 5.0
"""How long cleanup may take: after an interrupt, at a close, at exit."""
INTERRUPT_CHECK_S = 0.25 if os.name == "posix" else 0.1
"""How long a waiting thread may miss an interrupt."""

ENDED = "the loop thread of the sync facade has ended; make a new manager"
"""Message of the error of a call that the loop thread can no longer run."""

_LOG = logging.getLogger("agentcore_memory_async")

_sniffio: Any = sys.modules.get("sniffio")  # anyio imported it, where it is installed

T = TypeVar("T")


class Call(Generic[T]):
    """One function on its way to the loop thread, and its outcome on its way back."""

    __slots__ = (
        "_caller",
        "_cancellations",
        "_cancelled",
        "_context",
        "_done",
        "_error",
        "_function",
        "_result",
        "_scope",
        "_thread",
        "finished",
        "task",
    )

    def __init__(self, thread: LoopThread, function: Callable[[], Awaitable[T]]) -> None:
        self._thread = thread
        self._function = function
        self._context = contextvars.copy_context()
        self._caller = find_caller()
        self._cancellations = _cancellations()  # before the call can begin: see wait()
        self._done = threading.Lock()
        self._done.acquire()
        self._cancelled = False
        self.finished: bool = False
        self.task: asyncio.Task[None] | None = None
        self._scope: CancelScope | None = None
        self._result: T | None = None
        self._error: BaseException | None = None

    def begin(self) -> None:
        """Start the task, with the caller's context variables; on the loop thread."""
        if self._thread.stopping:
            self.cancel()
        if not self._cancelled:
            loop = asyncio.get_running_loop()
            self.task = loop.create_task(self._run(), context=self._context)

    async def _run(self) -> None:
        CALLER.set(self._caller)
        if _sniffio is not None:
            _sniffio.current_async_library_cvar.set("asyncio")
        try:
            with CancelScope() as scope:
                self._scope = scope
                if self._cancelled:
                    self._error = ClosedError(ENDED)
                    return
                try:
                    self._result = await self._function()
                except CancelledError:
                    # If nobody asked to cancel, the function raised it by itself.
                    self._error = concurrent.futures.CancelledError()
                    if scope.cancel_called or self._thread.stopping:
                        raise
                except BaseException as error:  # noqa: BLE001 - raised in the calling thread
                    self._error = error
        finally:
            self.finish()

    def cancel(self) -> None:
        """Cancel the task, or keep it from starting; on the loop thread."""
        self._cancelled = True
        if self._scope is not None:
            self._scope.cancel()
        elif self.task is None:
            self.finish(ClosedError(ENDED))

    def finish(self, error: BaseException | None = None) -> None:
        """Wake the caller, on the loop thread, unless it is left waiting."""
        if not self.finished and not self._thread.leaves_waiting:
            self.finished = True
            self.task = None  # so that the caller cannot be the last to hold it
            self._error = self._error or error
            self._thread.calls.discard(self)
            self._done.release()
            self._thread.wake()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait in the calling thread; return whether the call has finished."""
        if not self.finished:
            self._thread.run_here(self, timeout)
        if self.finished:
            return True
        if timeout is not None:
            return self._done.acquire(timeout=timeout)
        # A Ctrl-C just before the wait for a lock does not interrupt it, and on Windows none
        # does: check for it now and then.
        while not self._done.acquire(timeout=INTERRUPT_CHECK_S):
            # Inside asyncio.run the first Ctrl-C only cancels the main task, which this wait keeps
            # from running, as it does all others of the loop.
            if _cancellations() > self._cancellations:
                raise CancelledError
        return True

    def outcome(self) -> T:
        """Return the result or raise the error, once, without a reference cycle."""
        error, self._error = self._error, None
        if error is None:
            return cast("T", self._result)
        try:
            raise error
        finally:
            del error, self


def _cancellations() -> int:
    """Return how often the tasks of the loop that runs here were cancelled."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - raises nothing
    if loop is None:
        return 0
    return sum(task.cancelling() for task in asyncio.all_tasks(loop))


def _new_loop() -> asyncio.AbstractEventLoop:
    """
    Return a new loop that loses no exception of a signal handler while it is woken.

    asyncio takes any `OSError` of the byte that wakes a loop for one of its socket. A handler may
    raise `TimeoutError`, which is one too: then the caller would wait for ever.
    """
    loop: Any = asyncio.new_event_loop()
    if not hasattr(loop, "_csock"):  # uvloop has none
        return cast("asyncio.AbstractEventLoop", loop)

    def wake() -> None:
        socket = loop._csock  # noqa: SLF001 - asyncio's own method would swallow the exception
        try:
            if socket is not None:
                socket.send(b"\0")
        except OSError as error:
            if error.errno is None:
                raise

    loop._write_to_self = wake  # noqa: SLF001 - as above
    return cast("asyncio.AbstractEventLoop", loop)


class LoopThread:
    """A daemon thread that runs an event loop with one task group as its root."""

    tasks: TaskGroup
    _loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        self.pid: int = os.getpid()
        self.stopping: bool = False
        self.leaves_waiting = False
        self.calls: set[Call[Any]] = set()
        self.closers: set[Callable[[], object]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=self._main, name="agentcore-memory-async", daemon=True
        )
        self._root_task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None
        self._has_thread = True
        self._driver = 0
        self._driving = threading.Lock()

    def start(self) -> None:
        """Start the thread and wait for its loop."""
        try:
            self._thread.start()
            self._ready.wait()
        except BaseException as error:
            if not isinstance(error, RuntimeError) or self._thread.ident is not None:
                self.stopping = True  # it may have been started, and not run yet
                if self._ready.is_set():
                    self.stop(0)
                raise
            # At exit Python 3.12 starts no threads: the loop runs in those that call.
            self._has_thread = False
            self._root_task = self._make_root()
        if self._error is not None:
            raise self._error

    @property
    def usable(self) -> bool:
        """Whether calls can be made: it runs, in this process."""
        return not self.stopping and self.pid == os.getpid()

    @property
    def current(self) -> bool:
        """Whether the caller runs on this thread."""
        return threading.get_ident() == (self._thread.ident or self._driver)

    def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run *function* on the loop and wait for its result."""
        call = Call(self, function)
        try:
            self.calls.add(call)
            if not self._post(call.begin):
                self.refuse()
            call.wait()
        except BaseException:
            if self._post(call.cancel):
                call.wait(CLEANUP_TIMEOUT_S)
            else:
                self.calls.discard(call)
            raise
        try:
            return call.outcome()
        finally:
            del call

    def refuse(self) -> NoReturn:
        """Raise that it has ended; at exit, leave all threads but the main one waiting."""
        if self.leaves_waiting and threading.current_thread() is not threading.main_thread():
            threading.Event().wait()
        raise ClosedError(ENDED)

    def post(self, function: Callable[[], object]) -> None:
        """Run *function* on the loop later; from any thread, without waiting or failing."""
        if self.pid == os.getpid():
            self._post(function)

    def _post(self, function: Callable[..., object], *args: object) -> bool:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            if not self._loop.is_closed():
                raise
            return False
        return True

    def stop(self, timeout: float = CLEANUP_TIMEOUT_S) -> bool:
        """Cancel calls, close what is open and end; return whether that took *timeout* or less."""
        if self._post(self._stop):
            if self._has_thread:
                self._thread.join(timeout)
            else:
                self._main()
        return not self._thread.is_alive()

    def run_here(self, call: Call[Any], timeout: float | None) -> None:
        """Run the loop in the calling thread until *call* has finished, where it has no own."""
        if self._has_thread:
            return
        with self._driving:
            self._driver = threading.get_ident()
            ends_at = inf
            if timeout is not None:
                ends_at = self._loop.time() + timeout
                self._loop.call_at(ends_at, self._loop.stop)
            try:
                while not call.finished and self._loop.time() < ends_at:
                    self._loop.run_forever()
            finally:
                self._driver = 0

    def wake(self) -> None:
        """Let `run_here` look whether its call has finished."""
        if not self._has_thread:
            self._loop.stop()

    def _stop(self) -> None:
        self.stopping = True
        if self._ready.is_set():
            for close in list(self.closers):
                close()
            self.tasks.cancel_scope.cancel()

    async def _root(self) -> None:
        try:
            async with create_task_group() as self.tasks:
                self._ready.set()
                try:
                    if not self.stopping:
                        await sleep_forever()
                finally:
                    self.stopping = True
                    for call in list(self.calls):
                        call.cancel()
        finally:
            if left := [call.task for call in list(self.calls) if call.task is not None]:
                await asyncio.wait(left)

    def _make_root(self) -> asyncio.Task[None]:
        """Make the loop; on its thread, where no Ctrl-C leaves one that is half made."""
        self._loop = _new_loop()
        self._loop.set_default_executor(DaemonExecutor())
        return self._loop.create_task(self._root(), name="agentcore-memory-async")

    def _main(self) -> None:
        try:
            root = self._root_task or self._make_root()
        except BaseException as error:  # noqa: BLE001 - raised in the thread that starts it
            self._error, self.stopping = error, True
            self._ready.set()
            return
        loop = self._loop
        try:
            # It ends when stopped, or by SystemExit and the like from somebody's callback.
            loop.run_until_complete(root)
        except CancelledError:
            pass
        finally:
            self.stopping = True
            try:
                if not root.done():
                    loop.call_soon(self._stop)
                    loop.run_until_complete(asyncio.wait([root], timeout=CLEANUP_TIMEOUT_S))
                _cancel_left(loop)
            finally:
                loop.close()
                self._ready.set()
                while self.calls and not self.leaves_waiting:
                    self.calls.pop().finish(ClosedError(ENDED))


def _cancel_left(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the tasks that did not end with the root, such as those of somebody's callback."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=CLEANUP_TIMEOUT_S))
    loop.run_until_complete(loop.shutdown_asyncgens())


class _Process:
    """The loop thread of this process."""

    def __init__(self) -> None:
        self.has_warned = False
        self.forget()

    def forget(self) -> None:
        """Start over, as in a forked child."""
        self.lock = threading.Lock()
        self.thread: LoopThread | None = None


_process = _Process()


def loop_thread() -> LoopThread:
    """Return this process's loop thread; it is started at the first call."""
    thread = _process.thread
    if thread is None or not thread.usable:
        with _process.lock:
            thread = _process.thread
            if thread is None or not thread.usable:
                thread = LoopThread()
                thread.start()
                _process.thread = thread
    return thread


def _at_exit() -> None:
    """Close everything, but leave waiting who waits: daemon threads, and others after a Ctrl-C."""
    thread = _process.thread
    if thread is not None and thread.usable and not thread.current:
        thread.leaves_waiting = True
        reason = "closing took too long"
        try:
            is_closed = thread.stop()
        except (KeyboardInterrupt, SystemExit):  # raised here they would be printed and ignored
            is_closed, reason = False, "interrupted"
        if not is_closed:
            _LOG.warning("at exit, %s: what was being written is not known to be stored", reason)


# Registered on import, so that handlers that users register later run earlier and can still call.
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):  # not on Windows
    # The parent's thread does not exist in the child. Its stack keeps the open objects from being
    # finalized, which is right: epoll, sockets and the loop are shared with the parent.
    os.register_at_fork(after_in_child=_process.forget)


def _is_in_a_notebook() -> bool:
    """Return whether a notebook's kernel runs here: its loop runs always, and waits for cells."""
    ipython: Any = sys.modules.get("IPython")
    shell = getattr(ipython, "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def warn_in_a_running_loop(name: str, instead: str) -> None:
    """Warn, once per process, at the line that called the caller."""
    if _process.has_warned or asyncio._get_running_loop() is None:  # noqa: SLF001 - raises nothing
        return
    thread = _process.thread
    if (thread is not None and thread.current) or _is_in_a_notebook():
        return
    message = (
        f"{name} blocks the event loop that runs here, with everything else on it; "
        f"await {instead} of an AsyncMemorySessionManager instead"
    )
    warnings.warn(message, BlockingCallWarning, stacklevel=3)
    _process.has_warned = True  # not if the warning is turned into an error
