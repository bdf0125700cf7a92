"""Verdicts of the two commonest kinds."""

from __future__ import annotations

from agentcore_memory_async.verify.verdicts import Verdict


def inconclusive(name: str, text: str) -> Verdict:
    """Return a verdict that answers nothing; *text* says why."""
    return Verdict(name, None, "inconclusive", text)


def duration(name: str, bounds: tuple[float, float, float] | None) -> Verdict:
    """Return the verdict on a duration: the likeliest, shortest and longest; None for unseen."""
    if bounds is None:
        return inconclusive(name, "it was not seen while it was watched for")
    value, low, high = (round(bound, 3) for bound in bounds)
    text = f"after {low} to {high} s"
    return Verdict(name, value, "certain", text, within=(low, high))
