"""
How events are written: in call order, each once, at the service's pace.

Each actor and session has one queue, shared by everything that one manager writes there. A write
takes its timestamp when it leaves the queue, so timestamps rise in the order of the calls.

A write passes three states. It is *waiting* until it has the queue's lock; then it is *frozen*,
with token, timestamp and payload; from its first attempt on it is *in doubt* until an answer about
it is read. What was cancelled or lost in doubt, under a token of the caller's, is remembered, so
that the same call sends the same request again.
"""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakValueDictionary

import anyio
from attrs import evolve

from agentcore_memory_async._calls.rate_limit import SlidingWindowLimiter
from agentcore_memory_async._calls.retry import CREATE_EVENT, Write
from agentcore_memory_async._wire import codec
from agentcore_memory_async.errors import (
    AnswerMismatchError,
    InvalidInputError,
    OutcomeUnknownError,
    TransportTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._transport.base import Answer
    from agentcore_memory_async.models import Event
    from agentcore_memory_async.policies import RetryPolicy, ServiceLimits

IDLE_S = 60.0
"""How long the queue of a session is kept after its last write."""
LAG_S = 60.0
"""How long the service's filters may not show a write yet (sdk#564)."""
MAX_IN_DOUBT = 1000
"""How many writes in doubt are remembered."""
MAX_ACKNOWLEDGED = 1000
"""How many acknowledgements are remembered."""


class RisingClock:
    """The wall clock in milliseconds, which never goes back even where the wall clock does."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._highest = 0

    def now_ms(self) -> int:
        """Read the clock."""
        self._highest = max(self._highest, int(self._wall() * 1000))
        return self._highest


class SessionQueue:
    """Where the writes of one actor and session wait for each other."""

    def __init__(self, limits: ServiceLimits) -> None:
        self.lock = anyio.Lock(fast_acquire=True)
        self.message_event_limiter = SlidingWindowLimiter(limits.events_per_second)
        self.data_event_limiter = SlidingWindowLimiter(limits.other_events_per_second)
        self._written_at = -inf
        self._last_ms = 0

    def written(self, now: float) -> None:
        """Note that an event was stored."""
        self._written_at = now

    def may_lag(self, now: float) -> bool:
        """Return whether the service's filters may not show the last write yet."""
        return now - self._written_at < LAG_S

    def next_ms(self, now_ms: int) -> int:
        """Return a timestamp that is later than all before it."""
        self._last_ms = max(now_ms, self._last_ms + 1)
        return self._last_ms


class InDoubtWrites:
    """
    Writes under a caller's token that were cancelled or lost, as they were frozen.

    Without it a repeated call would carry another timestamp under the same token.
    """

    def __init__(self) -> None:
        self._requests: dict[str, Mapping[str, Any]] = {}

    def remember(self, write: Write) -> None:
        """Keep the request of *write*; the oldest is dropped when there are too many."""
        self._requests[write.request["clientToken"]] = write.request
        if len(self._requests) > MAX_IN_DOUBT:
            del self._requests[next(iter(self._requests))]

    def forget(self, write: Write) -> None:
        """Drop what is settled; another request that was frozen under its token stays."""
        if self._requests.get(write.request["clientToken"]) == write.request:
            del self._requests[write.request["clientToken"]]

    def get(self, token: str) -> Mapping[str, Any]:
        """Return the request with *token*."""
        request = self._requests.get(token)
        if request is None:
            message = (
                f"in_doubt {token[:80]!r} is not the client token of a lost or cancelled write of "
                "this manager; call add_turns() again with client_token= and the same arguments"
            )
            raise InvalidInputError(message)
        return request

    def matching(self, write: Write) -> Write:
        """Return *write*, with its earlier frozen request if the same write is in doubt."""
        frozen = self._requests.get(write.request["clientToken"])
        if frozen is None or {**frozen, **write.request} != frozen:
            return write
        return evolve(write, request=frozen, in_doubt=True)


class Acknowledgements:
    """
    Which write each event acknowledged, so that none acknowledges another one of the same content.

    Only what may still come late on a kept connection matters, so a bounded number is kept.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def note(self, event_id: str, token: str) -> None:
        """Note that the event is that of *token*."""
        self._tokens[event_id] = token
        if len(self._tokens) > MAX_ACKNOWLEDGED:
            del self._tokens[next(iter(self._tokens))]

    def check(self, event_id: str, token: str) -> None:
        """Raise `AnswerMismatchError` if the event is known as that of another token."""
        if self._tokens.get(event_id, token) != token:
            raise AnswerMismatchError(CREATE_EVENT, "eventId", event_id)


class Writer:
    """
    Writes events for one manager.

    Args:
        retrier: Sends the requests.
        memory_id: Id or ARN of the memory.
        limits: Limits that pace the writes.
        clock: Wall clock, in seconds since 1970.
    """

    def __init__(
        self,
        retrier: Retrier,
        memory_id: str,
        limits: ServiceLimits,
        clock: Callable[[], float],
    ) -> None:
        self._retrier = retrier
        self._memory_id = memory_id
        self._limits = limits
        self._clock = RisingClock(clock)
        self._in_doubt = InDoubtWrites()
        self._acknowledged = Acknowledgements()
        # Sessions in use keep their queue; the others' are kept for a while after the last write,
        # since a web handler makes its session anew for each request.
        self._queues: WeakValueDictionary[tuple[str, str], SessionQueue] = WeakValueDictionary()
        self._recent: dict[tuple[str, str], tuple[float, SessionQueue]] = {}

    def queue(self, actor_id: str, session_id: str) -> SessionQueue:
        """Return the one queue of this actor and session."""
        key = actor_id, session_id
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = SessionQueue(self._limits)
        return queue

    async def write(
        self,
        queue: SessionQueue,
        request: Mapping[str, Any],
        *,
        timestamp_ms: int | None,
        client_token: str | None,
        policy: RetryPolicy,
    ) -> Event:
        """
        Write one event and return it as acknowledged.

        Args:
            queue: Queue of the session that *request* names.
            request: Members of CreateEvent, less those fixed here.
            timestamp_ms: The event's own time, for imported history; None for now.
            client_token: The caller's token; None makes one.
            policy: How long and how often it is tried.
        """
        request = {**request, "clientToken": client_token or str(uuid4())}
        if timestamp_ms is not None:
            request["eventTimestamp"] = timestamp_ms / 1000
        with self._retrier.running():
            write = Write(request, policy, _deadline(policy), client_token)
            if client_token is not None:
                write = self._in_doubt.matching(write)
            return await self._perform(queue, write)

    async def resolve(
        self, queue: SessionQueue, in_doubt: OutcomeUnknownError | str, policy: RetryPolicy
    ) -> Event:
        """
        Send a write again exactly as it was, which stores it at most once.

        Args:
            queue: Queue of the session that it is for.
            in_doubt: Error of the write, or the caller's token of one that was cancelled.
            policy: How long and how often it is tried.
        """
        if isinstance(in_doubt, str):
            token, request = in_doubt, self._in_doubt.get(in_doubt)
        else:
            token, request = None, in_doubt.request
        is_same = queue is self._queues.get((request["actorId"], request["sessionId"]))
        if not is_same or request["memoryId"] != self._memory_id:
            message = "in_doubt is a write of another session or memory; resolve it there"
            raise InvalidInputError(message)
        with self._retrier.running():
            write = Write(request, policy, _deadline(policy), token, in_doubt=True)
            return await self._perform(queue, write)

    async def _perform(self, queue: SessionQueue, write: Write) -> Event:
        """Send *write* in queue order; if the caller set its token, keep it while in doubt."""
        try:
            await self._wait_in_queue(queue, write)
            try:
                if write.client_token is not None and not write.in_doubt:
                    write = self._in_doubt.matching(write)  # lost while this one waited
                write = self._stamped(queue, write)
                event = await self._send(queue, write)
            finally:
                queue.lock.release()
                self._keep(queue, write.request)
        except BaseException as error:
            is_unknown = isinstance(error, OutcomeUnknownError)
            if write.client_token is not None and (is_unknown or not isinstance(error, Exception)):
                self._in_doubt.remember(write)
            elif not is_unknown:
                self._in_doubt.forget(write)
            raise
        self._in_doubt.forget(write)
        return event

    async def _wait_in_queue(self, queue: SessionQueue, write: Write) -> None:
        with anyio.CancelScope(deadline=write.deadline) as scope:
            await queue.lock.acquire()
        if scope.cancelled_caught:
            reason = (
                f"after {write.policy.write_deadline:g} s in the queue of its session: "
                "other writes were in front"
            )
            error = TransportTimeoutError(CREATE_EVENT, reason, sent=False)
            if write.in_doubt:
                raise write.unknown(0) from error
            raise error

    def _stamped(self, queue: SessionQueue, write: Write) -> Write:
        """Return *write* with its timestamp, if it has none yet."""
        if "eventTimestamp" in write.request:
            # One that the caller gave does not move the clock: a wrong year would stay in it.
            return write
        stamp_ms = queue.next_ms(self._clock.now_ms())
        return evolve(write, request={**write.request, "eventTimestamp": stamp_ms / 1000})

    async def _send(self, queue: SessionQueue, write: Write) -> Event:
        request = write.request
        has_messages = any("conversational" in item for item in request["payload"])

        def read(answer: Answer) -> Event:
            event = codec.read_created_event(answer.body, answer.date, request)
            if event.timestamp != codec.read_time(request["eventTimestamp"]):
                # Stored by an earlier process, or an equal turn's late duplicate.
                self._acknowledged.check(event.event_id, request["clientToken"])
            return event

        event = await self._retrier.write(
            write,
            read,
            queue.message_event_limiter if has_messages else queue.data_event_limiter,
        )
        self._acknowledged.note(event.event_id, request["clientToken"])
        queue.written(anyio.current_time())
        return event

    def _keep(self, queue: SessionQueue, request: Mapping[str, Any]) -> None:
        """Keep *queue*, and drop the queues that were idle for `IDLE_S`."""
        now = anyio.current_time()
        key = request["actorId"], request["sessionId"]
        self._recent.pop(key, None)
        self._recent[key] = now, queue
        while True:
            oldest = next(iter(self._recent))
            if now - self._recent[oldest][0] < IDLE_S:
                return
            del self._recent[oldest]


def _deadline(policy: RetryPolicy) -> float:
    """Return when a write that begins now ends at the latest, on the loop's clock."""
    return anyio.current_time() + policy.write_deadline
