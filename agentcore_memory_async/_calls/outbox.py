"""
Writes that nobody waits for: turns of answers whose reader may have left.

A turn that is handed over takes its place in the queue of its session at once. A task of its own
writes it, so that no cancellation of the one who handed it over reaches it. Closing the manager
waits for these tasks, then ends them. What is not stored is named in the log, and from the
beginning of the close on also by the error that closing raises.
"""

from __future__ import annotations

import asyncio
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from anyio import CancelScope
from attrs import define, field, frozen

from agentcore_memory_async._calls.wait_clock import holding
from agentcore_memory_async._calls.write import log_unsent
from agentcore_memory_async._loop_time import loop_time
from agentcore_memory_async._random_ids import random_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from agentcore_memory_async._calls.queue_lock import Waiter
    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._calls.wait_clock import WaitClock
    from agentcore_memory_async._calls.writer import SessionQueue, Writer
    from agentcore_memory_async._transport.lifecycle import Lifecycle
    from agentcore_memory_async.policies import RetryPolicy

JOIN_S = 1.0
"""How long closing waits for tasks that nothing holds any more."""


class Ending(Protocol):
    """What ends when the manager closes: a turn under way, or a buffer that was not left."""

    def end(self) -> None:
        """Hand over or write what there is, without waiting."""


@define(eq=False)
class _Pending:
    """
    A turn that is to be written.

    Attributes:
        queue: Queue of its session.
        waiter: Waiter in it.
        request: Members of CreateEvent, less the timestamp.
        policy: How long and how often it is tried.
        task: Task that writes it; None until it runs.
        stored: Whether it is stored.
    """

    queue: SessionQueue
    waiter: Waiter
    request: Mapping[str, Any] = field(repr=False)
    policy: RetryPolicy
    task: asyncio.Task[None] | None = None
    stored: bool = False


@frozen
class Unsent:
    """
    A turn that is not known to be stored.

    Attributes:
        request: Members of CreateEvent.
        error: Why it is not; None where its time was up.
    """

    request: Mapping[str, Any] = field(repr=False)
    error: BaseException | None = None


class Outbox:
    """
    Writes turns for one manager after their readers have left.

    Args:
        retrier: Counts them, so that closing waits for them.
        writer: Writes them.
        lifecycle: Whether this process may write at all.
        close_timeout_s: How long a task goes on that somebody else cancels, in seconds.
        wait_clock: The clock of waits; each write holds it.
    """

    def __init__(
        self,
        retrier: Retrier,
        writer: Writer,
        lifecycle: Lifecycle,
        close_timeout_s: float,
        wait_clock: WaitClock,
    ) -> None:
        self._retrier = retrier
        self._writer = writer
        self._lifecycle = lifecycle
        self._close_timeout_s = close_timeout_s
        self._wait_clock = wait_clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open = WeakKeyDictionary[Ending, "asyncio.Task[Any] | None"]()
        self._pending: dict[_Pending, None] = {}
        self._closing: set[asyncio.Task[None]] = set()
        # What was not stored since closing began; None before.
        self._unsent: list[Unsent] | None = None
        self._stopped = False

    def add(self, opened: Ending, task: asyncio.Task[Any] | None = None) -> None:
        """Note what begins: closing the manager ends it, and with it its *task*."""
        self._loop = asyncio.get_running_loop()
        self._open[opened] = task

    def put(self, queue: SessionQueue, request: Mapping[str, Any], policy: RetryPolicy) -> None:
        """Take over a turn, from any thread, a finalizer's too."""
        if self._lifecycle.is_inherited or self._loop is None:
            return  # after a fork the parent stores it
        accept = partial(self._accept, queue, {**request, "clientToken": random_id()}, policy)
        if asyncio._get_running_loop() is self._loop:  # noqa: SLF001 - raises nothing
            accept()
            return
        try:
            self._loop.call_soon_threadsafe(accept)
        except RuntimeError:
            log_unsent(accept.args[1], "the event loop is closed")

    def close_soon(self, chunks: AsyncGenerator[object]) -> None:
        """Close the chunks of a turn whose reader has gone, in a task."""
        self._retrier.count()
        task = asyncio.get_running_loop().create_task(_close(chunks))
        self._closing.add(task)
        task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        self._retrier.uncount()

    def end_all(self) -> None:
        """Take over the turns under way, end the buffers, and note from now on what fails."""
        self._unsent = []
        for each in list(self._open):
            each.end()

    async def join(self) -> None:
        """Wait until the tasks of the buffers have ended, for a moment."""
        tasks = [task for task in list(self._open.values()) if task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=JOIN_S)

    async def stop(self) -> list[Unsent]:
        """End all tasks; return what is not known to be stored, of the turns since the close."""
        self._stopped = True
        tasks = [*self._closing, *(each.task for each in self._pending if each.task is not None)]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        return [*(self._unsent or ()), *(Unsent(each.request) for each in self._pending)]

    def _accept(self, queue: SessionQueue, request: Mapping[str, Any], policy: RetryPolicy) -> None:
        if self._stopped:
            log_unsent(request, "the manager is closed")
            return
        pending = _Pending(queue, queue.lock.enqueue(), request, policy)
        self._retrier.count()
        self._pending[pending] = None
        asyncio.get_running_loop().call_soon(self._start, pending)

    def _start(self, pending: _Pending) -> None:
        # A task that no task group owns: it outlives the one that handed the turn over, and any
        # task may close the manager.
        pending.task = asyncio.get_running_loop().create_task(self._deliver(pending))
        pending.task.add_done_callback(partial(self._ended, pending))
        if self._stopped:
            pending.task.cancel()

    async def _deliver(self, pending: _Pending) -> None:
        deadline = inf
        while not pending.stored and loop_time() < deadline:
            try:
                # Not from when it is handed over: a finalizer may not wait for the clock's lock.
                with holding(self._wait_clock), CancelScope(deadline=deadline):
                    await self._writer.write_as(
                        pending.waiter, pending.queue, pending.request, pending.policy
                    )
                    pending.stored = True
            except asyncio.CancelledError:
                # Some programs end by cancelling all tasks, and so this one too.
                task = asyncio.current_task()
                if self._stopped or task is None:
                    raise
                task.uncancel()
                deadline = min(deadline, loop_time() + self._close_timeout_s)
                pending.waiter = pending.queue.lock.enqueue()

    def _ended(self, pending: _Pending, task: asyncio.Task[None]) -> None:
        del self._pending[pending]
        self._retrier.uncount()
        error = None if task.cancelled() else task.exception()
        if not pending.stored and self._unsent is not None:
            self._unsent.append(Unsent(pending.request, error))
        if error is not None:
            log_unsent(pending.request, type(error).__name__)
        elif pending.waiter.leave():
            log_unsent(pending.request, "cancelled before it began")


async def _close(chunks: AsyncGenerator[object]) -> None:
    await chunks.aclose()
