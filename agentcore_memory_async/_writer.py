"""
How events are written: in call order, each once, at the service's pace.

Each actor and session has one line, shared by everything that one manager writes there. A write
takes its timestamp when its turn comes, so stamps rise in the order of the calls.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakValueDictionary

import anyio

from agentcore_memory_async import _codec
from agentcore_memory_async._pace import Pace
from agentcore_memory_async.errors import TransportTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._retry import Retrier
    from agentcore_memory_async.models import Event
    from agentcore_memory_async.policies import RetryPolicy, ServiceLimits

IDLE_S = 60.0


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
        self.turn = anyio.Lock()
        self.turns_pace = Pace(limits.events_per_second)
        self.others_pace = Pace(limits.other_events_per_second)
        self._last_ms = 0

    def next_ms(self, now_ms: int) -> int:
        """Give a stamp that is later than every one before."""
        self._last_ms = max(now_ms, self._last_ms + 1)
        return self._last_ms


class Writer:
    """
    Writes events for one manager.

    Args:
        retrier: Sends the requests.
        policy: How long a write may take.
        limits: The pace.
        clock: The wall clock, in seconds since 1970.
    """

    def __init__(
        self,
        retrier: Retrier,
        policy: RetryPolicy,
        limits: ServiceLimits,
        clock: Callable[[], float],
    ) -> None:
        self._retrier = retrier
        self._policy = policy
        self._limits = limits
        self._clock = RisingClock(clock)
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
        conversational: bool,
    ) -> Event:
        """
        Write one event and return it as acknowledged.

        Args:
            line: The line of the session that *request* names.
            request: The members of CreateEvent, less those fixed here.
            timestamp_ms: The event's own time, for imported history; None for now.
            client_token: The caller's token; None makes one.
            conversational: Whether it has messages, which have a limit of their own.
        """
        token = client_token or str(uuid4())
        deadline_s = self._policy.write_deadline_s
        ends_at = anyio.current_time() + deadline_s
        with anyio.move_on_after(deadline_s) as scope:
            await line.turn.acquire()
        if scope.cancelled_caught:
            reason = f"its turn did not come in {deadline_s:g} s, other writes were before it"
            raise TransportTimeoutError("CreateEvent", reason, sent=False)
        try:
            stamp = line.next_ms(self._clock.now_ms()) if timestamp_ms is None else timestamp_ms
            frozen = {**request, "eventTimestamp": stamp / 1000, "clientToken": token}
            return await self._retrier.write(
                "CreateEvent",
                frozen,
                lambda answer: _codec.read_created_event(answer.body, answer.date),
                deadline_s=max(0.0, ends_at - anyio.current_time()),
                pace=line.turns_pace if conversational else line.others_pace,
            )
        finally:
            line.turn.release()
            self._keep(request["actorId"], request["sessionId"], line)

    def _keep(self, actor_id: str, session_id: str, line: Line) -> None:
        """Keep *line* for a while, and let go of those whose while is over."""
        now = anyio.current_time()
        key = actor_id, session_id
        self._recent.pop(key, None)
        self._recent[key] = now, line
        while True:
            oldest = next(iter(self._recent))
            if now - self._recent[oldest][0] < IDLE_S:
                return
            del self._recent[oldest]
