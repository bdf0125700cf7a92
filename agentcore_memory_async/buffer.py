"""
Messages collected and written as few events, for agents that say much in little time.

The service takes five events a second in a session, of up to 100 messages each.

One task writes. A batch is taken from the front, gets a client token, and is sent under it until it
is stored. An error that may pass is waited out; any other ends the buffer, which then names what is
unsent. Leaving the block gives the task a deadline, and waits for it.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, Self

import anyio
from attrs import frozen

from agentcore_memory_async._calls.attempts import is_retryable
from agentcore_memory_async._calls.backoff import growing_bound
from agentcore_memory_async._calls.settling import is_rejected
from agentcore_memory_async._loop_time import loop_time
from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._wire import event_codec
from agentcore_memory_async._wire.messages import read_message
from agentcore_memory_async._wire.payloads import MAX_EVENT_BYTES, check_message
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    ClosedError,
    OutcomeUnknownError,
    UnsentError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from anyio import CancelScope
    from anyio.abc import TaskGroup

    from agentcore_memory_async.models import ConversationalMessage, Event

__all__ = ("MessageBuffer",)

Request = Mapping[str, Any]
"""Frozen request of a batch."""
FIRST_RETRY_S = 0.1
"""Wait after the first failure of a batch; it doubles with each failure."""
LONGEST_RETRY_S = 5.0
"""Longest wait after a failure."""
MAX_SENT_BYTES = MAX_EVENT_BYTES - 64 * 1024
"""Bytes that the messages of one request may take; the rest is for metadata, ids and token."""


@frozen
class _Pending:
    """
    A message that waits to be written.

    Attributes:
        message: Message.
        size: Size of its text, in bytes.
        sent_size: Size in a request, in bytes.
        due_at: When it is to be written at the latest, on the loop's clock.
    """

    message: ConversationalMessage
    size: int
    sent_size: int
    due_at: float


def _sent_size(message: ConversationalMessage) -> int:
    """Return the bytes of *message* in a request, where botocore escapes all but ASCII."""
    return len(json.dumps(event_codec.payload_item(message))) + len(", ")


def _fitting(sizes: Iterable[int], most: int) -> int:
    """Return how many messages fit into one event: the first always does."""
    total = count = 0
    for size in islice(sizes, most):
        total += size
        if count and total > MAX_SENT_BYTES:
            break
        count += 1
    return count


def _is_transient(error: Exception) -> bool:
    """Return whether the batch that ended with *error* may be stored a little later."""
    reason = error.__cause__ if isinstance(error, OutcomeUnknownError) else error
    return isinstance(reason, AgentCoreMemoryError) and is_retryable(reason, is_change=True)


def _in_doubt_after(error: Exception, before: Request | None) -> Request | None:
    """Return the request of a batch that may be stored after *error*, given that *before* it."""
    if is_rejected(error):
        return None
    # Whatever else a write raises, a bug included, means that this time nothing was sent, or that
    # it was refused.
    return error.request if isinstance(error, OutcomeUnknownError) else before


class MessageBuffer:
    """
    Collects messages of a session; ``buffered`` of the session makes it, for ``async with``.

    Messages are written in the order of ``add``, each once: a batch has one client token, under
    which it is sent until it is stored. Transient faults are waited out. After any other, nothing
    more is written, and ``add``, ``flush`` and the exit raise ``UnsentError``.

    Leaving the block writes what is left, within a time limit, also when it is left by an exception
    or a cancellation, of whatever kind and however often. Afterwards nothing is written any more:
    ``unsent`` and ``unsent_error`` name what could not be written.

    Attributes:
        close_timeout_s: Longest time that leaving the block takes, in seconds.
    """

    def __init__(
        self,
        write: Callable[[tuple[ConversationalMessage, ...], str], Awaitable[Event]],
        in_doubt: Callable[[str], Request | None],
        *,
        check_open: Callable[[], None],
        hold: Callable[[], AbstractContextManager[None]],
        entered: Callable[[MessageBuffer, asyncio.Task[Any] | None], None],
        max_messages: int,
        max_delay_s: float,
        max_pending: int,
        max_pending_bytes: int,
        close_timeout_s: float,
    ) -> None:
        self._write = write
        self._request_in_doubt = in_doubt
        self._check_open = check_open
        self._hold = hold
        self._entered = entered
        self._max_messages = max_messages
        self._max_delay_s = max_delay_s
        self._max_pending = max_pending
        self._max_pending_bytes = max_pending_bytes
        self.close_timeout_s: float = close_timeout_s
        self._pending = deque[_Pending]()
        self._bytes = 0
        self._sent_bytes = 0
        self._batch = 0
        self._token = ""
        self._in_doubt: Request | None = None
        self._failures = 0
        self._retry_at = -inf
        self._ends_at = inf
        self._flush_to = 0
        self._stored = 0
        self._state = "not entered"
        self._error: Exception | None = None
        self._entry = anyio.Lock()
        self._changed = anyio.Event()
        self._tasks: TaskGroup | None = None
        self._writing: CancelScope | None = None
        self._is_ended = False

    def __repr__(self) -> str:
        return f"<MessageBuffer {self._state}, {len(self._pending)} pending, {self._stored} stored>"

    @property
    def unsent(self) -> tuple[ConversationalMessage, ...]:
        """Messages that are not known to be stored, oldest first."""
        return tuple(pending.message for pending in self._pending)

    @property
    def unsent_error(self) -> UnsentError | None:
        """
        The error about them that the exit raised, or would have raised without another error.

        None where everything is stored. ``resolve`` settles a batch of it that is in doubt.
        """
        return self._unsent_error() if self._pending else None

    async def add(self, message: ConversationalMessage | Mapping[str, object]) -> None:
        """
        Add *message*, to be written soon; wait while too much is pending.

        If it is cancelled, the message was not added.

        Args:
            message: Message, or a mapping that ``to_message`` reads.

        Raises:
            InvalidInputError: The service would refuse the message; it was not added.
            UnsentError: An earlier batch was refused; this message was not added.
            ClosedError: The block was left, or not entered; or the manager is closed.
        """
        read = read_message("message", message)
        size = check_message("message", read)
        self._check()
        self._check_open()
        async with self._entry:
            while True:
                self._check()
                room = self._max_pending_bytes - self._bytes
                if len(self._pending) < self._max_pending and (size <= room or not self._pending):
                    break
                self._write_all_so_far()  # waiting for room is not waiting for the delay
                await self._change()
        due_at = loop_time() + self._max_delay_s
        self._pending.append(_Pending(read, size, _sent_size(read), due_at))
        self._bytes += size
        self._sent_bytes += self._pending[-1].sent_size
        self._signal()

    async def flush(self) -> None:
        """
        Wait until everything added so far is stored.

        Raises:
            UnsentError: A batch was refused.
            ClosedError: The block or the manager was left before it was stored.
        """
        if self._pending:
            self._check_open()
        target = self._write_all_so_far()
        while self._stored < target:
            self._check()
            await self._change()

    def end(self) -> None:
        """End its task once nothing is pending: the manager closes, and nothing can be written."""
        self._is_ended = True
        self._write_all_so_far()

    async def __aenter__(self) -> Self:
        if self._state != "not entered":
            raise ClosedError("a buffer can only be entered once; create a new one with buffered()")
        self._check_open()
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
        self._close()
        try:
            if self._tasks is not None:
                # This waits for `_run`, which ends in time, however often this task is cancelled
                # meanwhile, by a scope or natively; then it raises the cancellation.
                await self._tasks.__aexit__(None, None, None)
        except asyncio.CancelledError as cancelled:
            error = cancelled
            raise
        finally:
            if self._pending and error is not None:
                error.add_note(str(self._unsent_error()))
        if self._pending and error is None:
            raise self._unsent_error() from self._error

    def _close(self) -> None:
        """Accept no more, and write what is pending within the time limit."""
        if self._state == "open":
            self._state = "closed"
            self._ends_at = loop_time() + self.close_timeout_s
            if self._writing is not None:
                self._writing.deadline = self._ends_at
        self._write_all_so_far()

    def _write_all_so_far(self) -> int:
        """Make everything added so far due; return the total stored after that."""
        self._flush_to = self._stored + len(self._pending)
        self._signal()
        return self._flush_to

    def _check(self) -> None:
        if self._error is not None:
            raise self._unsent_error() from self._error
        if self._state != "open":
            raise ClosedError(f"this buffer is {self._state}; use it in the block that enters it")

    def _unsent_error(self) -> UnsentError:
        if self._in_doubt is None:
            return UnsentError(self.unsent)
        return UnsentError(self.unsent, self._token, self._batch, self._in_doubt)

    def _signal(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _change(self, wait_s: float | None = None) -> None:
        with anyio.move_on_after(wait_s):
            await self._changed.wait()

    async def _run(self) -> None:
        """Write what is due, until the block is left and nothing is pending, or time is up."""
        self._entered(self, asyncio.current_task())
        while not self._is_over():
            try:
                # A cancellation reaches this through `_close`: what is pending is written first.
                with anyio.CancelScope(deadline=self._ends_at, shield=True) as self._writing:
                    await self._write_what_is_due()
            except asyncio.CancelledError:
                # Some programs end by cancelling all tasks, and so this one too.
                task = asyncio.current_task()
                while task is not None and task.uncancel():
                    pass
                self._close()

    def _is_over(self) -> bool:
        """Return whether nothing is to be written any more."""
        if self._error is not None:
            return True
        if self._state == "open":
            return self._is_ended and not self._pending
        return not self._pending or loop_time() >= self._ends_at

    async def _write_what_is_due(self) -> None:
        while not self._is_over():
            wait_s = self._wait_s(loop_time())
            if wait_s == 0:
                await self._write_batch()
            elif wait_s is None:
                await self._change()
            else:
                with self._hold():  # who waits for what is written here goes on waiting
                    await self._change(wait_s)

    def _wait_s(self, now: float) -> float | None:
        """Return the seconds until the next batch is due; None to wait for a change."""
        if not self._pending:
            return None
        is_full = len(self._pending) >= self._max_messages or self._sent_bytes >= MAX_SENT_BYTES
        is_due = is_full or self._stored < self._flush_to
        return max(0.0, self._retry_at - now, 0.0 if is_due else self._pending[0].due_at - now)

    async def _write_batch(self) -> None:
        """Write the oldest messages as one event; what is not stored stays, with its token."""
        if not self._batch:
            self._batch = _fitting((each.sent_size for each in self._pending), self._max_messages)
            self._token = random_id()
        messages = tuple(each.message for each in islice(self._pending, self._batch))
        try:
            await self._write(messages, self._token)
        except Exception as error:  # noqa: BLE001 - a bug, too, has to name what is unsent
            self._in_doubt = _in_doubt_after(error, self._in_doubt)
            self._failed(error)
        except BaseException:
            self._in_doubt = self._request_in_doubt(self._token) or self._in_doubt
            raise
        else:
            self._written()
        self._signal()

    def _failed(self, error: Exception) -> None:
        """Keep the batch, to be sent again under its token if *error* is transient."""
        if _is_transient(error):
            self._failures += 1
            wait_s = growing_bound(FIRST_RETRY_S, LONGEST_RETRY_S, self._failures)
            self._retry_at = loop_time() + wait_s
        else:
            self._error = error

    def _written(self) -> None:
        """Drop the batch."""
        for _ in range(self._batch):
            stored = self._pending.popleft()
            self._bytes -= stored.size
            self._sent_bytes -= stored.sent_size
        self._stored += self._batch
        self._batch = self._failures = 0
        self._in_doubt = None
        self._retry_at = -inf
