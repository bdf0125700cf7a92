"""
Where probes ask: requests at a polite pace, waits by the run's clock, and nothing beyond the plan.

A request is tried again by the client itself. What still has no answer ends the probe, whose
verdicts are inconclusive then.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeGuard

from attrs import define, field, frozen

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.errors import (
    AccessDeniedError,
    AgentCoreMemoryError,
    ConflictError,
    QuotaExceededError,
    ServiceError,
    ServiceUnavailableError,
    ThrottledError,
)
from agentcore_memory_async.verify._asking.reply import (
    NoAnswerError,
    OverPlanError,
    Refusal,
    Reply,
    without_ids,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._transport.base import Transport
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.verify._asking.meter import Meter
    from agentcore_memory_async.verify._asking.timer import Timer

ROOT = "/verify/{actorId}/"
"""Template of the namespace path of a run's records."""
_TRIES = 4
"""How often a request is made that fails though the client tries it again."""
_BARE_TRIES = 10
"""How often a request is made that the client would not try again."""
_PAUSE_S = 2.0
"""Seconds before another try of what was throttled."""
_WRITES = ("CreateEvent", "DeleteEvent")
"""Operations that the service takes 5 times a second from a session (quotas of 2026-09-26)."""
_WRITE_INTERVAL_S = 0.25
"""Seconds between two writes to a session: less than the service's quota."""
_INTERVAL_S = 0.05
"""Seconds between any two requests: 20 a second, the least quota for what is asked."""
_UNANSWERED = (
    AccessDeniedError,
    ConflictError,
    QuotaExceededError,
    ServiceUnavailableError,
    ThrottledError,
)
"""Errors that answer no question: they depend on the account or the moment."""


@frozen
class Target:
    """
    Where a strategy of the memory files the run's records.

    Attributes:
        kind: Type of the strategy.
        strategy_id: Strategy id.
        namespace: Namespace, resolved.
        keeps_key: Whether its schema has the run's key, as STRICTLY_CONSISTENT.
    """

    kind: str
    strategy_id: str
    namespace: str
    keeps_key: bool


