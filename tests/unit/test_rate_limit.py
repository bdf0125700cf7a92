"""The sliding-window rate limiter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._calls.rate_limit import SlidingWindowLimiter


@given(
    rate=st.sampled_from([0.25, 0.5, 1.0, 2.5, 5.0, 10.0]),
    calls=st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.3), st.floats(0, 1)), max_size=60),
)
def test_no_window_of_a_second_has_more_than_the_rate(
    rate: float, calls: list[tuple[float, float, float]]
) -> None:
    """No sliding window exceeds the rate, whenever within its duration the service sees a call."""
    limiter = SlidingWindowLimiter(rate)
    now = 0.0
    seen: list[float] = []
    for idle, takes, share in calls:
        now += idle
        now += limiter.wait_s(now)
        assert limiter.wait_s(now) < 1e-9
        seen.append(now + takes * share)
        now += takes
        limiter.ended(now)

    most, width = max(1, int(rate)), max(1.0, 1 / rate)
    for at in seen:
        assert sum(at <= other < at + width - 1e-6 for other in seen) <= most


def test_the_rate_limit_can_be_switched_off() -> None:
    """A limiter with a rate of None never waits."""
    limiter = SlidingWindowLimiter(None)
    for _ in range(100):
        limiter.ended(0.0)

    assert limiter.wait_s(0.0) == 0.0
