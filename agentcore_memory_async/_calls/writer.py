"""
How events are written: in call order, each once, at the service's pace.

Each actor and session has one queue, shared by everything that one manager writes there. A write
takes its timestamp when it leaves the queue, so timestamps rise in the order of the calls. A time
that the caller gave moves to the next free millisecond if the session has used it, so that events
of equal times keep that order too.

A write passes three states. It is *waiting* until it has the queue's lock; then it is *frozen*,
with token, timestamp and payload; from its first attempt on it is *in doubt* until an answer about
it is read. What was cancelled or lost in doubt, under a token of the caller's, is remembered, as is
the time of what was acknowledged, so that the same call sends the same request again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import anyio
from attrs import evolve

from agentcore_memory_async._calls.event_times import RisingClock, UsedTimes
from agentcore_memory_async._calls.known_writes import Acknowledgements, InDoubtWrites
from agentcore_memory_async._calls.observer import observed
from agentcore_memory_async._calls.queue_lock import QueueLock
from agentcore_memory_async._calls.rate_limit import SlidingWindowLimiter, account_pace
from agentcore_memory_async._calls.write import CREATE_EVENT, Write, identity_of, log_unsent
from agentcore_memory_async._loop_time import loop_time
from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._threads import run_apart
from agentcore_memory_async._wire import event_codec, reading
from agentcore_memory_async._wire.validation import LATEST_MS
from agentcore_memory_async._wire.weight import is_large
from agentcore_memory_async.errors import (
    InvalidInputError,
    OutcomeUnknownError,
    TransportTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agentcore_memory_async._calls.queue_lock import Waiter
    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._calls.write import Identity
    from agentcore_memory_async._transport.base import Answer
    from agentcore_memory_async.models import Event
    from agentcore_memory_async.policies import RetryPolicy, ServiceLimits

IDLE_S = 60.0
"""How long the queue of a session is kept after its last write."""
MAX_SESSIONS = 1000
"""Of how many sessions the used times are remembered, beside those in use."""


class SessionQueue:
    """
    Where the writes of one actor and session wait for each other.

    Args:
        limits: Limits that pace the writes.
        times: Times of the session's events so far.
    """

    __slots__ = (
        "__weakref__",
        "_last_ms",
        "data_event_limiter",
        "lock",
        "message_event_limiter",
        "times",
    )

    def __init__(self, limits: ServiceLimits, times: UsedTimes) -> None:
        self.lock = QueueLock()
        self.message_event_limiter = SlidingWindowLimiter(limits.events_per_second)
        self.data_event_limiter = SlidingWindowLimiter(limits.other_events_per_second)
        self.times: UsedTimes = times
        self._last_ms = 0

    def time_for(self, given_ms: int | None, now_ms: int) -> int:
        """Return the time of the next event: from the given one on, or later than all before it."""
        if given_ms is not None:
            # It does not move the clock: a wrong year would stay in it.
            return self.times.free_from(given_ms)
        self._last_ms = self.times.free_from(max(now_ms, self._last_ms + 1))
        return self._last_ms


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
        self.limits = limits
        self.account_pace = account_pace(limits)
        self._clock = RisingClock(clock)
        self._in_doubt = InDoubtWrites()
        self._acknowledged = Acknowledgements()
        # Sessions in use keep their queue; the others' are kept for a while after the last write,
        # since a web handler makes its session anew for each request.
        self._queues: WeakValueDictionary[tuple[str, str], SessionQueue] = WeakValueDictionary()
        self._recent = OrderedDict[SessionQueue, float]()
        # The times outlive the queue: an import may take its time.
        self._times = OrderedDict[tuple[str, str], UsedTimes]()

    def queue(self, actor_id: str, session_id: str) -> SessionQueue:
        """Return the one queue of this actor and session."""
        key = actor_id, session_id
        queue = self._queues.get(key)
        if queue is None:
            times = self._times.get(key)
            queue = SessionQueue(self.limits, UsedTimes() if times is None else times)
            self._queues[key] = queue
        return queue

    def now_ms(self) -> int:
        """Return the time now, in milliseconds since 1970."""
        return self._clock.now_ms()

    async def write(
        self,
        queue: SessionQueue,
        ids: Mapping[str, str],
        request: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        *,
        timestamp_ms: int | None,
        client_token: str | None,
        policy: RetryPolicy,
    ) -> Event:
        """
        Write one event and return it as acknowledged.

        Args:
            queue: Queue of the session that *ids* name.
            ids: Members of CreateEvent that name memory, actor and session.
            request: The other members, less those fixed here; or, where they are large, a
                function that returns them, for a thread. The write has its place in the queue
                meanwhile.
            timestamp_ms: The event's own time, for imported history; None for now.
            client_token: The caller's token; None makes one.
            policy: How long and how often it is tried.
        """
        token = client_token or random_id()

        def build() -> tuple[Mapping[str, Any], Identity | None]:
            others = request() if callable(request) else request
            members = {**ids, **others, "clientToken": token}
            return members, identity_of(members, timestamp_ms) if client_token else None

        with self._retrier.running():
            deadline = _deadline(policy)
            waiter = queue.lock.enqueue()
            try:
                members, identity = await run_apart(build, large=callable(request))
            except BaseException as error:
                waiter.leave()
                _log_cancelled({**ids, "clientToken": token}, error)
                raise
            write = Write(
                members, policy, deadline, timestamp_ms, identity, is_large=callable(request)
            )
            return await self._perform(queue, waiter, self._in_doubt.matching(write))

    async def write_as(
        self, waiter: Waiter, queue: SessionQueue, request: Mapping[str, Any], policy: RetryPolicy
    ) -> Event:
        """
        Write one event that was enqueued before, also while the manager closes.

        Args:
            waiter: Waiter in *queue*; it is left in any case.
            queue: Queue of the session that *request* names.
            request: Members of CreateEvent with its token, less the timestamp.
            policy: How long and how often it is tried.
        """
        deadline = _deadline(policy)
        try:
            identity = await run_apart(identity_of, request, None, large=is_large(request))
        except BaseException as error:
            waiter.leave()
            _log_cancelled(request, error)
            raise
        write = Write(request, policy, deadline, identity=identity)
        return await self._perform(queue, waiter, self._in_doubt.matching(write))

    def request_in_doubt(self, token: str) -> Mapping[str, Any] | None:
        """Return the request that may have been stored under a caller's *token*."""
        return self._in_doubt.request_of(token)

    async def resolve(
        self, queue: SessionQueue, in_doubt: Mapping[str, Any] | str, policy: RetryPolicy
    ) -> Event:
        """
        Send a write again exactly as it was, which stores it at most once.

        Args:
            queue: Queue of the session that it is for.
            in_doubt: Frozen request, or the caller's token of one that was cancelled.
            policy: How long and how often it is tried.
        """
        deadline = _deadline(policy)
        if isinstance(in_doubt, str):
            known = self._in_doubt.get(in_doubt)
            write = evolve(known, policy=policy, deadline=deadline)
        else:
            write = Write(in_doubt, policy, deadline, in_doubt=True)
        request = write.request
        is_same = queue is self._queues.get((request["actorId"], request.get("sessionId", "")))
        if not is_same or request["memoryId"] != self._memory_id:
            message = "in_doubt is a write of another session or memory; resolve it there"
            raise InvalidInputError(message)
        with self._retrier.running():
            return await self._perform(queue, queue.lock.enqueue(), write)

    def _perform(self, queue: SessionQueue, waiter: Waiter, write: Write) -> Awaitable[Event]:
        performed = self._performed(queue, waiter, write)
        return observed(self._retrier.observer, CREATE_EVENT, write.request, performed)

    async def _performed(self, queue: SessionQueue, waiter: Waiter, write: Write) -> Event:
        """Send *write* in queue order; if the caller set its token, keep it while in doubt."""
        try:
            try:
                await self._wait_in_queue(waiter, write)
                write = self._frozen(queue, write)
                event = await self._send(queue, write)
            finally:
                waiter.leave()
                self._keep(queue, write.request)
        except BaseException as error:
            _log_cancelled(write.request, error)
            if not _may_be_stored(error):
                self._in_doubt.forget(write)
            elif write.identity is not None:
                cancelled = not isinstance(error, Exception)
                kept = evolve(write, in_doubt=write.is_frozen)
                self._in_doubt.remember(kept, cancelled=cancelled)
            raise
        self._in_doubt.forget(write)
        return event

    async def _wait_in_queue(self, waiter: Waiter, write: Write) -> None:
        if waiter.is_first:
            return
        with anyio.CancelScope(deadline=write.deadline) as scope:
            await waiter.acquire()
        if scope.cancelled_caught:
            reason = (
                f"after {write.policy.write_deadline:g} s in the queue of its session: "
                "other writes were in front"
            )
            error = TransportTimeoutError(CREATE_EVENT, reason, sent=False)
            if write.in_doubt:
                raise write.unknown(0) from error
            raise error

    def _frozen(self, queue: SessionQueue, write: Write) -> Write:
        """Return *write* with its time: that of the same call before, or a new one."""
        write = self._in_doubt.matching(write)  # lost while this one waited
        if write.is_frozen:
            return write
        stamp_s = self._acknowledged.time_of(write)
        if stamp_s is None:
            stamp_ms = queue.time_for(write.given_ms, self._clock.now_ms())
            if stamp_ms > LATEST_MS:
                message = (
                    "timestamp has no free millisecond between it and the end of the year 9999; "
                    "give an earlier one"
                )
                raise InvalidInputError(message)
            stamp_s = stamp_ms / 1000
        return evolve(write, request={**write.request, "eventTimestamp": stamp_s})

    async def _send(self, queue: SessionQueue, write: Write) -> Event:
        request = write.request
        has_messages = any("conversational" in item for item in request["payload"])

        def read(answer: Answer) -> Event:
            event = event_codec.read_created_event(answer.body, answer.date, request)
            if event.timestamp != reading.read_time(request["eventTimestamp"]):
                # Stored by an earlier process, or an equal turn's late duplicate.
                self._acknowledged.check(event.event_id, request["clientToken"])
            return event

        limiter = queue.message_event_limiter if has_messages else queue.data_event_limiter
        try:
            event = await self._retrier.write(write, read, limiter)
        except BaseException as error:
            if _may_be_stored(error):
                queue.times.add(round(request["eventTimestamp"] * 1000))
            raise
        queue.times.add(round(event.timestamp.timestamp() * 1000))
        self._acknowledged.note(event.event_id, write)
        return event

    def _keep(self, queue: SessionQueue, request: Mapping[str, Any]) -> None:
        """Keep *queue* and its times, and drop the queues that were idle for `IDLE_S`."""
        now = loop_time()
        key = request["actorId"], request["sessionId"]
        self._times[key] = queue.times
        self._times.move_to_end(key)
        if len(self._times) > MAX_SESSIONS:
            self._times.popitem(last=False)
        self._recent[queue] = now
        self._recent.move_to_end(queue)
        while True:
            oldest = next(iter(self._recent))
            if now - self._recent[oldest] < IDLE_S:
                return
            del self._recent[oldest]


def _may_be_stored(error: BaseException) -> bool:
    """Return whether a write that ended with *error* may be stored: it was lost or cancelled."""
    return isinstance(error, OutcomeUnknownError) or not isinstance(error, Exception)


def _log_cancelled(request: Mapping[str, Any], error: BaseException) -> None:
    """Log the ids of a write that *error* ended, unless its caller learns of that."""
    if not isinstance(error, Exception):
        log_unsent(request, "cancelled before it was acknowledged")


def _deadline(policy: RetryPolicy) -> float:
    """Return when a write that begins now ends at the latest, on the loop's clock."""
    return loop_time() + policy.write_deadline
