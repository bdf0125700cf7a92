"""When to poll: pure, the policy and the time since the conversation in, a time out."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async.policies import PollPolicy

EARLY = (0.75, 0.875)
"""Times of polls before the expected time, as fractions of it; left out if it is short."""
DUE = (1.0, 1.1, 1.2, 1.35)
"""Polls from the expected time on, as shares of it."""
WORTH_S = 1.5
"""Time in seconds by which an early poll must precede the expected time."""
OVERDUE_GROWTH = 0.15
"""Largest growth of the interval after the expected time."""


def poll_times(policy: PollPolicy, delay_s: float | None = None) -> Iterator[float]:
    """
    Yield the times to poll at, in seconds since the conversation was stored; endless.

    Args:
        policy: Planned times, and bounds.
        delay_s: Time from an event to its records, as the local service tells it. It adds one
            poll, a little later, which is the first one where the delay is short; a policy with an
            expected time needs none. A wrong delay so costs one request, and delays no other poll.
    """
    growth = policy.growth
    planned = policy.poll_times_s
    if policy.expected is not None:
        expected = policy.expected
        shares = (*EARLY, *DUE) if expected * (1 - EARLY[0]) > WORTH_S + 1 else DUE
        planned = tuple(expected * share for share in shares)
        growth = min(growth, OVERDUE_GROWTH)
    elif delay_s is not None and delay_s + policy.min_interval < planned[-1]:
        planned = tuple(sorted({*planned, delay_s + policy.min_interval}))
    yield from planned
    time_s = planned[-1]
    while True:
        gap = max(policy.min_interval, growth * time_s)
        time_s += min(policy.max_interval, gap)
        yield time_s


def next_poll_at(
    policy: PollPolicy, polled_s: float, jitter: float, delay_s: float | None = None
) -> float:
    """
    Return the time of the next poll, in seconds since the conversation was stored.

    A poll counts for the planned time that it is nearest to, whoever asked for it.

    Args:
        policy: Planned times, and bounds.
        polled_s: Time of the last poll; 0 for none since the conversation.
        jitter: Share of its interval by which the poll is moved; the same for a whole wait.
        delay_s: Time from an event to its records, as the local service tells it.
    """
    before = time_s = gap = 0.0
    first = next(poll_times(policy, delay_s))
    for time_s in poll_times(policy, delay_s):
        gap = time_s - before
        if polled_s < before + gap / 2:
            break
        if gap >= policy.max_interval and before >= policy.poll_times_s[-1]:
            # Far out the planned times are evenly spaced, and need not be tried one by one.
            gap = policy.max_interval
            time_s = before + gap * (1 + floor((polled_s - before) / gap + 0.5))
            break
        before = time_s
    # A first wait is long: a tenth of it would move the poll away from the time it is for.
    at = time_s + jitter * min(gap, time_s / 4)
    at = max(at, polled_s + policy.min_interval)
    return at if polled_s < first / 2 else min(at, polled_s + policy.max_interval)
