"""
Messages collected and written as few events: for agents that say much in little time.

The service takes five events a second in a session, of up to 100 messages each.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import anyio

from agentcore_memory_async._retry import is_passing
from agentcore_memory_async._validation import MAX_EVENT_BYTES, check_message
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    ClosedError,
    OutcomeUnknownError,
    ServiceError,
    UnsentError,
)
from agentcore_memory_async.models import ConversationalMessage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from anyio.abc import TaskGroup

    from agentcore_memory_async.models import Event

__all__ = ("MessageBuffer",)

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0


class MessageBuffer:
    """
    Collects messages of a session; ``buffered`` of the session makes it, for ``async with``.

    Messages are written in the order of ``add``, each once: a batch has one client token, under
    which it is sent until it is stored. Passing faults are waited out. After one that does not
    pass, nothing more is written, and ``add``, ``flush`` and the exit raise ``UnsentError``.

    Leaving the block writes what is left, within a bound, also when it is left by an exception or
    a cancellation; ``unsent`` and ``unsent_error`` then name what could not be written.
    """

    def __init__(
        self,
        write: Callable[[tuple[ConversationalMessage, ...], str], Awaitable[Event]],
        *,
        max_messages: int,
        max_delay_s: float,
        max_pending: int,
        max_pending_bytes: int,
        close_timeout_s: float,
    ) -> None:
        self._write = write
        self._max_messages = max_messages
        self._max_delay_s = max_delay_s
        self._max_pending = max_pending
        self._max_pending_bytes = max_pending_bytes
        self._close_timeout_s = close_timeout_s
        self._pending = deque[tuple[ConversationalMessage, int]]()
        self._bytes = 0
        self._batch = 0
        self._token = ""
        self._unsettled = False
        self._failures = 0
        self._due_at = 0.0
        self._retry_at = 0.0
        self._flush_to = 0
        self._stored = 0
        self._state = "not entered"
        self._error: AgentCoreMemoryError | ClosedError | None = None
        self._entry = anyio.Lock()
        self._writing = anyio.Lock()
        self._changed = anyio.Event()
        self._tasks: TaskGroup | None = None

    def __repr__(self) -> str:
        return f"<MessageBuffer {self._state}, {len(self._pending)} pending, {self._stored} stored>"

    @property
    def unsent(self) -> tuple[ConversationalMessage, ...]:
        """The messages that are not known to be stored, oldest first."""
        return tuple(message for message, _ in self._pending)

    @property
    def unsent_error(self) -> UnsentError | None:
        """
        What the exit raised about them, or would have, had the block not been left by another.

        None where everything is stored. Its ``client_token`` settles a batch that may be.
        """
        return self._unsent_error() if self._pending else None

    async def add(self, message: ConversationalMessage) -> None:
        """
        Take *message*, to be written soon; waits while too much is pending.

        Cancelled, it has not taken the message.

        Raises:
            InvalidInputError: The service would refuse the message; it was not taken.
            UnsentError: An earlier batch was refused; this message was not taken.
            ClosedError: The block was left, or not entered.
        """
        size = check_message("message", message)
        async with self._entry:
            while True:
                self._check()
                room = self._max_pending_bytes - self._bytes
                if len(self._pending) < self._max_pending and (size <= room or not self._pending):
                    break
                self._write_all_so_far()  # who waits for room does not wait for the delay too
                await self._change()
        if not self._pending:
            self._due_at = anyio.current_time() + self._max_delay_s
        self._pending.append((message, size))
        self._bytes += size
        self._signal()

    async def flush(self) -> None:
        """
        Wait until all that was added so far is stored.

        Raises:
            UnsentError: A batch was refused.
        """
        target = self._write_all_so_far()
        while self._stored < target:
            self._check()
            await self._change()

    async def __aenter__(self) -> Self:
        if self._state != "not entered":
            raise ClosedError("a buffer is entered once; make a new one by buffered()")
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._state = "open"
        self._tasks.start_soon(self._run)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._state = "closed"
        self._signal()
        with anyio.move_on_after(self._close_timeout_s, shield=True):
            while self._pending and self._error is None:
                await anyio.sleep_until(self._retry_at)
                await self._write_batch()
        if self._pending and error is not None:
            error.add_note(str(self._unsent_error()))
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()
            await self._tasks.__aexit__(None, None, None)
        if self._pending and error is None:
            raise self._unsent_error() from self._error

    def _write_all_so_far(self) -> int:
        """Make what was added due; gives how many will be stored then."""
        self._flush_to = self._stored + len(self._pending)
        self._signal()
        return self._flush_to

    def _check(self) -> None:
        if self._error is not None:
            raise self._unsent_error() from self._error
        if self._state != "open":
            raise ClosedError(f"this buffer is {self._state}; use it inside its 'async with'")

    def _unsent_error(self) -> UnsentError:
        if not self._unsettled:
            return UnsentError(self.unsent)
        return UnsentError(self.unsent, self._token, self._batch)

    def _signal(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _change(self, wait_s: float | None = None) -> None:
        with anyio.move_on_after(wait_s):
            await self._changed.wait()

    async def _run(self) -> None:
        """Write whenever something is due, until the block is left."""
        while self._error is None:
            wait_s = self._wait_s(anyio.current_time())
            if wait_s == 0:
                await self._write_batch()
            else:
                await self._change(wait_s)

    def _wait_s(self, now: float) -> float | None:
        """Give the seconds until the next batch is due; None for until something changes."""
        if not self._pending:
            return None
        is_full = len(self._pending) >= self._max_messages or self._bytes >= MAX_EVENT_BYTES
        is_due = is_full or self._stored < self._flush_to
        return max(0.0, self._retry_at - now, 0.0 if is_due else self._due_at - now)

    async def _write_batch(self) -> None:
        """Write the oldest messages as one event; what is not stored stays, with its token."""
        async with self._writing:
            if not self._pending:
                return
            if not self._batch:
                self._batch = self._fitting()
                self._token = str(uuid4())
            batch = tuple(message for message, _ in list(self._pending)[: self._batch])
            may_be_stored, self._unsettled = self._unsettled, True
            try:
                await self._write(batch, self._token)
            except (AgentCoreMemoryError, ClosedError) as error:
                self._unsettled = isinstance(error, OutcomeUnknownError) or (
                    may_be_stored and not isinstance(error, ServiceError)
                )
                self._failed(error)
            else:
                self._written()
            self._signal()

    def _failed(self, error: AgentCoreMemoryError | ClosedError) -> None:
        """Keep the batch, to be sent again under its token unless *error* does not pass."""
        if isinstance(error, OutcomeUnknownError) or (
            isinstance(error, AgentCoreMemoryError) and is_passing(error)
        ):
            wait_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(self._failures, 30))
            self._failures += 1
            self._retry_at = anyio.current_time() + wait_s
        else:
            self._error = error

    def _written(self) -> None:
        """Let go of the batch."""
        for _ in range(self._batch):
            self._bytes -= self._pending.popleft()[1]
        self._stored += self._batch
        self._batch = self._failures = 0
        self._unsettled = False
        self._retry_at = 0.0
        self._due_at = anyio.current_time() + self._max_delay_s

    def _fitting(self) -> int:
        """Count the oldest messages that fit into one event."""
        total = 0
        for count, (_, size) in enumerate(self._pending):
            total += size
            if count == self._max_messages or (count and total > MAX_EVENT_BYTES):
                return count
        return len(self._pending)
