"""
What was called and how it ended, and an independent checker of it against what is stored.

It knows the promises and nothing of how they are kept.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from agentcore_memory_async.errors import OutcomeUnknownError
    from tests.simulation.memory_service import MemoryService, Stored

Key = tuple[str, str]


class End(Enum):
    """How a write ended."""

    RUNNING = "running"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@attrs.define
class Write:
    """
    One turn that was written, or tried to.

    Attributes:
        number: Calls are numbered as they are made.
        key: Actor and session.
        text: What makes it unique.
        end: How it ended.
        event_id: As acknowledged.
        token: The caller's client token; None if it gave none.
        error: Where the outcome was unknown.
        ended_at: When the call ended.
        resolved: Whether it was settled by ``resolve``.
        buffer: The number of the buffer it was given to; None for a call of its own.
        is_message: Whether it is a message; data of its own otherwise.
    """

    number: int
    key: Key
    text: str
    end: End = End.RUNNING
    event_id: str | None = None
    token: str | None = None
    error: OutcomeUnknownError | None = None
    ended_at: float = 0.0
    resolved: bool = False
    buffer: int | None = None
    is_message: bool = True


class History:
    """
    All writes of one run.

    Attributes:
        writes: In the order of the calls.
        violations: What was seen to be wrong while it ran.
        slowest_resolve_s: The longest that settling one write took when the faults were over.
    """

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.violations: list[str] = []
        self.slowest_resolve_s = 0.0
        self.reads = 0
        self.buffers = 0

    def begin(self, key: Key, *, buffer: int | None = None, token: str | None = None) -> Write:
        """Note that a call is made."""
        number = len(self.writes)
        write = Write(number, key, f"turn {number}", token=token, buffer=buffer)
        self.writes.append(write)
        return write

    def ends(self) -> Counter[str]:
        """Count how calls ended."""
        return Counter(write.end.value for write in self.writes)


@attrs.define
class Verdict:
    """
    What the checker found; all counts are 0 for a correct client.

    Attributes:
        lost: Acknowledged, and not stored.
        doubled: Stored more than once.
        revived: Rejected, and stored.
        foreign: Stored, and never written; or in another session.
        out_of_order: Sessions whose stored order is not that of the calls.
        equal_stamps: Sessions in which two events have one stamp.
        unresolved: Unknown still, when it was over.
        others: All else, in words.
    """

    lost: int = 0
    doubled: int = 0
    revived: int = 0
    foreign: int = 0
    out_of_order: int = 0
    equal_stamps: int = 0
    unresolved: int = 0
    others: list[str] = attrs.field(factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return self == Verdict()


def check(history: History, service: MemoryService) -> Verdict:
    """Compare what was called with what is stored."""
    verdict = Verdict(others=[*history.violations, *service.violations])
    copies: dict[str, list[tuple[Key, Stored, int]]] = {}
    for key, events in service.sessions.items():
        for event in events:
            for place, text in enumerate(event.texts):
                copies.setdefault(text, []).append((key, event, place))
        if len({event.stamp_ms for event in events}) != len(events):
            verdict.equal_stamps += 1
    places: dict[int, tuple[int, int]] = {}
    for write in history.writes:
        found = copies.pop(write.text, [])
        _check_one(write, found, verdict)
        if len(found) == 1:
            event, place = found[0][1:]
            if not _came_late(write, event, service):
                places[write.number] = event.stamp_ms, place
    verdict.foreign += len(copies)
    _check_order(history.writes, places, verdict)
    return verdict


def _check_one(write: Write, found: list[tuple[Key, Stored, int]], verdict: Verdict) -> None:
    if len(found) > 1:
        verdict.doubled += 1
    if any(key != write.key for key, _, _ in found):
        verdict.foreign += 1
    if write.end is End.ACKNOWLEDGED:
        ids = [event.event_id for _, event, _ in found]
        if not found or (write.event_id is not None and write.event_id not in ids):
            verdict.lost += 1
    elif write.end is End.REJECTED and found:
        verdict.revived += 1
    elif write.end in {End.UNKNOWN, End.RUNNING} or (write.end is End.CANCELLED and write.token):
        verdict.unresolved += 1


def _came_late(write: Write, event: Stored, service: MemoryService) -> bool:
    """Tell whether it was sent only by the ``resolve`` of a call that was cancelled before."""
    token = event.request["clientToken"]
    return write.resolved and write.buffer is None and service.first_seen[token] > write.ended_at


def _check_order(writes: list[Write], places: dict[int, tuple[int, int]], verdict: Verdict) -> None:
    """Calls of a session in their order, and so the messages of each buffer."""
    last: dict[tuple[Key, int | None], tuple[int, int]] = {}
    wrong: set[Key] = set()
    for write in writes:
        place = places.get(write.number)
        if place is None:
            continue
        line = write.key, write.buffer
        if line in last and place <= last[line]:
            wrong.add(write.key)
        last[line] = place
    verdict.out_of_order += len(wrong)
