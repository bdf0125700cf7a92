"""The poll schedule: poll times, bounds, jitter."""

from __future__ import annotations

from itertools import islice, takewhile
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._extraction.schedule import next_poll_at, poll_times
from agentcore_memory_async.policies import PollPolicy


def polls(policy: PollPolicy, until_s: float, seed: int = 0) -> list[float]:
    """Return all polls of a single waiter."""
    jitter = Random(seed).uniform(-policy.jitter, policy.jitter)
    found = [0.0]
    while found[-1] < until_s:
        found.append(next_poll_at(policy, found[-1], jitter))
    return found[1:]


def test_default_poll_times() -> None:
    """
    Default polls are dense around documented extraction times, and then grow to the largest
    interval.
    """
    expected = [6.8, 8.5, 10.2, 26.5, 34.0, 42.5, 68.0, 90.0, 112.0, 134.0, 158.0, 183.0, 213.0]

    assert expected == [round(at, 1) for at in islice(poll_times(PollPolicy()), 13)]
    assert expected == [round(at, 1) for at in polls(PollPolicy(jitter=0.0), 200)]


def test_polls_gather_around_the_expected_time() -> None:
    """Polls gather around the expected time, and the first is not before it if it is short."""
    assert list(islice(poll_times(PollPolicy(expected=100)), 3)) == [75.0, 87.5, 100.0]
    assert next(poll_times(PollPolicy(expected=5))) == 5.0


def test_polls_around_an_expected_time() -> None:
    """They come at shares of it, then after 15 % of the time that has passed."""
    policy = PollPolicy(expected=100, max_interval=1000)
    expected = [75.0, 87.5, 100.0, 110.0, 120.0, 135.0, 155.25, 178.5375]

    assert pytest.approx(expected) == [*islice(poll_times(policy), 8)]
    slow = PollPolicy(expected=100, growth=0.1, max_interval=1000)
    assert pytest.approx(148.5) == [*islice(poll_times(slow), 7)][-1]


@pytest.mark.parametrize(("expected", "first"), [(10.0, 10.0), (10.001, 7.50075)])
def test_polls_before_an_expected_time_are_worth_two_and_a_half_seconds(
    expected: float, first: float
) -> None:
    """Up to 10 s the first poll is at that time: one before it would save too little."""
    assert pytest.approx(first) == next(poll_times(PollPolicy(expected=expected)))


def test_after_the_planned_times_polls_are_ever_farther_apart() -> None:
    """The time between them is a share of what has passed, within both bounds."""
    policy = PollPolicy(poll_times_s=(1.0,), growth=0.4, min_interval=0.5, max_interval=2.0)

    found = [*islice(poll_times(policy), 8)]
    assert pytest.approx([1, 1.5, 2.1, 2.94, 4.116, 5.7624, 7.7624, 9.7624]) == found


@pytest.mark.parametrize(
    ("polled_s", "next_s"),
    [(0.0, 6.8), (3.399, 6.8), (3.4, 8.4), (7.649, 8.5), (7.65, 10.2), (10.2, 15.2)],
)
def test_a_poll_counts_for_a_time_from_the_middle_before_it_on(
    polled_s: float, next_s: float
) -> None:
    """Once the first poll is made, the next is no later than the longest interval allows."""
    policy = PollPolicy(max_interval=5.0, growth=1.0)

    assert pytest.approx(next_s) == next_poll_at(policy, polled_s, 0.0)


def test_a_poll_keeps_the_shortest_interval() -> None:
    """It comes later than planned where another poll was just before."""
    assert 9.625 == next_poll_at(PollPolicy(min_interval=2.0), 7.625, 0.0)


