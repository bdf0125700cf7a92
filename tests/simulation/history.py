"""
The calls of a run and their outcomes, and a checker that compares them with the stored events.

The checker knows the guarantees, but nothing of the implementation.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from agentcore_memory_async.errors import OutcomeUnknownError
    from tests.simulation.memory_service import MemoryService, Stored

Key = tuple[str, str]


class End(Enum):
    """Outcome of a write."""

    RUNNING = "running"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@define
class Write:
    """
    The write of one turn.

    Attributes:
        number: Number of the call, in order.
        key: Actor id and session id.
        text: Unique text.
        end: Outcome.
        event_id: Event id of the acknowledgement.
        token: Client token that the caller gave, if any.
        error: Error of an unknown outcome.
        ended_at: Time at which the call ended.
        resolved: Whether ``resolve`` settled the outcome.
        buffer: Number of the buffer that took the message; None for a direct call.
        is_message: Whether it is a message; otherwise a JSON payload.
        imported: Whether the caller gave its time, which is the same for all of them.
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
    imported: bool = False


class History:
    """
    All writes of one run.

    Attributes:
        writes: Writes in the order of the calls.
        violations: Violations seen during the run.
        slowest_resolve_s: Longest ``resolve`` of one write after the faults, in seconds.
        reads: Number of reads.
        buffers: Number of buffers.
    """

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.violations: list[str] = []
        self.slowest_resolve_s = 0.0
        self.reads = 0
        self.buffers = 0

    def begin(self, key: Key, *, buffer: int | None = None, token: str | None = None) -> Write:
        """Record a new call and return it."""
        number = len(self.writes)
        write = Write(number, key, f"turn {number}", token=token, buffer=buffer)
        self.writes.append(write)
        return write

    def ends(self) -> Counter[str]:
        """Return the number of calls by outcome."""
        return Counter(write.end.value for write in self.writes)


@define
class Verdict:
    """
    Result of the checker; a correct client has 0 everywhere.

    Attributes:
        lost: Writes that were acknowledged but not stored.
        doubled: Writes that were stored more than once.
        revived: Writes that were rejected but stored.
        foreign: Texts that were stored in another session, or never written.
        out_of_order: Sessions whose stored order differs from that of the calls.
        equal_stamps: Sessions with two events of the same timestamp.
        unresolved: Writes whose outcome is still unknown at the end.
        others: Descriptions of other violations.
    """

    lost: int = 0
    doubled: int = 0
    revived: int = 0
    foreign: int = 0
    out_of_order: int = 0
    equal_stamps: int = 0
    unresolved: int = 0
    others: list[str] = field(factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether there is no violation."""
        return self == Verdict()


def check(history: History, service: MemoryService) -> Verdict:
    """Compare the calls with the stored events."""
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
    """Return whether only ``resolve`` sent the write, after its call was cancelled."""
    token = event.request["clientToken"]
    return write.resolved and write.buffer is None and service.first_seen[token] > write.ended_at


def _check_order(writes: list[Write], places: dict[int, tuple[int, int]], verdict: Verdict) -> None:
    """Check the order in each session: of direct calls, imported ones, and each buffer's."""
    last: dict[tuple[Key, int | None, bool], tuple[int, int]] = {}
    wrong: set[Key] = set()
    for write in writes:
        place = places.get(write.number)
        if place is None:
            continue
        line = write.key, write.buffer, write.imported
        if line in last and place <= last[line]:
            wrong.add(write.key)
        last[line] = place
    verdict.out_of_order += len(wrong)
