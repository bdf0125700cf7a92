"""The clock and the timestamps of a session's queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._calls.writer import RisingClock, SessionQueue
from agentcore_memory_async.policies import ServiceLimits

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.floats(0, 4e9), min_size=1, max_size=50))
def test_clock_never_goes_back(readings: list[float]) -> None:
    """The clock stands still while the wall clock is behind it."""
    wall: Iterator[float] = iter(readings)
    clock = RisingClock(lambda: next(wall))
    seen = [clock.now_ms() for _ in readings]

    assert sorted(seen) == seen
    assert seen[-1] == int(max(readings) * 1000)


@given(st.lists(st.integers(0, 2_000), min_size=1, max_size=50))
def test_timestamps_strictly_rise(readings: list[int]) -> None:
    """Every timestamp is the earliest one that is later than all before it."""
    queue = SessionQueue(ServiceLimits())
    highest = 0
    for ms in readings:
        stamp = queue.next_ms(ms)
        assert stamp > highest
        assert stamp == max(ms, highest + 1)
        highest = stamp