@pytest.mark.parametrize(
    ("polled_s", "jitter", "next_s"),
    [(0.0, 1.0, 8.5), (0.0, -1.0, 5.1), (6.8, 0.5, 9.35), (10.2, 1.0, 33.125)],
)
def test_jitter_is_a_share_of_the_interval(polled_s: float, jitter: float, next_s: float) -> None:
    """It is at most a share of a quarter of the time that has passed."""
    assert pytest.approx(next_s) == next_poll_at(PollPolicy(), polled_s, jitter)


@pytest.mark.parametrize(("delay_s", "first"), [(6.2, 6.7), (6.3, 6.8), (7.0, 6.8)])
def test_a_told_delay_is_followed_by_a_poll_after_the_shortest_interval(
    delay_s: float, first: float
) -> None:
    """It is the first poll where it comes before the planned ones."""
    assert pytest.approx(first) == next(poll_times(PollPolicy(), delay_s))


def test_a_told_delay_beyond_all_planned_times_adds_no_poll() -> None:
    """At the last planned time and after it, the schedule polls often enough."""
    policy = PollPolicy(poll_times_s=(1.0, 2.0), min_interval=0.5)

    assert [1.0, 1.75, 2.0] == [*islice(poll_times(policy, 1.25), 3)]
    for delay_s in (1.5, 5.0):
        assert [*islice(poll_times(policy), 9)] == [*islice(poll_times(policy, delay_s), 9)]


POLICIES = st.builds(
    PollPolicy,
    expected=st.none() | st.floats(0.1, 200),
    growth=st.floats(0, 1),
    min_interval=st.floats(0.2, 3),
    max_interval=st.floats(5, 60),
    jitter=st.floats(0, 1),
)


@given(policy=POLICIES, seed=st.integers(0, 99))
def test_intervals_keep_their_bounds(policy: PollPolicy, seed: int) -> None:
    """Intervals stay within the policy's bounds for any policy."""
    found = polls(policy, 60, seed)

    gaps = [later - earlier for earlier, later in zip([0.0, *found], found, strict=False)]
    assert min(gaps) >= policy.min_interval - 1e-6
    assert max(gaps[1:], default=0.0) <= policy.max_interval + 1e-6


def test_a_shared_poll_counts_for_the_nearest_poll_time() -> None:
    """A poll of another waiter counts for the poll time that it is nearest to."""
    policy = PollPolicy(jitter=0.0)

    assert [next_poll_at(policy, at, 0.0) for at in (2.0, 5.0, 9.0)] == [6.8, 8.5, 10.2]
    assert [1023.0, 1038.0] == [next_poll_at(policy, at, 0.0) for at in (1007.75, 1008.0)]


@given(policy=POLICIES, delay_s=st.none() | st.floats(0, 1e9), seed=st.integers(0, 99))
def test_a_told_delay_adds_at_most_one_poll_and_delays_none(
    policy: PollPolicy, delay_s: float | None, seed: int
) -> None:
    """A delay that the service tells adds one planned poll, and moves no other, whatever it is."""
    usual = [*takewhile(lambda at: at < 300, poll_times(policy))]
    told = [*takewhile(lambda at: at < 300, poll_times(policy, delay_s))]

    assert set(usual) <= set(told)
    assert len(told) <= len(usual) + 1


def test_a_told_delay_sets_the_first_poll() -> None:
    """A short delay makes a poll a little later the first; the next are those of the schedule."""
    policy = PollPolicy(jitter=0.0)
    found = [0.0]
    while len(found) < 4:
        found.append(next_poll_at(policy, found[-1], 0.0, 0.5))

    assert [0.0, 1.0, 6.8, 8.5] == found
    assert next(poll_times(PollPolicy(expected=5), 0.5)) == 5.0


def test_jitter_moves_each_poll_a_little() -> None:
    """Jitter separates the polls of two processes that began together."""
    first, second = polls(PollPolicy(), 100, seed=1), polls(PollPolicy(), 100, seed=2)

    assert all(one != other for one, other in zip(first, second, strict=False))
    assert abs(first[0] - 6.8) < 0.2