@define
class Desk:
    """
    Where the probes of a run ask.

    Attributes:
        manager: Manager of the memory.
        send: Transport that sends a request once, for bursts and for what the client refuses.
        meter: Counts the requests.
        timer: Time of the run.
        wall: Function that returns the time as seconds since 1970, for timestamps.
        actor_id: Actor of the run.
        targets: Where strategies file the run's records.
        paths: Namespace paths of all records of the run.
        key: Metadata key of the run.
        used_token: When a client token was used, the event's members, and its id, for later probes.
        owns_memory: Whether the memory is the run's own, so that it has no actors of others.
        known: Times in seconds after which a write is seen, by what shows it.
        left: Number of requests of each operation that the present probe may make, retries aside.
    """

    manager: AsyncMemorySessionManager
    send: Transport
    meter: Meter
    timer: Timer
    wall: Callable[[], float]
    actor_id: str
    targets: tuple[Target, ...]
    paths: tuple[str, ...]
    key: str
    owns_memory: bool = True
    used_token: tuple[float, dict[str, Any], str] | None = None
    known: dict[str, float] = field(factory=dict[str, float])
    left: Counter[str] = field(factory=Counter[str])
    _next: dict[str, float] = field(factory=dict[str, float], init=False)

    @property
    def root(self) -> str:
        """Namespace path of the records that the run writes by itself."""
        return ROOT.replace("{actorId}", self.actor_id)

    def new_session(self) -> str:
        """Return the id of a new session."""
        return f"verify-{random_id()}"

    async def ask(self, operation: str, **params: Any) -> Reply:
        """
        Make one request of the run's actor, again until it is answered.

        Raises:
            NoAnswerError: It has no answer that tells anything.
            LimitReachedError: The run has made its requests, or its time is over.
        """
        if operation in {"CreateEvent", "BatchCreateMemoryRecords"}:
            params.setdefault("clientToken", random_id())
        await self._admit(operation, str(params.get("sessionId", "")))
        before, sent_at = self.meter.total, self.timer.now()
        for number in itertools.count(1):
            try:
                body = await self.manager.call(operation, params)
            except AgentCoreMemoryError as error:
                if _is_refusal(error):
                    return self._reply({}, _refusal(error), sent_at, before)
                await self._rest(operation, error, is_last=number == _TRIES)
            else:
                return self._reply(body, None, sent_at, before)
        raise AssertionError

    async def accepted(self, operation: str, **params: Any) -> Reply:
        """Make one request that must be accepted, as `ask` does."""
        reply = await self.ask(operation, **params)
        if reply.refusal is not None:
            message = f"{operation} was refused: {reply.refusal}"
            raise NoAnswerError(message)
        return reply

    async def once(self, operation: str, **params: Any) -> dict[str, Any] | AgentCoreMemoryError:
        """Send one request once, past the client's checks; return its answer, or its error."""
        self._take(operation)
        return await self._send(operation, params)

    async def bare(self, operation: str, **params: Any) -> Reply:
        """
        Make one request past the client's checks, as `ask` does: it would refuse it unsent.

        Raises:
            NoAnswerError: It has no answer that tells anything.
            LimitReachedError: The run has made its requests, or its time is over.
        """
        await self._admit(operation, str(params.get("sessionId", "")))
        before, sent_at = self.meter.total, self.timer.now()
        for number in itertools.count(1):
            answer = await self._send(operation, params)
            if isinstance(answer, dict):
                return self._reply(answer, None, sent_at, before)
            if _is_refusal(answer):
                return self._reply({}, _refusal(answer), sent_at, before)
            await self._rest(operation, answer, is_last=number == _BARE_TRIES)
        raise AssertionError

    async def _rest(self, operation: str, error: AgentCoreMemoryError, *, is_last: bool) -> None:
        """Wait before another try, unless there is none."""
        if is_last or isinstance(error, AccessDeniedError | QuotaExceededError):
            code = error.code if isinstance(error, ServiceError) else type(error).__name__
            message = f"{operation} failed: {code}"
            raise NoAnswerError(message) from error
        await self.timer.wait(_PAUSE_S if isinstance(error, ThrottledError) else 0.0)

    async def _send(
        self, operation: str, params: dict[str, Any]
    ) -> dict[str, Any] | AgentCoreMemoryError:
        request = {"memoryId": self.manager.memory_id, **params}
        try:
            return (await self.send(operation, request)).body
        except AgentCoreMemoryError as error:
            return error

    def _reply(
        self, body: dict[str, Any], refusal: Refusal | None, sent_at: float, before: int
    ) -> Reply:
        return Reply(body, refusal, sent_at, self.timer.now(), self.meter.total - before)

    async def write(self, session_id: str, text: str, **params: Any) -> Reply:
        """Store an event that nothing is extracted from, and that must be accepted."""
        return await self.accepted("CreateEvent", **self.event(session_id, text), **params)

    def event(self, session_id: str, text: str) -> dict[str, Any]:
        """Return the members of an event that nothing is extracted from."""
        return {
            "actorId": self.actor_id,
            "sessionId": session_id,
            "eventTimestamp": int(self.wall()),
            "payload": [{"blob": text}],
        }

    async def events(self, session_id: str, **params: Any) -> tuple[Reply, list[dict[str, Any]]]:
        """Return the events of a session, as far as one page has them."""
        where = {"actorId": self.actor_id, "sessionId": session_id, "maxResults": 100}
        reply = await self.accepted("ListEvents", **where | params)
        return reply, reply.body.get("events") or []

    async def records(
        self, operation: str = "ListMemoryRecords", **params: Any
    ) -> tuple[Reply, list[dict[str, Any]]]:
        """Return a page of records."""
        reply = await self.accepted(operation, **params)
        return reply, reply.body.get("memoryRecordSummaries") or []

    async def settle(self, what: str) -> None:
        """
        Wait until a write is seen by *what*, such as ``event_lists``.

        Raises:
            NoAnswerError: Nobody knows how long that takes.
        """
        if what not in self.known:
            message = f"it is not known how long {what.replace('_', ' ')} miss a write"
            raise NoAnswerError(message)
        await self.timer.wait(
            self.known[what], f"{what.replace('_', ' ')} to show what was written"
        )

    def grant(self, calls: Mapping[str, int]) -> None:
        """Let the next probe make these requests."""
        self.left = Counter(calls)

    async def _admit(self, operation: str, session_id: str) -> None:
        self._take(operation)
        writes = operation in _WRITES
        keys = {"": _INTERVAL_S} | ({session_id: _WRITE_INTERVAL_S} if writes else {})
        await self.timer.wait(max(self._next.get(key, 0.0) for key in keys) - self.timer.now())
        for key, interval in keys.items():
            self._next[key] = self.timer.now() + interval

    def _take(self, operation: str) -> None:
        if not self.left[operation]:
            message = f"the probe has made its {operation} requests"
            raise OverPlanError(message)
        self.left[operation] -= 1


def _is_refusal(error: AgentCoreMemoryError) -> TypeGuard[ServiceError]:
    return isinstance(error, ServiceError) and not isinstance(error, _UNANSWERED)


def _refusal(error: ServiceError) -> Refusal:
    return Refusal(error.code, error.status, without_ids(error.message))
