"""Retry rules: the bounds of backoff, and the classification of errors."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._calls.attempts import (
    Call,
    asked_wait,
    backoff_bound,
    is_retryable,
    is_signed_anew,
    may_have_run,
    outcome_of,
)
from agentcore_memory_async._calls.flow_control import Outcome
from agentcore_memory_async._calls.settling import is_rejected
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    AnswerMismatchError,
    CertificateError,
    ClientTokenInUseError,
    DecodeError,
    TransportError,
    TransportTimeoutError,
    service_error,
)
from agentcore_memory_async.policies import RetryPolicy

THROTTLED = service_error("CreateEvent", "ThrottledException", "slow down", 429)
LOST = TransportError("CreateEvent", "reset")


@given(attempt=st.integers(1, 10_000))
def test_backoff_is_bounded(attempt: int) -> None:
    """Backoff bounds double from 50 ms, or 1 s when throttled, to 5 s."""
    policy = RetryPolicy()
    lost, throttled = (backoff_bound(policy, error, attempt) for error in (LOST, THROTTLED))

    assert lost == min(5.0, 0.05 * 2.0 ** min(attempt - 1, 30))
    assert throttled == min(5.0, 2.0 ** min(attempt - 1, 30))


TABLE = [
    # code, status, retryable, may have run, outcome for flow control
    ("ThrottledException", 429, True, False, Outcome.THROTTLED),
    ("ThrottlingException", 429, True, False, Outcome.THROTTLED),
    ("429", 429, True, False, Outcome.THROTTLED),
    ("RetryableConflictException", 409, True, False, Outcome.FAILED),
    ("408", 408, True, True, Outcome.FAILED),
    ("ConflictException", 409, False, False, Outcome.ANSWERED),
    ("ServiceException", 500, True, True, Outcome.FAILED),
    ("InternalServerException", 500, True, True, Outcome.FAILED),
    ("502", 502, True, True, Outcome.FAILED),
    ("503", 503, True, True, Outcome.FAILED),
    ("504", 504, True, True, Outcome.FAILED),
    ("ServiceQuotaExceededException", 402, False, False, Outcome.ANSWERED),
    ("ValidationException", 400, False, False, Outcome.ANSWERED),
    ("InvalidInputException", 400, False, False, Outcome.ANSWERED),
    ("ExpiredTokenException", 403, False, False, Outcome.ANSWERED),
    ("AccessDeniedException", 403, False, False, Outcome.ANSWERED),
    ("ResourceNotFoundException", 404, False, False, Outcome.ANSWERED),
    ("SomethingNew", 418, False, False, Outcome.ANSWERED),
]


@pytest.mark.parametrize(("code", "status", "retryable", "ran", "outcome"), TABLE)
def test_answers_are_classified(
    code: str, status: int, retryable: bool, ran: bool, outcome: Outcome
) -> None:
    """Each error of the service is classified: retryable or not, possibly performed or not."""
    error = service_error("CreateEvent", code, "text", status)

    assert (retryable, ran, outcome) == (
        is_retryable(error),
        may_have_run(error),
        outcome_of(error),
    )


@pytest.mark.parametrize(
    ("error", "ran"),
    [
        (TransportError("CreateEvent", "refused", sent=False), False),
        (TransportError("CreateEvent", "reset"), True),
        (TransportTimeoutError("CreateEvent", "slow"), True),
        (TransportTimeoutError("CreateEvent", "connecting", sent=False), False),
        (DecodeError("CreateEvent", "HTML"), True),
    ],
)
def test_lost_answers_are_classified(error: AgentCoreMemoryError, ran: bool) -> None:
    """A lost request is retryable, and may have run unless it was certainly not sent."""
    assert (True, ran, Outcome.FAILED) == (
        is_retryable(error),
        may_have_run(error),
        outcome_of(error),
    )


def test_an_answer_to_another_request_is_no_failure_of_the_service() -> None:
    """It is retryable and the request may have run, but the service is well."""
    error = AnswerMismatchError("CreateEvent", "actorId")

    assert is_retryable(error)
    assert may_have_run(error)
    assert Outcome.ANSWERED is outcome_of(error)


def test_only_two_errors_reject_a_write_for_good() -> None:
    """What is invalid was never stored, nor was a write whose token belongs to another."""
    invalid = service_error("CreateEvent", "ValidationException", "text", 400)

    assert is_rejected(invalid)
    assert is_rejected(ClientTokenInUseError("CreateEvent", "t"))
    assert not is_rejected(LOST)
    assert not is_rejected(AnswerMismatchError("CreateEvent", "actorId"))


@pytest.mark.parametrize("is_kept", [False, True])
def test_what_a_kept_connection_loses_says_nothing_of_the_service(is_kept: bool) -> None:
    """A loss on a kept connection is no failure of the service; an answer there says what it is."""
    call = Call("ListEvents", {}, RetryPolicy(), 10.0)
    call.sending(10.0)
    call.send_state.is_kept = is_kept
    call.failed(LOST)

    assert (Outcome.CANCELLED if is_kept else Outcome.FAILED) is call.outcome_of(LOST)
    assert is_kept != call.is_retry_after_failure
    assert Outcome.THROTTLED is call.outcome_of(THROTTLED)


class Highest(random.Random):
    """Randomness that always draws the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        """Return the upper bound."""
        return b


