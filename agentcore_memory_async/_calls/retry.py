"""
One call, tried until it has an answer or a reason to stop.

A write has three outcomes: acknowledged (returns), rejected (raises what the service said: never
stored) or unknown (``OutcomeUnknownError``: an answer was lost, so it may have been stored).
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from agentcore_memory_async._calls.flow_control import Gate, Outcome
from agentcore_memory_async._transport.base import Sending, noting
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    CertificateError,
    ClosedError,
    ConflictError,
    DecodeError,
    ForkedError,
    InvalidInputError,
    OutcomeUnknownError,
    ServiceError,
    ServiceUnavailableError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
    ValidationError,
    WrongLoopError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from agentcore_memory_async._calls.rate_limit import Pace
    from agentcore_memory_async._calls.service_clock import ServiceClock
    from agentcore_memory_async._transport.base import Answer, Transport
    from agentcore_memory_async._transport.lifecycle import Lifecycle
    from agentcore_memory_async.policies import RetryPolicy

T = TypeVar("T")


REQUEST_TIMEOUT = 408
MISTAKES = (ClosedError, ForkedError, InvalidInputError, WrongLoopError)
"""What is raised instead of sending anything."""


def is_passing(error: AgentCoreMemoryError) -> bool:
    """Tell whether the same request may succeed a little later."""
    if isinstance(error, ConflictError):
        return error.code == "RetryableConflictException"
    if isinstance(error, ServiceError) and error.status == REQUEST_TIMEOUT:
        return True
    if isinstance(error, CertificateError):
        return False
    return isinstance(
        error, TransportError | DecodeError | ThrottledError | ServiceUnavailableError
    )


def may_have_run(error: AgentCoreMemoryError) -> bool:
    """Tell whether the service may have done what it was asked, in spite of *error*."""
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, ServiceError) and error.status == REQUEST_TIMEOUT:
        return True
    return isinstance(error, DecodeError | ServiceUnavailableError)


def outcome_of(error: AgentCoreMemoryError) -> Outcome:
    """Say what *error* tells about the service: that it is well, too busy, or not well."""
    if isinstance(error, ThrottledError):
        return Outcome.THROTTLED
    return Outcome.FAILED if is_passing(error) else Outcome.ANSWERED


def backoff_bound(policy: RetryPolicy, error: AgentCoreMemoryError, attempt: int) -> float:
    """Give the longest wait after attempt number *attempt* (1 is the first), in seconds."""
    throttled = isinstance(error, ThrottledError)
    first = policy.throttled_backoff_s if throttled else policy.backoff_s
    return min(policy.max_backoff_s, first * 2.0 ** min(attempt - 1, 30))


class Retrier:
    """
    Sends requests through the transport, under a policy.

    Args:
        transport: The seam to the network.
        policy: How long and how often, where a call has no policy of its own.
        lifecycle: Says whether requests may be sent at all.
        hint: Says what to do next about an error of the service.
        max_concurrency: How many requests of one operation may be under way.
        clock: Where the dates of the answers are noted.
    """

    def __init__(
        self,
        transport: Transport,
        policy: RetryPolicy,
        lifecycle: Lifecycle,
        hint: Callable[[ServiceError], str],
        max_concurrency: int,
        clock: ServiceClock,
    ) -> None:
        self.policy = policy
        self._transport = transport
        self._lifecycle = lifecycle
        self._hint = hint
        self._max_concurrency = max_concurrency
        self._clock = clock
        self._gates: dict[str, Gate] = {}
        self._running = 0
        self._idle = anyio.Event()
        self._stopped = False
        self._random = random.Random()

    @contextmanager
    def running(self) -> Generator[None]:
        """Count a call from its first moment, if anything may be sent: closing waits for it."""
        self._lifecycle.check()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def read(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Answer], T],
        policy: RetryPolicy | None = None,
    ) -> T:
        """Send a request that changes nothing."""
        policy = policy or self.policy
        call = _Call(operation, params, policy, policy.read_deadline_s)
        with self.running():
            return await self._try(call, reader, call.deadline_s)

    async def write(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Answer], T],
        *,
        policy: RetryPolicy,
        remaining_s: float,
        pace: Pace,
        unsettled: bool,
    ) -> T:
        """
        Send a frozen request with a client token, until its outcome is known; while `running`.

        One that is *unsettled* was sent before: only an answer about it says what became of it.
        """
        call = _Call(operation, params, policy, policy.write_deadline_s, pace)
        try:
            return await self._try(call, reader, remaining_s)
        except Exception as error:
            # Also when closed meanwhile, or a hook has a bug: what may have been stored needs a
            # token to settle it. What is invalid now was so before: the request is the same.
            if isinstance(error, ValidationError) or not (unsettled or call.may_have_run):
                raise
            token = params["clientToken"]
            raise OutcomeUnknownError(operation, token, call.attempts, params) from error

    async def drain(self, timeout_s: float) -> None:
        """Wait until no call is running, or for *timeout_s* seconds; then none is sent any more."""
        with anyio.move_on_after(timeout_s):
            while self._running:
                self._idle = anyio.Event()
                await self._idle.wait()
        self._stopped = True

    async def _try(self, call: _Call, reader: Callable[[Answer], T], remaining_s: float) -> T:
        with anyio.move_on_after(remaining_s) as scope:
            while True:
                try:
                    return await self._attempt(call, reader)
                except AgentCoreMemoryError as error:
                    call.failed(error)
                    if not call.may_go_on(error):
                        break
                    wait_s = call.wait_s(error, self._random)
                    if anyio.current_time() + wait_s >= scope.deadline:
                        break  # rather now than after a wait in vain
                except MISTAKES:
                    call.not_sent()
                    raise
                await anyio.sleep(wait_s)
        final = call.final_error()
        if isinstance(final, ServiceError):
            final.attempts = call.attempts
            final.hint = self._hint(final)
        raise final

    async def _attempt(self, call: _Call, reader: Callable[[Answer], T]) -> T:
        """Send one request when its turn has come, and read its answer."""
        gate = self._gates.get(call.operation)
        if gate is None:
            gate = self._gates[call.operation] = Gate(self._max_concurrency)
        if call.is_retry_after_failure:
            gate.retrying()
        if call.pace is not None:
            wait_s = call.pace.wait_s(anyio.current_time())
            if wait_s:
                await anyio.sleep(wait_s)
        async with gate.request(call.pace) as ticket:
            if self._stopped:
                raise ClosedError("closed while the call was waiting to be sent; make a new one")
            call.sending()
            try:
                with anyio.fail_after(call.policy.attempt_timeout_s):
                    result = reader(await self._send(call))
            except TimeoutError as error:
                if isinstance(error, AgentCoreMemoryError):
                    ticket.outcome = outcome_of(error)
                    raise
                ticket.outcome = Outcome.FAILED
                reason = f"none came in {call.policy.attempt_timeout_s:g} s"
                raise TransportTimeoutError(
                    call.operation, reason, sent=call.sending_now.sent
                ) from None
            except AgentCoreMemoryError as error:
                ticket.outcome = outcome_of(error)
                raise
            finally:
                if call.pace is not None:
                    call.pace.ended(anyio.current_time())
            ticket.outcome = Outcome.ANSWERED
            return result

    async def _send(self, call: _Call) -> Answer:
        """Send one request, and date its answer."""
        sent_at = anyio.current_time()
        earlier_at = self._clock.sending(call.token, sent_at)
        try:
            with noting(call.sending_now):
                answer = await self._transport(call.operation, call.params)
        except BaseException as error:
            refused = isinstance(error, AgentCoreMemoryError) and not may_have_run(error)
            if earlier_at is None and (refused or not call.sending_now.sent):
                self._clock.not_taken(call.token)
            raise
        first_at = sent_at if earlier_at is None else earlier_at
        return self._clock.answered(answer, first_at, anyio.current_time())


class _Call:
    """What is known of one call while it is tried."""

    def __init__(
        self,
        operation: str,
        params: Mapping[str, Any],
        policy: RetryPolicy,
        deadline_s: float,
        pace: Pace | None = None,
    ) -> None:
        self.operation = operation
        self.params = params
        self.policy = policy
        self.deadline_s = deadline_s
        self.pace = pace
        self.attempts = 0
        self.sending_now = Sending()
        self._in_flight = False
        self._may_have_run = False
        self._last: AgentCoreMemoryError | None = None

    @property
    def token(self) -> str | None:
        return self.params.get("clientToken") if self.operation == "CreateEvent" else None

    @property
    def is_retry_after_failure(self) -> bool:
        return self._last is not None and outcome_of(self._last) is Outcome.FAILED

    @property
    def may_have_run(self) -> bool:
        return self._may_have_run or (self._in_flight and self.sending_now.sent)

    def sending(self) -> None:
        self.attempts += 1
        self.sending_now = Sending()
        self._in_flight = True

    def not_sent(self) -> None:
        self._in_flight = False

    def failed(self, error: AgentCoreMemoryError) -> None:
        self._in_flight = False
        self._last = error
        self._may_have_run = self._may_have_run or may_have_run(error)

    def may_go_on(self, error: AgentCoreMemoryError) -> bool:
        most = self.policy.max_attempts
        return is_passing(error) and (most is None or self.attempts < most)

    def wait_s(self, error: AgentCoreMemoryError, source: random.Random) -> float:
        """Draw the wait before the next attempt."""
        asked = error.retry_after_s if isinstance(error, ServiceError) else None
        bound = backoff_bound(self.policy, error, self.attempts)
        return (asked or 0.0) + source.uniform(0, bound)

    def final_error(self) -> AgentCoreMemoryError:
        """Give what to raise: the last error, or that the deadline came first."""
        if self._in_flight:
            reason = f"none came in {self.deadline_s:g} s"
            return TransportTimeoutError(self.operation, reason, sent=self.sending_now.sent)
        if self._last is None:
            reason = f"it was not sent in {self.deadline_s:g} s, others were before it"
            return TransportTimeoutError(self.operation, reason, sent=False)
        return self._last
