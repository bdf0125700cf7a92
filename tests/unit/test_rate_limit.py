"""Clocks rise, the pace is kept, waits are bounded, faults are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._calls.flow_control import Outcome
from agentcore_memory_async._calls.rate_limit import SlidingWindowLimiter
from agentcore_memory_async._calls.retry import (
    backoff_bound,
    is_retryable,
    may_have_run,
    outcome_of,
)
from agentcore_memory_async._calls.writer import RisingClock, SessionQueue
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    DecodeError,
    TransportError,
    TransportTimeoutError,
    service_error,
)
from agentcore_memory_async.policies import RetryPolicy, ServiceLimits

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.floats(0, 4e9), min_size=1, max_size=50))
def test_clock_never_goes_back(readings: list[float]) -> None:
    """Where the wall clock steps back, the clock stands still."""
    wall: Iterator[float] = iter(readings)
    clock = RisingClock(lambda: next(wall))
    seen = [clock.now_ms() for _ in readings]

    assert sorted(seen) == seen
    assert seen[-1] == int(max(readings) * 1000)


@given(st.lists(st.integers(0, 2_000), min_size=1, max_size=50))
def test_stamps_strictly_rise(readings: list[int]) -> None:
    """Every stamp is later than all before it, and no later than it has to be."""
    line = SessionQueue(ServiceLimits())
    highest = 0
    for ms in readings:
        stamp = line.next_ms(ms)
        assert stamp > highest
        assert stamp == max(ms, highest + 1)
        highest = stamp


@given(
    rate=st.sampled_from([0.25, 0.5, 1.0, 2.5, 5.0, 10.0]),
    calls=st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.3), st.floats(0, 1)), max_size=60),
)
def test_no_window_of_a_second_has_more_than_the_rate(
    rate: float, calls: list[tuple[float, float, float]]
) -> None:
    """Whenever within its duration the service sees a call, a sliding window holds the limit."""
    pace = SlidingWindowLimiter(rate)
    now = 0.0
    seen: list[float] = []
    for idle, takes, share in calls:
        now += idle
        now += pace.wait_s(now)
        assert pace.wait_s(now) < 1e-9
        seen.append(now + takes * share)
        now += takes
        pace.ended(now)

    most, width = max(1, int(rate)), max(1.0, 1 / rate)
    for at in seen:
        assert sum(at <= other < at + width - 1e-6 for other in seen) <= most


def test_pace_can_be_switched_off() -> None:
    """None never waits."""
    pace = SlidingWindowLimiter(None)
    for _ in range(100):
        pace.ended(0.0)

    assert pace.wait_s(0.0) == 0.0


THROTTLED = service_error("CreateEvent", "ThrottledException", "slow down", 429)
LOST = TransportError("CreateEvent", "reset")


@given(attempt=st.integers(1, 10_000))
def test_backoff_is_bounded(attempt: int) -> None:
    """Bounds double from 50 ms, or 1 s when throttled, to 5 s."""
    policy = RetryPolicy()
    lost, throttled = (backoff_bound(policy, error, attempt) for error in (LOST, THROTTLED))

    assert lost == min(5.0, 0.05 * 2.0 ** min(attempt - 1, 30))
    assert throttled == min(5.0, 2.0 ** min(attempt - 1, 30))


TABLE = [
    # code, status, passing, may have run, what it says of the service
    ("ThrottledException", 429, True, False, Outcome.THROTTLED),
    ("ThrottlingException", 429, True, False, Outcome.THROTTLED),
    ("429", 429, True, False, Outcome.THROTTLED),
    ("RetryableConflictException", 409, True, False, Outcome.FAILED),
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


@pytest.mark.parametrize(("code", "status", "passing", "ran", "outcome"), TABLE)
def test_answers_are_told_apart(
    code: str, status: int, passing: bool, ran: bool, outcome: Outcome
) -> None:
    """The table of what is tried again, and what may have been done all the same."""
    error = service_error("CreateEvent", code, "text", status)

    assert (passing, ran, outcome) == (is_retryable(error), may_have_run(error), outcome_of(error))


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
def test_lost_answers_are_told_apart(error: AgentCoreMemoryError, ran: bool) -> None:
    """A lost answer is tried again, and counts as done unless it was certainly not sent."""
    assert (True, ran, Outcome.FAILED) == (
        is_retryable(error),
        may_have_run(error),
        outcome_of(error),
    )
