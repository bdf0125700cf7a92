"""The timestamps of a session's queue."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._calls.event_times import UsedTimes
from agentcore_memory_async._calls.writer import SessionQueue
from agentcore_memory_async.policies import ServiceLimits


@given(st.lists(st.integers(0, 2_000), min_size=1, max_size=50))
def test_timestamps_strictly_rise(readings: list[int]) -> None:
    """Every timestamp is the earliest one that is later than all before it."""
    queue = SessionQueue(ServiceLimits(), UsedTimes())
    highest = 0
    for ms in readings:
        stamp = queue.time_for(None, ms)
        assert stamp > highest
        assert stamp == max(ms, highest + 1)
        highest = stamp
