"""How much of one operation may be under way."""

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
"""Far above what adding seconds as floats costs, far below what any caller could notice."""
ANSWERED, THROTTLED, FAILED = Outcome.ANSWERED, Outcome.THROTTLED, Outcome.FAILED


def send(flow: FlowControl, now: float, count: int) -> list[int]:
    """Send *count* requests at once, and give their numbers."""
    return [flow.started(now) for _ in range(count)]


def throttled_flow() -> FlowControl:
    """Give a flow whose first burst was throttled at second 1, but for one answer."""
    flow = FlowControl(50)
    numbers = send(flow, 0.9, 4)
    flow.ended(1.0, numbers[0], ANSWERED)
    for number in numbers[1:]:
        flow.ended(1.0, number, THROTTLED)
    return flow


def test_without_throttling_only_the_window_holds_back() -> None:
    """It is full at first, then it opens with the answers up to its limit; no rate is kept."""
    flow = FlowControl(20)
    numbers = send(flow, 0.0, FIRST_WINDOW)
    assert inf == flow.wait_s(0.0)
    for _ in range(100):
        flow.ended(0.0, numbers.pop(), ANSWERED)
        assert 0.0 == flow.wait_s(0.0)
        numbers += send(flow, 0.0, 1)
    while not flow.wait_s(0.0):
        send(flow, 0.0, 1)

    assert (20, None) == (flow.in_flight, flow.rate)


def test_the_first_throttling_stops_all_but_one_request() -> None:
    """Until that is answered; each time it is throttled the next one waits longer."""
    flow = throttled_flow()
    waits: list[float] = []
    now = 1.0
    for _ in range(12):
        waits.append(flow.wait_s(now))
        now += waits[-1]
        [number] = send(flow, now, 1)
        assert inf == flow.wait_s(now)
        flow.ended(now, number, THROTTLED)
    assert waits[0] < 0.5
    assert sorted(waits) == waits
    assert 5.0 == waits[-1]

    now += flow.wait_s(now)
    [number] = send(flow, now, 1)
    flow.ended(now, number, ANSWERED)
    assert flow.wait_s(now) < 0.1


def test_a_probe_does_not_wait_for_what_was_sent_before() -> None:
    """Nor does an answer to that end the probing."""
    flow = FlowControl(50)
    numbers = send(flow, 0.0, 4)
    for number in numbers[:2]:
        flow.ended(0.1, number, THROTTLED)
    assert flow.wait_s(0.1) < 1
    flow.ended(0.1, numbers[2], ANSWERED)
    assert flow.probing

    [probe] = send(flow, 1.0, 1)
    assert inf == flow.wait_s(1.0)
    flow.ended(1.0, numbers[3], THROTTLED)
    assert inf == flow.wait_s(1.0)
    flow.ended(1.1, probe, ANSWERED)
    assert not flow.probing


def test_one_throttled_session_slows_no_other() -> None:
    """Its limit is its own."""
    flow = FlowControl(50)
    for _ in range(20):
        [number] = send(flow, 0.0, 1)
        flow.ended(0.0, number, THROTTLED, "one session")

    assert (None, False) == (flow.rate, flow.probing)


def test_a_cut_goes_below_what_was_answered_and_rises_again() -> None:
    """A second of 20 answers: just below 20. A cut is no deeper than half of what the rate was."""
    flow = throttled_flow()
    now = 2.0
    while flow.rate is not None and flow.rate < 30:
        now += 0.05
        [number] = send(flow, now, 1)
        flow.ended(now, number, ANSWERED)
    for _ in range(3):
        [number] = send(flow, now, 1)
        flow.ended(now, number, THROTTLED)
    cut = flow.rate
    assert cut is not None
    assert 17 <= cut <= 19
    [number] = send(flow, now, 1)
    flow.ended(now, number, ANSWERED)
    assert flow.rate is not None
    assert cut < flow.rate < cut + 0.1


@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.sampled_from(Outcome), st.integers(0, 50), st.booleans())
    )
)
def test_nothing_is_left_and_nothing_stalls(steps: list[tuple[float, Outcome, int, bool]]) -> None:
    """Whatever ends however and in any order, the next request starts within seconds."""
    flow = FlowControl(50)
    now = 0.0
    numbers: list[int] = []
    for passes_s, outcome, index, retries in steps:
        now += passes_s
        if retries:
            flow.retrying(now)
        if flow.wait_s(now) == 0:
            numbers += send(flow, now, 1)
        if numbers:
            flow.ended(now, numbers.pop(index % len(numbers)), outcome)
        assert len(numbers) == flow.in_flight
        assert flow.rate is None or flow.rate >= MIN_RATE
    for number in numbers:
        flow.ended(now, number, FAILED)

    assert 0 == flow.in_flight
    assert flow.wait_s(now) <= LONGEST_PROBE_S + TOLERANCE_S
