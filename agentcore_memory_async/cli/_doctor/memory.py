"""The memory, its strategies and their failed jobs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from agentcore_memory_async.cli._doctor.findings import ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.cli._doctor.findings import Finding
    from agentcore_memory_async.models import ExtractionJob, Memory, MemoryStrategy

_WAIT = (
    "Wait until it is done, about two minutes: wait_until_active() of a control does; a test needs "
    "no memory of AWS: `python -m agentcore_memory_async.local`"
)
"""What to do about something that is being made."""
_REASONS = {
    "LTM_RATE_EXCEEDED": "the quota of tokens a minute for long-term memory was used up",
}
"""What the reasons of failed jobs mean."""


def check_memory(memory: Memory) -> Finding:
    """Return whether a memory can be used."""
    name, status = f"memory {memory.memory_id}", memory.status
    if status == "ACTIVE":
        account = memory.arn.split(":")[4:5]
        of = f" in account {account[0]}" if account else ""
        return ok(
            "memory", f"{name}{of} is ACTIVE, and keeps events {memory.event_expiry_days} days"
        )
    if status == "UPDATING":
        return warning("memory", f"{name} is UPDATING: changes of it are refused", _WAIT)
    if status == "CREATING":
        return problem("memory", f"{name} is CREATING: it takes no events yet", _WAIT)
    reason = f": {memory.failure_reason}" if memory.failure_reason else ""
    cure = "Create another one"
    if status == "FAILED":
        cure = "Correct what the reason names, such as the role or the key, and create it anew"
    return problem("memory", f"{name} is {status}{reason}", cure)


def check_strategies(memory: Memory) -> list[Finding]:
    """Return whether strategies extract records from events."""
    if not memory.strategies:
        cause = "the memory has no strategies, so nothing is ever extracted"
        cure = 'add_strategy(memory, SemanticStrategy("facts", "/facts/{actorId}/")) of a control'
        return [warning("strategies", cause, cure)]
    found = [each for each in map(_check_strategy, memory.strategies) if each]
    shown = ", ".join(f"{each.name} ({each.type})" for each in memory.strategies)
    return found or [ok("strategies", shown)]


def _check_strategy(strategy: MemoryStrategy) -> Finding | None:
    name = f"strategy {strategy.name}"
    if strategy.status in ("ACTIVE", None):
        return None
    if strategy.status == "CREATING":
        cause = f"{name} is CREATING: what is said until then is not extracted"
        return warning("strategies", cause, _WAIT)
    cure = "delete_strategy and add_strategy of a control make it anew"
    return problem("strategies", f"{name} is {strategy.status}: it extracts nothing", cure)


def check_jobs(jobs: Sequence[ExtractionJob], *, is_all: bool) -> Finding:
    """
    Return which extraction jobs failed.

    Args:
        jobs: Failed jobs.
        is_all: Whether there are no others.
    """
    if not jobs:
        return ok("extraction", "no extraction job failed")
    reasons = Counter(job.reason or "no reason" for job in jobs)
    shown = ", ".join(
        f"{count} by {reason}{f' ({_REASONS[reason]})' if reason in _REASONS else ''}"
        for reason, count in reasons.most_common()
    )
    least = "" if is_all else "at least "
    cause = f"{least}{len(jobs)} extraction {'job' if len(jobs) == 1 else 'jobs'} failed: {shown}"
    return problem("extraction", cause, "agentcore-memory jobs --restart starts them again")
