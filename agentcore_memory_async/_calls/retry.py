"""
One call, tried until it has an answer or a reason to stop.

A write has three outcomes: acknowledged (returns), rejected (raises what the service said: never
stored) or unknown (``OutcomeUnknownError``: an answer was lost, so it may have been stored).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from agentcore_memory_async._calls.absence import SHARED_S, Absence, is_absent
from agentcore_memory_async._calls.backoff import growing_bound
from agentcore_memory_async._calls.endable import EndableWaits
from agentcore_memory_async._calls.flow_control import Admission, Outcome, Permit
from agentcore_memory_async._calls.settling import is_rejected, settle_by_answer
from agentcore_memory_async._calls.wait_clock import Held
from agentcore_memory_async._calls.write import CREATE_EVENT, log_cancelled
from agentcore_memory_async._collector import RestingCollector
from agentcore_memory_async._loop_time import loop_time
from agentcore_memory_async._redaction import sent_texts
from agentcore_memory_async._service_errors import is_clock_at_fault, is_token_expired, leave_out
from agentcore_memory_async._threads import run_apart
from agentcore_memory_async._transport.base import SendState, track_send_state
from agentcore_memory_async._wire.echoes import check_answer
from agentcore_memory_async._wire.weight import is_large
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    AnswerMismatchError,
    CertificateError,
    ClientTokenInUseError,
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
    WrongLoopError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._calls.rate_limit import SlidingWindowLimiter
    from agentcore_memory_async._calls.service_clock import ServiceClock
    from agentcore_memory_async._calls.settling import Settle
    from agentcore_memory_async._calls.wait_clock import WaitClock
    from agentcore_memory_async._calls.write import Write
    from agentcore_memory_async._transport.base import Answer, Transport
    from agentcore_memory_async._transport.lifecycle import Lifecycle
    from agentcore_memory_async.policies import RetryPolicy

T = TypeVar("T")

REQUEST_TIMEOUT = 408
"""HTTP status that says nothing of whether the request was done."""
ALIVE_BACKOFF = 1.0
"""Longest wait before a retry, in seconds, while other calls of the operation succeed."""
LONGEST_RETRY_AFTER = 300.0
"""Longest wait that the service is believed to ask for, in seconds."""
MISTAKES = (ClosedError, ForkedError, InvalidInputError, WrongLoopError)
"""What is raised instead of sending anything."""


def is_retryable(error: AgentCoreMemoryError, *, is_change: bool = False) -> bool:
    """
    Return whether the same request may succeed a little later.

    A read would get an answer of the wrong shape again. What changes something is sent again, since
    only an answer about it acknowledges it. A call that found nothing listening has given the
    service its time.
    """
    if isinstance(error, DecodeError) and error.parsed:
        return is_change
    if isinstance(error, ConflictError):
        return error.code == "RetryableConflictException"
    if isinstance(error, ServiceError) and error.status == REQUEST_TIMEOUT:
        return True
    if isinstance(error, CertificateError) or is_absent(error):
        return False
    return isinstance(
        error, TransportError | DecodeError | ThrottledError | ServiceUnavailableError
    )


def is_signed_anew(error: AgentCoreMemoryError) -> bool:
    """Return whether the same request, with a new signature, may be accepted: it never ran."""
    return isinstance(error, ServiceError) and (is_token_expired(error) or is_clock_at_fault(error))


def may_have_run(error: AgentCoreMemoryError) -> bool:
    """Return whether the service may have done what it was asked, in spite of *error*."""
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, ServiceError) and error.status == REQUEST_TIMEOUT:
        return True
    return isinstance(error, DecodeError | ServiceUnavailableError)


def outcome_of(error: AgentCoreMemoryError) -> Outcome:
    """Return what *error* means for the service: it is well, too busy, failing, or not there."""
    if is_absent(error):
        return Outcome.CANCELLED
    if isinstance(error, ThrottledError):
        return Outcome.THROTTLED
    if isinstance(error, AnswerMismatchError):
        return Outcome.ANSWERED  # the connection is at fault
    return Outcome.FAILED if is_retryable(error, is_change=True) else Outcome.ANSWERED


def backoff_bound(policy: RetryPolicy, error: AgentCoreMemoryError, attempt: int) -> float:
    """Return the longest wait after attempt number *attempt* (1 is the first), in seconds."""
    if is_absent(error):
        return SHARED_S
    throttled = isinstance(error, ThrottledError)
    first = policy.throttled_backoff if throttled else policy.backoff
    return growing_bound(first, policy.max_backoff, attempt)


def asked_wait(error: AgentCoreMemoryError) -> float:
    """Return the wait that the service asked for, in seconds; 0 if it is none to be believed."""
    asked = error.retry_after_s if isinstance(error, ServiceError) else None
    return asked if asked is not None and 0 <= asked <= LONGEST_RETRY_AFTER else 0.0


class Retrier:
    """
    Sends requests through the transport, under a policy.

    Args:
        transport: Seam to the network.
        lifecycle: Whether requests may be sent at all.
        hint: Returns what to do next about an error of the service.
        max_concurrency: Largest number of requests of one operation under way.
        clock: Notes the dates of the answers.
        wait_clock: The clock of waits; each call holds it.
    """

    def __init__(
        self,
        transport: Transport,
        lifecycle: Lifecycle,
        hint: Callable[[ServiceError], str],
        max_concurrency: int,
        clock: ServiceClock,
        wait_clock: WaitClock,
    ) -> None:
        self._transport = transport
        self._lifecycle = lifecycle
        self._hint = hint
        self._max_concurrency = max_concurrency
        self._clock = clock
        self._wait_clock = wait_clock
        self._admissions: dict[str, Admission] = {}
        self._running = 0
        self._idle: anyio.Event | None = None
        self.waits = EndableWaits("manager")  # those of calls and between them
        self._absence = Absence()
        # Without a state: processes that go on from one snapshot would all wait equally long.
        self._random: random.Random = random.SystemRandom()

    def running(self) -> Held:
        """Count a call in the block, if anything may be sent: closing waits for it."""
        self._lifecycle.check()
        return Held(self)

    def hold(self) -> None:
        """Count a call, which holds the clock of waits."""
        self.count()
        self._wait_clock.hold()

    def release(self) -> None:
        """Count it no longer."""
        self._wait_clock.release()
        self.uncount()

    def count(self) -> None:
        """Count a call that may begin while the manager closes."""
        self._running += 1

    def uncount(self) -> None:
        """Count it no longer."""
        self._running -= 1
        if not self._running and self._idle is not None:
            self._idle.set()

    async def read(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Answer], T],
        policy: RetryPolicy,
    ) -> T:
        """Send a request that changes nothing, and read its answer."""
        call = _Call(operation, params, policy, policy.read_deadline, is_read=True)
        with self.running():
            return await self._try(call, reader, loop_time() + call.deadline_s)

    async def write(
        self, write: Write, reader: Callable[[Answer], T], limiter: SlidingWindowLimiter
    ) -> T:
        """Send a frozen request until its outcome is known; inside of `running`."""
        policy, large = write.policy, write.is_large
        limit_s = policy.write_deadline
        call = _Call(CREATE_EVENT, write.request, policy, limit_s, limiter, large=large)
        try:
            return await self._try(call, reader, write.deadline)
        except Exception as error:
            # Also when closed meanwhile, or a hook has a bug: what may have been stored needs a
            # token to settle it.
            if is_rejected(error) or not (write.in_doubt or call.may_have_run):
                raise
            raise write.unknown(call.attempts) from error

    async def change(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Answer], T],
        policy: RetryPolicy,
        *,
        settle: Settle[T] = settle_by_answer,
        client_token: str | None = None,
    ) -> T:
        """
        Send a request that does the same once or twice, until its outcome is known.

        It is a request with a client token, or one that sets or deletes.

        Args:
            operation: Wire name.
            params: Members of the request.
            reader: Reads its answer.
            policy: How long and how often it is tried.
            settle: Judges what came last, where an earlier attempt may have made the change.
            client_token: Token that its caller knows it by; that of the request if omitted.
        """
        call = _Call(operation, params, policy, policy.write_deadline, client_token=client_token)
        with self.running():
            try:
                last: T | Exception = await self._try(call, reader, loop_time() + call.deadline_s)
            except Exception as error:
                if not call.may_have_run:
                    raise
                last = error
            except BaseException:
                if call.may_have_run and call.client_token is not None:
                    log_cancelled(operation, call.client_token)
                raise
        if not isinstance(last, Exception) and not call.may_have_run:
            return last
        unknown = OutcomeUnknownError(operation, call.client_token, call.attempts, params)
        return settle(last, unknown)

    async def drain(self, timeout_s: float) -> None:
        """Wait until no call runs, or for *timeout_s* seconds; then no call waits or sends."""
        try:
            with anyio.move_on_after(timeout_s):
                while self._running:
                    self._idle = anyio.Event()
                    await self._idle.wait()
        finally:
            self.waits.end()

    async def _try(self, call: _Call, reader: Callable[[Answer], T], deadline: float) -> T:
        admission = self._admission(call.operation)
        while True:
            try:
                return await self._attempt(call, admission, reader, deadline)
            except _DeadlineReached:
                break
            except AgentCoreMemoryError as error:
                call.failed(error)
                if not call.may_go_on(error):
                    break
                wait_s = call.wait_s(error, admission.failures, self._random)
                ends_at = self._absence.ends_at if is_absent(error) else deadline
                if loop_time() + wait_s >= min(ends_at, deadline):
                    break  # the next attempt would come after the deadline
            except MISTAKES:
                call.not_sent()
                raise
            await self.waits.sleep(wait_s)
        final = call.final_error()
        if isinstance(final, ServiceError):
            final.attempts = call.attempts
            texts = sent_texts(call.params)
            await run_apart(leave_out, final, texts, large=call.is_large)
            final.hint = final.hint or self._hint(final)
        raise final

    def _admission(self, operation: str) -> Admission:
        admission = self._admissions.get(operation)
        if admission is None:
            admission = self._admissions[operation] = Admission(self._max_concurrency, self.waits)
        return admission

    async def _attempt(
        self, call: _Call, admission: Admission, reader: Callable[[Answer], T], deadline: float
    ) -> T:
        """Send one request once it is admitted, and read its answer."""
        if call.limiter is not None:
            now = loop_time()
            if wait_s := call.limiter.wait_s(now):
                await self.waits.sleep(min(wait_s, deadline - now))
                if now + wait_s >= deadline:
                    raise _DeadlineReached
        is_retry = call.is_retry_after_failure
        permit = await admission.admit(deadline, call.limiter, is_retry=is_retry)
        if permit is None:
            raise _DeadlineReached
        try:
            return await self._admitted(call, permit, reader, deadline)
        finally:
            call.collector.resume()  # out here, where the JSON of the answer is gone
            admission.ended(permit)

    async def _admitted(
        self, call: _Call, permit: Permit, reader: Callable[[Answer], T], deadline: float
    ) -> T:
        """Send one request, and read its answer."""
        self.waits.check()
        now = loop_time()
        ends_at = min(deadline, now + call.policy.attempt_timeout)
        call.sending(ends_at - now)
        was_seen = True
        try:
            with anyio.CancelScope(deadline=ends_at):
                answer = await self._send(call)
                result = await run_apart(reader, answer, large=answer.is_large or call.is_large)
                permit.outcome = Outcome.ANSWERED
                call.answered()
                return result
            raise TimeoutError if ends_at < deadline else _DeadlineReached
        except (AgentCoreMemoryError, TimeoutError) as error:
            lost = error if isinstance(error, AgentCoreMemoryError) else call.timed_out()
            permit.outcome = call.outcome_of(lost)
            was_seen = not is_absent(lost)
            if lost is error:
                raise
            raise lost from None
        finally:
            if call.limiter is not None and was_seen:
                call.limiter.ended(loop_time())

    async def _send(self, call: _Call) -> Answer:
        """Send one request, and date its answer."""
        self._absence.check(call.operation)
        sent_at = self._wait_clock.now()
        earlier_at = self._clock.sending(call.event_token, sent_at)
        try:
            with track_send_state(call.send_state):
                answer = await self._transport(call.operation, call.params)
            checked = call.operation, call.params, answer.body
            await run_apart(check_answer, *checked, large=answer.is_large)
        except BaseException as error:
            self._absence.note(error)
            refused = isinstance(error, AgentCoreMemoryError) and not may_have_run(error)
            if earlier_at is None and (refused or not call.send_state.sent):
                self._clock.not_taken(call.event_token)
            raise
        first_at = sent_at if earlier_at is None else earlier_at
        return self._clock.answered(answer, first_at, self._wait_clock.now())


class _DeadlineReached(Exception):  # noqa: N818 - never raised beyond this module
    """The deadline of a call has come; its state says what that means for it."""


class _Call:
    """The state of one call while it is tried."""

    def __init__(
        self,
        operation: str,
        params: Mapping[str, Any],
        policy: RetryPolicy,
        deadline_s: float,
        limiter: SlidingWindowLimiter | None = None,
        *,
        is_read: bool = False,
        client_token: str | None = None,
        large: bool | None = None,
    ) -> None:
        self.operation = operation
        self.params = params
        self.is_large = is_large(params) if large is None else large  # once, not for each attempt
        self.policy = policy
        self.deadline_s = deadline_s
        self.limiter = limiter
        self.is_read = is_read
        self.client_token: str | None = client_token or params.get("clientToken")
        self.attempts = 0
        self.collector = RestingCollector()
        self.send_state = SendState()
        self._in_flight = False
        self._may_have_run = False
        self._last: AgentCoreMemoryError | None = None
        self._last_outcome = Outcome.ANSWERED
        self._other = ""
        self._is_token_in_use = False
        self._was_signed_anew = False

    @property
    def event_token(self) -> str | None:
        return self.client_token if self.operation == CREATE_EVENT else None

    @property
    def is_retry_after_failure(self) -> bool:
        return self._last_outcome is Outcome.FAILED

    @property
    def may_have_run(self) -> bool:
        return self._may_have_run or (self._in_flight and self.send_state.sent)

    def sending(self, timeout_s: float) -> None:
        self.attempts += 1
        collector = None if self.is_large else self.collector
        self.send_state = SendState(timeout_s, is_large=self.is_large, collector=collector)
        self._in_flight = True

    def not_sent(self) -> None:
        self._in_flight = False

    def answered(self) -> None:
        self._in_flight = False
        self._note_sent_twice()

    def timed_out(self) -> TransportTimeoutError:
        reason = f"after {self.policy.attempt_timeout:g} s in one attempt"
        return TransportTimeoutError(self.operation, reason, sent=self.send_state.sent)

    def outcome_of(self, error: AgentCoreMemoryError) -> Outcome:
        """Return what *error* means for the service; a lost connection that was kept: nothing."""
        if self.send_state.is_kept and isinstance(error, TransportError):
            return Outcome.CANCELLED
        return outcome_of(error)

    def failed(self, error: AgentCoreMemoryError) -> None:
        self._in_flight = False
        self._last = error
        self._last_outcome = self.outcome_of(error)
        self._note_sent_twice()
        self._may_have_run = self._may_have_run or may_have_run(error)
        if isinstance(error, DecodeError):
            # The next answers on the same connections may be just as wrong.
            self.send_state.drop_connections()
        if isinstance(error, AnswerMismatchError) and error.other_id and self.client_token:
            # A stray answer does not come again on a fresh connection.
            self._is_token_in_use = error.other_id == self._other
            self._other = error.other_id

    def _note_sent_twice(self) -> None:
        # The answer may be to the second of two requests, such as that there is nothing to delete.
        self._may_have_run = self._may_have_run or self.send_state.times_sent > 1

    def may_go_on(self, error: AgentCoreMemoryError) -> bool:
        most = self.policy.max_attempts
        if self._is_token_in_use:
            return False
        if is_signed_anew(error) and not self._was_signed_anew:
            self._was_signed_anew = True
        elif not (is_absent(error) or is_retryable(error, is_change=not self.is_read)):
            return False
        return most is None or self.attempts < most

    def wait_s(self, error: AgentCoreMemoryError, failures: int, source: random.Random) -> float:
        """
        Draw the wait before the next attempt.

        Args:
            error: How the last attempt failed.
            failures: Failures of the operation since its last success. If they are fewer than this
                call's attempts, another call succeeded meanwhile: the service is well.
            source: Source of jitter.
        """
        bound = backoff_bound(self.policy, error, self.attempts)
        if outcome_of(error) is Outcome.FAILED and failures < self.attempts:
            bound = min(bound, ALIVE_BACKOFF)
        return asked_wait(error) + source.uniform(0, bound)

    def final_error(self) -> AgentCoreMemoryError:
        """Return what to raise: the last error, or that the deadline came first."""
        if self._is_token_in_use:
            return ClientTokenInUseError(self.operation, self.client_token or "")
        if self._in_flight:
            reason = f"after {self.deadline_s:g} s"
            return TransportTimeoutError(self.operation, reason, sent=self.send_state.sent)
        if self._last is None:
            reason = f"after {self.deadline_s:g} s before it was sent: other calls were in front"
            return TransportTimeoutError(self.operation, reason, sent=False)
        return self._last
