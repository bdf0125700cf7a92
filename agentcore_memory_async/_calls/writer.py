"""
How events are written: in call order, each once, at the service's pace.

Each actor and session has one line, shared by everything that one manager writes there. A write
takes its timestamp when its turn comes, so stamps rise in the order of the calls.
"""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakValueDictionary

import anyio

from agentcore_memory_async._calls.rate_limit import Pace
from agentcore_memory_async._wire import codec
from agentcore_memory_async.errors import (
    InvalidInputError,
    OutcomeUnknownError,
    TransportTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async.models import Event
    from agentcore_memory_async.policies import RetryPolicy, ServiceLimits

IDLE_S = 60.0
"""How long the line of a session is kept after its last write."""
LAG_S = 60.0
"""How long the service's filters may not show a write yet (sdk#564)."""
MOST_UNSETTLED = 1000


class RisingClock:
    """The wall clock in milliseconds, which never goes back even where the wall clock does."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._highest = 0

    def now_ms(self) -> int:
        """Read the clock."""
        self._highest = max(self._highest, int(self._wall() * 1000))
        return self._highest


class Line:
    """Where the writes of one actor and session wait for their turn."""

    def __init__(self, limits: ServiceLimits) -> None:
        self.turn = anyio.Lock(fast_acquire=True)
        self.turns_pace = Pace(limits.events_per_second)
        self.others_pace = Pace(limits.other_events_per_second)
        self._written_at = -inf
        self._last_ms = 0

    def written(self, now: float) -> None:
        """Note that an event was stored."""
        self._written_at = now

    def may_lag(self, now: float) -> bool:
        """Tell whether the service's filters may not show the last write yet."""
        return now - self._written_at < LAG_S

    def next_ms(self, now_ms: int) -> int:
        """Give a stamp that is later than every one before."""
        self._last_ms = max(now_ms, self._last_ms + 1)
        return self._last_ms


class Unsettled:
    """
    Writes under a caller's token that were cancelled or lost, as they were frozen.

    Without it a repeated call would carry another timestamp under the same token.
    """

    def __init__(self) -> None:
        self._requests: dict[str, Mapping[str, Any]] = {}

    def remember(self, request: Mapping[str, Any]) -> None:
        """Keep *request*; the oldest is let go of when there are too many."""
        self._requests[request["clientToken"]] = request
        if len(self._requests) > MOST_UNSETTLED:
            del self._requests[next(iter(self._requests))]

    def forget(self, request: Mapping[str, Any]) -> None:
        """Let go of what is settled; what else was frozen under its token stays."""
        if self._requests.get(request["clientToken"]) == request:
            del self._requests[request["clientToken"]]

    def get(self, token: str) -> Mapping[str, Any]:
        """Give the request with *token*."""
        request = self._requests.get(token)
        if request is None:
            message = (
                f"unsettled {token[:80]!r} is the client token of no lost or cancelled write of "
                "this manager; call add_turns() again with client_token= and the same arguments"
            )
            raise InvalidInputError(message)
        return request

    def get_same(self, request: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Give what was frozen for the same write, or else *request* itself; and which it is."""
        frozen = self._requests.get(request["clientToken"])
        if frozen is None or {**frozen, **request} != frozen:
            return request, False
        return frozen, True


class Writer:
    """
    Writes events for one manager.

    Args:
        retrier: Sends the requests.
        memory_id: The memory that is written to.
        limits: The pace.
        clock: The wall clock, in seconds since 1970.
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
        self._unsettled = Unsettled()
        # Sessions in use keep their line; the others' are kept for a while after the last write,
        # since a web handler makes its session anew for each request.
        self._lines: WeakValueDictionary[tuple[str, str], Line] = WeakValueDictionary()
        self._recent: dict[tuple[str, str], tuple[float, Line]] = {}

    def line(self, actor_id: str, session_id: str) -> Line:
        """Give the one line of this actor and session."""
        key = actor_id, session_id
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(self._limits)
        return line

    async def write(
        self,
        line: Line,
        request: Mapping[str, Any],
        *,
        timestamp_ms: int | None,
        client_token: str | None,
        policy: RetryPolicy | None = None,
    ) -> Event:
        """
        Write one event and return it as acknowledged.

        Args:
            line: The line of the session that *request* names.
            request: The members of CreateEvent, less those fixed here.
            timestamp_ms: The event's own time, for imported history; None for now.
            client_token: The caller's token; None makes one.
            policy: How long and how often; None for the manager's.
        """
        request = {**request, "clientToken": client_token or str(uuid4())}
        if timestamp_ms is not None:
            request["eventTimestamp"] = timestamp_ms / 1000
        policy = policy or self._retrier.policy
        if client_token is not None:
            request, unsettled = self._unsettled.get_same(request)
            return await self._write(line, request, policy, client_token, unsettled=unsettled)
        return await self._write(line, request, policy)

    async def resolve(
        self,
        line: Line,
        unsettled: OutcomeUnknownError | str,
        policy: RetryPolicy | None = None,
    ) -> Event:
        """
        Send a write again exactly as it was, which stores it at most once.

        Args:
            line: The line of the session that it is for.
            unsettled: The error of the write, or the caller's token of one that was cancelled.
            policy: How long and how often; None for the manager's.
        """
        if isinstance(unsettled, str):
            token, request = unsettled, self._unsettled.get(unsettled)
        else:
            token, request = None, unsettled.request
        is_same = line is self._lines.get((request["actorId"], request["sessionId"]))
        if not is_same or request["memoryId"] != self._memory_id:
            message = "unsettled is a write of another session or memory; resolve it there"
            raise InvalidInputError(message)
        policy = policy or self._retrier.policy
        return await self._write(line, request, policy, token, unsettled=True)

    async def _write(
        self,
        line: Line,
        request: Mapping[str, Any],
        policy: RetryPolicy,
        token: str | None = None,
        *,
        unsettled: bool = False,
    ) -> Event:
        """Write when its turn comes; a caller's *token* is remembered while it is unsettled."""
        with self._retrier.running():
            ends_at = anyio.current_time() + policy.write_deadline_s
            try:
                await self._wait_for_turn(line, request, policy, unsettled=unsettled)
                try:
                    if token is not None and not unsettled:  # lost while this one waited
                        request, unsettled = self._unsettled.get_same(request)
                    request = self._stamped(line, request)
                    event = await self._send(line, request, policy, ends_at, unsettled=unsettled)
                finally:
                    line.turn.release()
                    self._keep(line, request)
            except BaseException as error:
                is_unknown = isinstance(error, OutcomeUnknownError)
                if token is not None and (is_unknown or not isinstance(error, Exception)):
                    self._unsettled.remember(request)
                elif not is_unknown:
                    self._unsettled.forget(request)
                raise
            self._unsettled.forget(request)
            return event

    async def _wait_for_turn(
        self, line: Line, request: Mapping[str, Any], policy: RetryPolicy, *, unsettled: bool
    ) -> None:
        with anyio.move_on_after(policy.write_deadline_s) as scope:
            await line.turn.acquire()
        if scope.cancelled_caught:
            reason = (
                f"its turn did not come in {policy.write_deadline_s:g} s, "
                "other writes were before it"
            )
            error = TransportTimeoutError("CreateEvent", reason, sent=False)
            if unsettled:
                token = request["clientToken"]
                raise OutcomeUnknownError("CreateEvent", token, 0, request) from error
            raise error

    def _stamped(self, line: Line, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Freeze *request*: from here on it has its timestamp."""
        if "eventTimestamp" in request:
            # One that the caller gave does not move the clock: a wrong year would stay in it.
            return request
        stamp_ms = line.next_ms(self._clock.now_ms())
        return {**request, "eventTimestamp": stamp_ms / 1000}

    async def _send(
        self,
        line: Line,
        request: Mapping[str, Any],
        policy: RetryPolicy,
        ends_at: float,
        *,
        unsettled: bool,
    ) -> Event:
        conversational = any("conversational" in item for item in request["payload"])
        event = await self._retrier.write(
            "CreateEvent",
            request,
            lambda answer: codec.read_created_event(answer.body, answer.date, request),
            policy=policy,
            remaining_s=max(0.0, ends_at - anyio.current_time()),
            pace=line.turns_pace if conversational else line.others_pace,
            unsettled=unsettled,
        )
        line.written(anyio.current_time())
        return event

    def _keep(self, line: Line, request: Mapping[str, Any]) -> None:
        """Keep *line* for a while, and let go of those whose while is over."""
        now = anyio.current_time()
        key = request["actorId"], request["sessionId"]
        self._recent.pop(key, None)
        self._recent[key] = now, line
        while True:
            oldest = next(iter(self._recent))
            if now - self._recent[oldest][0] < IDLE_S:
                return
            del self._recent[oldest]
