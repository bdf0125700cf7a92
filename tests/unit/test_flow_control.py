"""Flow control: how many requests of one operation may be in flight."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._calls.flow_control import (
    FIRST_WINDOW,
    LONGEST_PROBE_S,
    MIN_RATE,
    FlowControl,
    Outcome,
)

TOLERANCE_S = 1e-6
"""Above the rounding errors of adding seconds as floats, below what a caller could notice."""
ANSWERED, THROTTLED, FAILED = Outcome.ANSWERED, Outcome.THROTTLED, Outcome.FAILED


def send(control: FlowControl, now: float, count: int) -> list[int]:
    """Start *count* requests at once, and return their numbers."""
    return [control.started(now) for _ in range(count)]


def throttled_control() -> FlowControl:
    """Return a control whose first burst was throttled at second 1, except for one answer."""
    control = FlowControl(50)
    numbers = send(control, 0.9, 4)
    control.ended(1.0, numbers[0], ANSWERED)
    for number in numbers[1:]:
        control.ended(1.0, number, THROTTLED)
    return control


def test_without_throttling_only_the_window_limits() -> None:
    """The window starts full and grows by each answer up to its limit, without a rate."""
    control = FlowControl(20)
    numbers = send(control, 0.0, FIRST_WINDOW)
    assert inf == control.wait_s(0.0)
    for _ in range(100):
        control.ended(0.0, numbers.pop(), ANSWERED)
        assert 0.0 == control.wait_s(0.0)
        numbers += send(control, 0.0, 1)
    while not control.wait_s(0.0):
        send(control, 0.0, 1)

    assert (20, None) == (control.in_flight, control.rate)


def test_the_first_throttling_stops_all_but_one_request() -> None:
    """Throttling admits one probe at a time, with longer waits each time it is throttled."""
    control = throttled_control()
    waits: list[float] = []
    now = 1.0
    for _ in range(12):
        waits.append(control.wait_s(now))
        now += waits[-1]
        [number] = send(control, now, 1)
        assert inf == control.wait_s(now)
        control.ended(now, number, THROTTLED)
    assert waits[0] < 0.5
    assert sorted(waits) == waits
    assert 5.0 == waits[-1]

    now += control.wait_s(now)
    [number] = send(control, now, 1)
    control.ended(now, number, ANSWERED)
    assert control.wait_s(now) < 0.1


def test_a_probe_does_not_wait_for_earlier_requests() -> None:
    """
    A probe starts while earlier requests are in flight, and only its own answer
    ends the probing.
    """
    control = FlowControl(50)
    numbers = send(control, 0.0, 4)
    for number in numbers[:2]:
        control.ended(0.1, number, THROTTLED)
    assert control.wait_s(0.1) < 1
    control.ended(0.1, numbers[2], ANSWERED)
    assert control.probing

    [probe] = send(control, 1.0, 1)
    assert inf == control.wait_s(1.0)
    control.ended(1.0, numbers[3], THROTTLED)
    assert inf == control.wait_s(1.0)
    control.ended(1.1, probe, ANSWERED)
    assert not control.probing


def test_one_throttled_session_slows_no_other() -> None:
    """Throttling of one session does not affect the operation's rate."""
    control = FlowControl(50)
    for _ in range(20):
        [number] = send(control, 0.0, 1)
        control.ended(0.0, number, THROTTLED, "one session")

    assert (None, False) == (control.rate, control.probing)


def test_a_cut_goes_below_what_was_answered_and_rises_again() -> None:
    """Throttling lowers the rate just below that of the answers, and answers raise it again."""
    control = throttled_control()
    now = 2.0
    while control.rate is not None and control.rate < 30:
        now += 0.05
        [number] = send(control, now, 1)
        control.ended(now, number, ANSWERED)
    for _ in range(3):
        [number] = send(control, now, 1)
        control.ended(now, number, THROTTLED)
    cut = control.rate
    assert cut is not None
    assert 17 <= cut <= 19
    [number] = send(control, now, 1)
    control.ended(now, number, ANSWERED)
    assert control.rate is not None
    assert cut < control.rate < cut + 0.1


@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.sampled_from(Outcome), st.integers(0, 50), st.booleans())
    )
)
def test_nothing_is_left_and_nothing_stalls(steps: list[tuple[float, Outcome, int, bool]]) -> None:
    """The next request starts within seconds, whatever the outcomes and their order."""
    control = FlowControl(50)
    now = 0.0
    numbers: list[int] = []
    for passes_s, outcome, index, retries in steps:
        now += passes_s
        if retries:
            control.retrying(now)
        if control.wait_s(now) == 0:
            numbers += send(control, now, 1)
        if numbers:
            control.ended(now, numbers.pop(index % len(numbers)), outcome)
        assert len(numbers) == control.in_flight
        assert control.rate is None or control.rate >= MIN_RATE
    for number in numbers:
        control.ended(now, number, FAILED)

    assert 0 == control.in_flight
    assert control.wait_s(now) <= LONGEST_PROBE_S + TOLERANCE_S