class Lowest(random.Random):
    """Randomness that always draws the lower bound."""

    def uniform(self, a: float, b: float) -> float:
        """Return the lower bound."""
        return a


@pytest.mark.parametrize(
    ("error", "failures", "bound_s"),
    [
        (LOST, 9, 5.0),
        (LOST, 8, 1.0),
        (LOST, 0, 1.0),
        (THROTTLED, 0, 5.0),
        (AnswerMismatchError("ListEvents", "actorId"), 0, 5.0),
    ],
)
def test_waits_are_short_while_other_calls_succeed(
    error: AgentCoreMemoryError, failures: int, bound_s: float
) -> None:
    """After a failure of its own a call waits a second at most if another one succeeded since."""
    call = Call("ListEvents", {}, RetryPolicy(), 10.0)
    call.attempts = 9

    assert bound_s == call.wait_s(error, failures, Highest())
    assert 0.0 == call.wait_s(error, failures, Lowest())


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [(None, 0.0), (-0.001, 0.0), (0.0, 0.0), (7.0, 7.0), (300.0, 300.0), (300.001, 0.0)],
)
def test_a_wait_is_believed_up_to_five_minutes(asked: float | None, wait_s: float) -> None:
    """What the service asks for comes before the drawn wait."""
    busy = service_error("ListEvents", "ThrottledException", "m", 429, retry_after_s=asked)
    call = Call("ListEvents", {}, RetryPolicy(), 10.0)
    call.attempts = 1

    assert wait_s == asked_wait(busy) == call.wait_s(busy, 1, Lowest())
    assert wait_s + 1.0 == call.wait_s(busy, 1, Highest())
    assert asked_wait(LOST) == 0.0


@pytest.mark.parametrize(("most", "attempts", "goes_on"), [(None, 99, 1), (3, 2, 1), (3, 3, 0)])
def test_a_call_is_tried_as_often_as_its_policy_says(
    most: int | None, attempts: int, goes_on: int
) -> None:
    """At the largest number of attempts it ends."""
    call = Call("ListEvents", {}, RetryPolicy(max_attempts=most), 10.0)
    call.attempts = attempts

    assert bool(goes_on) == call.may_go_on(LOST)


def test_a_request_is_signed_anew_once() -> None:
    """What was refused for its signature's time, or an expired token, is sent once more."""
    for code in ("RequestExpired", "ExpiredTokenException"):
        error = service_error("ListEvents", code, "no", 403)
        call = Call("ListEvents", {}, RetryPolicy(), 10.0)
        assert is_signed_anew(error)
        assert [True, False] == [call.may_go_on(error), call.may_go_on(error)]
    assert not is_signed_anew(service_error("ListEvents", "AccessDenied", "no", 403))
    assert not is_signed_anew(LOST)


def test_some_errors_are_retried_only_where_that_helps() -> None:
    """An answer of the wrong shape is asked for again by changes; a certificate stays untrusted."""
    parsed = DecodeError("CreateEvent", "no event", parsed=True)
    for is_read in (True, False):
        call = Call("AnyOperation", {}, RetryPolicy(), 10.0, is_read=is_read)
        assert is_read != call.may_go_on(parsed)
    assert not is_retryable(CertificateError("ListEvents", "not trusted", sent=False))
