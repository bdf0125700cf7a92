"""How waits grow from one attempt, or poll, to the next: pure."""

from __future__ import annotations


def growing_bound(first: float, most: float, attempt: int, growth: float = 2.0) -> float:
    """
    Return the bound of the wait after attempt number *attempt* (1 is the first).

    Args:
        first: Bound after the first attempt, in seconds.
        most: Largest bound, in seconds.
        attempt: Number of attempts so far.
        growth: What each bound is multiplied by.
    """
    return min(most, first * growth ** min(attempt - 1, 30))
