"""Limits of requests per second: sliding windows, and one for all polls together."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._calls.endable import EndableWaits
from agentcore_memory_async._calls.rate_limit import SlidingWindowLimiter, TokenBucket
from agentcore_memory_async._calls.wait_clock import LoopClock
from tests._virtual_time import virtual_time

WAITS = EndableWaits("manager")
"""Waits that nothing ends."""


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


@pytest.mark.parametrize(
    ("rate", "most", "width_s"),
    [
        (0.25, 1, 4.0),
        (0.5, 1, 2.0),
        (1.0, 1, 1.0),
        (1.5, 1, 1.0),
        (2.5, 2, 1.0),
        (5.0, 5, 1.0),
        (10.0, 10, 1.0),
    ],
)
def test_a_window_takes_its_requests_and_opens_when_it_has_passed(
    rate: float, most: int, width_s: float
) -> None:
    """The limit may be used up at once; the next request waits until the oldest left the window."""
    limiter = SlidingWindowLimiter(rate)
    for _ in range(most):
        assert limiter.wait_s(8.0) == 0.0
        limiter.ended(8.0)

    assert limiter.wait_s(8.0) == width_s
    assert limiter.wait_s(8.0 + width_s - 0.25) == 0.25
    assert limiter.wait_s(8.0 + width_s) == 0.0
    assert limiter.wait_s(9.0 + width_s) == 0.0


@pytest.mark.parametrize(
    ("per_s", "starts_at"),
    [
        (10.0, [0.0] * 10 + [0.1, 0.2, 0.3]),
        (4.0, [0.0] * 4 + [0.25, 0.5]),
        (1.0, [0.0, 1.0, 2.0]),
        (0.5, [0.0, 2.0, 4.0]),
        (None, [0.0] * 100),
    ],
)
@virtual_time
async def test_one_second_of_requests_may_go_at_once(
    per_s: float | None, starts_at: list[float]
) -> None:
    """After that they come at the rate; idle time brings one second of them and no more."""
    bucket, clock = TokenBucket(per_s), LoopClock()
    for _ in range(2):
        began = anyio.current_time()
        taken_at: list[float] = []
        for _ in starts_at:
            await bucket.take(clock, WAITS)
            taken_at.append(anyio.current_time() - began)
        assert pytest.approx(starts_at, abs=1e-6) == taken_at
        await anyio.sleep(30)


@pytest.mark.parametrize("per_s", [None, 1.0, 10.0])
@virtual_time
async def test_what_was_given_back_is_there_at_once(per_s: float | None) -> None:
    """A token that was given back may be taken without a wait, and only that one."""
    bucket, clock = TokenBucket(per_s), LoopClock()
    for change in ("take", "give back", "take"):
        for _ in range(int(per_s or 1)):
            await bucket.take(clock, WAITS) if change == "take" else bucket.give_back()
    assert 0 == anyio.current_time()
    await bucket.take(clock, WAITS)
    assert pytest.approx(1 / per_s if per_s else 0) == anyio.current_time()
