"""Flow control: how many requests of one operation may be in flight."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._calls.flow_control import (
    AdaptiveRate,
    CircuitBreaker,
    CongestionWindow,
    FlowControl,
    Outcome,
    RetryQuota,
)

FIRST_WINDOW, MIN_RATE = 15, 1.0
LONGEST_PROBE_S, RETRIES_PER_S = 5.0, 10.0
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

    assert (20, None) == (control.in_flight, control.rate.per_s)


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
    assert control.breaker.is_open

    [probe] = send(control, 1.0, 1)
    assert inf == control.wait_s(1.0)
    control.ended(1.0, numbers[3], THROTTLED)
    assert inf == control.wait_s(1.0)
    control.ended(1.1, probe, ANSWERED)
    assert not control.breaker.is_open


def test_one_throttled_session_slows_no_other() -> None:
    """Throttling of one session does not affect the operation's rate."""
    control = FlowControl(50)
    for _ in range(20):
        [number] = send(control, 0.0, 1)
        control.ended(0.0, number, THROTTLED, "one session")

    assert (None, False) == (control.rate.per_s, control.breaker.is_open)


def test_a_cut_goes_below_what_was_answered_and_rises_again() -> None:
    """Throttling lowers the rate just below that of the answers, and answers raise it again."""
    control = throttled_control()
    now = 2.0
    while control.rate.per_s is not None and control.rate.per_s < 30:
        now += 0.05
        [number] = send(control, now, 1)
        control.ended(now, number, ANSWERED)
    for _ in range(3):
        [number] = send(control, now, 1)
        control.ended(now, number, THROTTLED)
    cut = control.rate.per_s
    assert cut is not None
    assert 17 <= cut <= 19
    [number] = send(control, now, 1)
    control.ended(now, number, ANSWERED)
    assert control.rate.per_s is not None
    assert cut < control.rate.per_s < cut + 0.1


def fail(control: FlowControl, now: float, count: int) -> None:
    """Let *count* requests fail, one after the other."""
    for _ in range(count):
        [number] = send(control, now, 1)
        control.ended(now, number, FAILED)


def test_a_retry_after_25_failures_in_a_row_opens_the_breaker() -> None:
    """Fewer failures, and first attempts after any number of them, leave it closed."""
    control = FlowControl(50)
    fail(control, 0.0, 24)
    control.retrying(0.0)
    assert not control.breaker.is_open
    fail(control, 0.0, 1)
    assert (0.0, False) == (control.wait_s(0.0), control.breaker.is_open)

    control.retrying(0.0)
    assert control.breaker.is_open
    assert 0.25 == control.wait_s(0.0)


def test_a_success_among_failures_keeps_the_breaker_closed() -> None:
    """A service that answers one request of 25 is still asked."""
    control = FlowControl(50)
    for _ in range(20):
        fail(control, 0.0, 24)
        [number] = send(control, 0.0, 1)
        control.ended(0.0, number, ANSWERED)
        control.retrying(0.0)

    assert not control.breaker.is_open


def test_one_success_closes_the_breaker_and_keeps_the_window() -> None:
    """After it, as many requests are sent as before, and failures are counted anew."""
    control = FlowControl(50)
    for _ in range(100):
        [number] = send(control, 0.0, 1)
        control.ended(0.0, number, ANSWERED)
    window = control.window.size
    assert window > FIRST_WINDOW
    fail(control, 1.0, 25)
    control.retrying(1.0)
    [probe] = send(control, 1.25, 1)
    assert inf == control.wait_s(1.25)
    control.ended(1.3, probe, ANSWERED)

    assert (False, 0) == (control.breaker.is_open, control.breaker.failures)
    send(control, 1.3, window - 1)
    assert 0.0 == control.wait_s(1.3)
    assert control.window.size >= window
    fail(control, 1.3, 24)
    control.retrying(1.3)
    assert not control.breaker.is_open


def test_failures_from_before_the_breaker_opened_do_not_count() -> None:
    """Requests that were in flight then neither move the next probe nor open it again."""
    control = FlowControl(100)
    for _ in range(300):
        [number] = send(control, 0.0, 1)
        control.ended(0.0, number, ANSWERED)
    old = send(control, 0.0, 30)
    fail(control, 0.0, 25)
    control.retrying(0.0)
    [probe] = send(control, 0.25, 1)
    control.ended(0.3, probe, ANSWERED)
    for number in old:
        control.ended(0.4, number, FAILED)
    control.retrying(0.4)

    assert not control.breaker.is_open


