"""How long it takes until writes are seen: polls at growing intervals, and what they bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agentcore_memory_async.verify._asking.reply import Reply
    from agentcore_memory_async.verify._asking.timer import Timer

LONGEST_S = 300.0
"""Seconds for which a write is watched for."""
_FIRST_S = 0.5
"""Seconds between the first polls."""
_SHARE = 0.2
"""Seconds until the next poll, as a share of the time that has passed."""

Sighting: TypeAlias = "dict[str, Any]"
"""
When a write was seen, as JSON: ``after``, the shortest and longest duration in seconds that agree
with the polls (None: it was not seen), and ``looks``, the number of polls.
"""


def most_looks(longest_s: float = LONGEST_S) -> int:
    """Return the largest number of polls of one watch."""
    passed, looks = 0.0, 1
    while passed <= longest_s:
        passed += max(_FIRST_S, passed * _SHARE)
        looks += 1
    return looks


async def watch(
    timer: Timer,
    writes: Mapping[str, Reply],
    look: Callable[[set[str]], Awaitable[tuple[Reply, set[str]]]],
    longest_s: float = LONGEST_S,
) -> dict[str, Sighting]:
    """
    Poll until all of *writes* are seen, or *longest_s* have passed.

    Args:
        timer: Time of the run.
        writes: Writes, by name.
        look: Looks for the writes of some names; returns its request, and what it saw.
        longest_s: Longest time in seconds.
    """
    began = max(write.answered_at for write in writes.values())
    after = dict.fromkeys(writes, 0.0)
    found: dict[str, Sighting] = {}
    looks = 0
    while True:
        missing = set(writes) - set(found)
        reply, seen = await look(missing)
        looks += 1
        for name in missing:
            write = writes[name]
            if name in seen:
                highest = reply.answered_at - write.sent_at
                bounds = [round(after[name], 3), round(highest, 3)]
                found[name] = {"after": bounds, "looks": looks}
            else:
                after[name] = max(0.0, reply.sent_at - write.answered_at)
        passed = timer.now() - began
        if len(found) == len(writes) or passed > longest_s:
            break
        unseen = ", ".join(sorted(set(writes) - set(found)))
        await timer.wait(max(_FIRST_S, passed * _SHARE), f"the next look for {unseen}")
    missed: Sighting = {"after": None, "looks": looks}
    return {name: found.get(name, missed) for name in writes}


def duration_of(sighting: Sighting) -> tuple[float, float, float] | None:
    """
    Return the likeliest, the shortest and the longest duration; None for what was not seen.

    What the first poll saw was seen at once, as far as anybody can tell.
    """
    if sighting["after"] is None:
        return None
    low, high = sighting["after"]
    return (0.0 if sighting["looks"] == 1 else (low + high) / 2), low, high
