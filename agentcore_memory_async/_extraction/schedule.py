"""When to look again: pure, the policy and the time since the conversation in, a time out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from agentcore_memory_async.policies import PollPolicy

EARLY = (0.75, 0.875)
"""Looks before the expected time, as shares of it, where they are worth a request."""
DUE = (1.0, 1.1, 1.2, 1.35)
"""Looks from the expected time on."""
WORTH_S = 1.5
"""How long before the expected time an early look must be."""
OVERDUE_GROWTH = 0.15


def marks(policy: PollPolicy) -> Iterator[float]:
    """Give the times to look at, in seconds since the conversation was stored; endless."""
    growth = policy.growth
    planned = policy.looks_s
    if policy.expected_s is not None:
        expected = policy.expected_s
        shares = (*EARLY, *DUE) if expected * (1 - EARLY[0]) > WORTH_S + 1 else DUE
        planned = tuple(expected * share for share in shares)
        growth = min(growth, OVERDUE_GROWTH)
    yield from planned
    mark = planned[-1]
    while True:
        gap = max(policy.min_interval_s, growth * mark)
        mark += min(policy.max_interval_s, gap)
        yield mark


def next_look(policy: PollPolicy, looked_s: float, source: Random) -> float:
    """
    Give the time of the next look, in seconds since the conversation was stored.

    A look counts for the mark that it is nearest to, whoever asked for it.

    Args:
        policy: The marks, the bounds and the jitter.
        looked_s: When the last look was; 0 for none since the conversation.
        source: Draws the jitter.
    """
    before = mark = gap = 0.0
    first = next(marks(policy))
    for mark in marks(policy):
        gap = mark - before
        if looked_s < before + gap / 2:
            break
        if looked_s >= before and gap >= policy.max_interval_s and before >= policy.looks_s[-1]:
            # Far out the marks are evenly spaced, and need not be gone through one by one.
            mark, gap = looked_s + policy.max_interval_s, policy.max_interval_s
            break
        before = mark
    # A first wait is long: to move it by a tenth would move it away from what it is for.
    at = mark + source.uniform(-policy.jitter, policy.jitter) * min(gap, mark / 4)
    at = max(at, looked_s + policy.min_interval_s)
    return at if looked_s < first / 2 else min(at, looked_s + policy.max_interval_s)