def test_retries_are_held_back_by_the_quota_and_first_attempts_are_not() -> None:
    """20 retries may go at once, then ten a second."""
    control = FlowControl(50)
    for _ in range(20):
        assert 0.0 == control.wait_s(5.0, is_retry=True)
        number = control.started(5.0, is_retry=True)
        control.ended(5.0, number, Outcome.CANCELLED)

    assert 0.1 - TOLERANCE_S <= control.wait_s(5.0, is_retry=True) <= 0.1 + TOLERANCE_S
    assert 0.0 == control.wait_s(5.0)


def test_probes_take_no_retry_from_the_quota() -> None:
    """While the breaker is open only the time between probes counts, and no retry is used."""
    control = FlowControl(50)
    fail(control, 0.0, 25)
    control.retrying(0.0)
    for _ in range(30):
        now = control.breaker.next_at
        number = control.started(now, is_retry=True)
        control.ended(now, number, THROTTLED)
    now = control.breaker.next_at
    number = control.started(now, is_retry=True)
    control.ended(now, number, ANSWERED)

    assert 0.0 == control.wait_s(now, is_retry=True)


def test_a_window_grows_by_answers_up_to_its_limit() -> None:
    """Seven answers open the first window of 15 by one request; it never exceeds its limit."""
    window = CongestionWindow(17)
    sizes: list[int] = []
    for _ in range(20):
        window.answered()
        sizes.append(window.size)

    assert [15] * 6 + [16] * 7 + [17] * 7 == sizes
    assert 8 == CongestionWindow(8).size


def test_a_success_brings_three_retries_and_no_more_than_20_are_kept() -> None:
    """Three retries per success last where three of four requests fail."""
    quota = RetryQuota()
    quota.answered(1.0)
    for _ in range(20):
        quota.take(1.0)
    assert quota.next_at > 1.0
    quota.answered(1.0)
    for _ in range(3):
        assert quota.next_at <= 1.0
        quota.take(1.0)

    assert quota.next_at > 1.0


def test_time_brings_ten_retries_a_second() -> None:
    """Without any success, a retry is there every 0.1 s."""
    quota = RetryQuota()
    now = 1.0
    for _ in range(20):
        quota.take(now)
    times: list[float] = []
    for _ in range(30):
        now = max(now, quota.next_at)
        times.append(now)
        quota.take(now)

    assert RETRIES_PER_S == 10
    assert abs(times[-1] - 4.0) < TOLERANCE_S


def test_probes_come_less_and_less_often() -> None:
    """The time between probes doubles by failures, grows by half by throttling, and ends at 5 s."""
    breaker = CircuitBreaker()
    breaker.open(0.0)
    intervals = [breaker.next_at]
    for outcome in (breaker.failed, breaker.throttled, breaker.failed, *[breaker.failed] * 5):
        now = breaker.next_at
        outcome(now)
        intervals.append(breaker.next_at - now)

    assert [0.25, 0.5, 0.75, 1.5, 3.0, 5.0, 5.0, 5.0, 5.0] == intervals


def test_a_closed_breaker_does_not_open_by_throttling_alone() -> None:
    """The rate decides whether throttling opens it."""
    breaker = CircuitBreaker()
    breaker.throttled(1.0)

    assert (False, -inf) == (breaker.is_open, breaker.next_at)


def throttle(rate: AdaptiveRate, now: float, throttled: int, answered: int) -> bool:
    """Note answers and throttled requests of many sessions, and cut the rate."""
    for _ in range(answered):
        rate.answered(now, None)
    for _ in range(throttled):
        rate.throttled(None)
    return rate.cut(now)


def test_the_first_rate_is_a_third_of_the_last_second_and_at_least_15() -> None:
    """Part of a burst came from the service's reserve, so its speed is not the service's limit."""
    fast, slow = AdaptiveRate(), AdaptiveRate()
    throttle(fast, 1.0, 10, 90)
    throttle(slow, 1.0, 10, 9)

    assert (30.0, 15.0) == (fast.per_s, slow.per_s)


