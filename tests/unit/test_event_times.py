"""The clock of a session's events, and the times that they use."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._calls import event_times
from agentcore_memory_async._calls.event_times import RisingClock, UsedTimes

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE = 60_000


@given(st.lists(st.floats(0, 4e9), min_size=1, max_size=50))
def test_clock_never_goes_back(readings: list[float]) -> None:
    """The clock stands still while the wall clock is behind it."""
    wall: Iterator[float] = iter(readings)
    clock = RisingClock(lambda: next(wall))
    seen = [clock.now_ms() for _ in readings]

    assert sorted(seen) == seen
    assert seen[-1] == int(max(readings) * 1000)


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(0, 45))
def test_the_first_free_time_is_that_of_a_set(used: list[int], ms: int) -> None:
    """Runs of used times give the same first free time as a set, and are as few as possible."""
    times, plain = UsedTimes(), set(used)
    for each in used:
        times.add(each)
    expected = ms
    while expected in plain:
        expected += 1

    assert expected == times.free_from(ms)
    assert sum(each - 1 not in plain for each in plain) == len(times)


def taken(times: UsedTimes, ms: int) -> int:
    """Return the first free time from *ms* on, and use it."""
    free = times.free_from(ms)
    times.add(free)
    return free


@pytest.mark.parametrize("step", [MINUTE, -MINUTE, 0], ids=["rising", "falling", "equal"])
def test_an_import_takes_the_room_of_its_minutes(step: int) -> None:
    """100,000 messages, ten to the minute, keep their order and take 160 KB at most."""
    times = UsedTimes()
    first = 10_000 * MINUTE
    minutes = [first + step * number for number in range(10_000)]
    stamps = [taken(times, minute) for minute in minutes for _ in range(10)]

    if step:
        assert [minute + place for minute in minutes for place in range(10)] == stamps
        assert len(times) == len(minutes)
    else:
        assert list(range(first, first + 100_000)) == stamps
        assert len(times) == 1
    assert sum(map(sys.getsizeof, (times._starts, times._ends))) < 200_000


def test_beyond_its_bound_the_farthest_times_are_forgotten() -> None:
    """At the bound all times are remembered, and beyond it those near the newest one."""
    with mock.patch.multiple(event_times, MAX_RUNS=4, FORGOTTEN_AT_ONCE=2):
        times = UsedTimes()
        for ms in (10, 20, 30, 40):
            assert ms == taken(times, ms)
        assert [11, 21, 31, 41] == [times.free_from(ms) for ms in (10, 20, 30, 40)]
        times.add(50)
        assert [10, 20, 31, 41, 51] == [times.free_from(ms) for ms in (10, 20, 30, 40, 50)]
        times.add(25)
        times.add(5)
        assert [6, 26, 31, 40, 50] == [times.free_from(ms) for ms in (5, 25, 30, 40, 50)]
        times.add(1000)
        times.add(1001)  # follows the one before it
        times.add(990)
        assert [5, 25, 31, 991] == [times.free_from(ms) for ms in (5, 25, 30, 990)]
        assert 1002 == times.free_from(1000)


def test_1000_of_more_than_30_000_times_are_forgotten_together() -> None:
    """At the bound all are remembered, and one beyond it the oldest 1000 go."""
    times = UsedTimes()
    stamps = range(0, 60_002, 2)
    for ms in stamps[:-1]:
        times.add(ms)
    assert 30_000 == len(times)
    assert 1 == times.free_from(0)
    times.add(stamps[-1])

    assert 29_001 == len(times)
    assert [stamps[999], stamps[1000] + 1] == [times.free_from(ms) for ms in stamps[999:1001]]


def test_the_newest_time_is_never_forgotten() -> None:
    """One that lies near the end that is dropped stays."""
    with mock.patch.multiple(event_times, MAX_RUNS=4, FORGOTTEN_AT_ONCE=3):
        times = UsedTimes()
        for ms in (0, 1000, 1010, 1020):
            times.add(ms)
        times.add(990)
        assert [0, 991, 1001] == [times.free_from(ms) for ms in (0, 990, 1000)]
        times.add(500_000)
        times.add(400_000)
        assert 400_001 == times.free_from(400_000)
