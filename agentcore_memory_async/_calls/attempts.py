"""The state of one call while it is tried, and what its errors say about trying it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async._calls.absence import SHARED_S, is_absent
from agentcore_memory_async._calls.backoff import growing_bound
from agentcore_memory_async._calls.flow_control import Outcome
from agentcore_memory_async._calls.write import CREATE_EVENT
from agentcore_memory_async._collector import RestingCollector
from agentcore_memory_async._service_errors import is_clock_at_fault, is_token_expired
from agentcore_memory_async._transport.base import SendState
from agentcore_memory_async._wire.weight import is_large
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    AnswerMismatchError,
    CertificateError,
    ClientTokenInUseError,
    ConflictError,
    DecodeError,
    ServiceError,
    ServiceUnavailableError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from agentcore_memory_async._calls.rate_limit import SlidingWindowLimiter
    from agentcore_memory_async.policies import RetryPolicy

REQUEST_TIMEOUT = 408
"""HTTP status that says nothing of whether the request was done."""
ALIVE_BACKOFF = 1.0
"""Longest wait before a retry, in seconds, while other calls of the operation succeed."""
LONGEST_RETRY_AFTER = 300.0
"""Longest wait that the service is believed to ask for, in seconds."""


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


class Call:
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
        # Once, not for each attempt.
        self.is_large: bool = is_large(params) if large is None else large
        self.policy = policy
        self.deadline_s = deadline_s
        self.limiter = limiter
        self.is_read = is_read
        self.client_token: str | None = client_token or params.get("clientToken")
        self.attempts: int = 0
        self.collector: RestingCollector = RestingCollector()
        self.send_state: SendState = SendState()
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