def test_up_to_1000_answers_of_a_second_are_counted() -> None:
    """So a burst of any size takes bounded memory."""
    rates = [AdaptiveRate(), AdaptiveRate(), AdaptiveRate()]
    for rate, answered in zip(rates, (999, 1000, 1002), strict=True):
        throttle(rate, 1.0, 10, answered)

    assert [333.0, 1000 / 3, 1000 / 3] == [rate.per_s for rate in rates]


def test_few_throttled_requests_cut_no_rate() -> None:
    """One of 40, or one alone, is cheaper to repeat; two of 40 are 5 %."""
    assert [False, False, True, False, True] == [
        throttle(AdaptiveRate(), 1.0, 1, 0),
        throttle(AdaptiveRate(), 1.0, 1, 39),
        throttle(AdaptiveRate(), 1.0, 2, 38),
        throttle(AdaptiveRate(), 1.0, 1, 19),
        throttle(AdaptiveRate(), 1.0, 2, 0),
    ]


@pytest.mark.parametrize(
    ("before", "after", "is_cut"), [(0, 38, True), (1, 38, True), (0, 39, False)]
)
def test_the_last_40_requests_decide_on_a_cut(before: int, after: int, is_cut: bool) -> None:
    """Two throttled ones are too many among 40, and the first is forgotten with the 41st."""
    rate = AdaptiveRate()
    for _ in range(before):
        rate.answered(1.0, None)
    rate.throttled(None)
    rate.throttled(None)

    assert is_cut == throttle(rate, 1.0, 0, after)


def test_a_later_cut_is_to_nine_tenths_of_the_answers_and_to_half_at_most() -> None:
    """One cut never goes below half of the rate, and no rate below one per second."""
    rate = AdaptiveRate()
    throttle(rate, 0.0, 10, 90)
    throttle(rate, 5.0, 5, 20)
    assert 18.0 == rate.per_s
    throttle(rate, 10.0, 5, 1)
    assert 9.0 == rate.per_s
    for second in range(20, 60):
        throttle(rate, float(second), 5, 0)

    assert 1.0 == rate.per_s


def test_only_the_answers_of_the_last_second_set_the_rate() -> None:
    """What was answered exactly a second ago does not count any more."""
    rate = AdaptiveRate()
    throttle(rate, 0.0, 10, 90)
    for at, count in ((4.0, 10), (4.001, 20)):
        for _ in range(count):
            rate.answered(at, None)
    throttle(rate, 5.0, 5, 0)

    assert 18.0 == rate.per_s


def test_a_rate_climbs_fast_until_the_second_cut_and_is_forgotten_after_a_minute() -> None:
    """Then it rises by 4 % or half a request a second, in each second of answers."""
    rate = AdaptiveRate()
    throttle(rate, 0.0, 10, 90)
    rate.rise(1.0)
    assert 30.25 == rate.per_s
    throttle(rate, 5.0, 5, 20)
    assert rate.per_s == 18.0
    rate.rise(6.0)
    assert 18.0 + 0.04 == rate.per_s
    throttle(rate, 10.0, 5, 2)
    assert rate.per_s == 9.02
    rate.rise(11.0)
    assert 9.02 + 0.5 / 9.02 == rate.per_s

    rate.rise(70.0)
    assert rate.per_s is not None
    rate.rise(70.1)
    assert [None, -inf] == [rate.per_s, rate.next_at]


def test_a_rate_spaces_the_requests() -> None:
    """A cut moves the next request by one interval, and so does each request."""
    rate = AdaptiveRate()
    rate.started(1.0)
    assert -inf == rate.next_at
    throttle(rate, 1.0, 10, 30)
    assert 1 + 1 / 15 == rate.next_at
    rate.started(2.0)
    rate.started(2.0)

    assert abs(rate.next_at - 2 - 2 / 15) < TOLERANCE_S


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
        if control.wait_s(now, is_retry=retries) == 0:
            numbers.append(control.started(now, is_retry=retries))
        if numbers:
            control.ended(now, numbers.pop(index % len(numbers)), outcome)
        assert len(numbers) == control.in_flight
        assert control.rate.per_s is None or control.rate.per_s >= MIN_RATE
    for number in numbers:
        control.ended(now, number, FAILED)

    assert 0 == control.in_flight
    assert control.wait_s(now) <= LONGEST_PROBE_S + TOLERANCE_S
