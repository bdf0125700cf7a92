"""What a run will cost, said before it starts: its questions, and the removal of what it makes."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from attrs import field, frozen

from agentcore_memory_async.verify._asking.watching import LONGEST_S, most_looks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.verify._probes import Probe

RETRIES = 1.5
"""Requests that a run makes at most, retries included, as a multiple of those of its plan."""
_TAKEN = 30
"""Requests that are kept for retries of questions, beside that share."""
_SPARE = 10
"""Requests that are kept for retries of the removal, beside that share."""
_PACE = 15
"""Requests a second of a removal."""
_SCANS = 8
"""Scans of a removal while it waits for what may come, at least; longer waits scan each 30 s."""
_SCAN_S = 30.0
"""Seconds between two scans of a long wait."""
MOST_PATHS = 8
"""Namespace paths of a memory with the 6 strategies that it may have, reflections, and the run."""


@frozen
class Removal:
    """
    The largest cost of removing what a run made.

    Attributes:
        calls: Number of requests of each operation, retries aside.
        seconds: Time in seconds.
    """

    calls: Counter[str] = field(factory=Counter[str])
    seconds: float = 0.0

    @property
    def limit(self) -> int:
        """Largest number of requests, retries included; 0 where nothing is to be removed."""
        total = self.calls.total()
        return int(total * RETRIES) + _SPARE if total else 0

    def line(self, what: str) -> str:
        """Return it in words, where there is something to remove."""
        calls = ", ".join(f"{name} {count}" for name, count in sorted(self.calls.items()))
        minutes = math.ceil(self.seconds / 60)
        when = f"within {minutes} min" if minutes else "at once"
        return f"{what}, {when}: {calls} at most, or {self.limit} in all with retries."


def memory_removal(*, is_active: bool) -> Removal:
    """Return the cost of deleting the run's own memory, which can't be before it is active."""
    looks = 1 if is_active else most_looks()
    calls = Counter({"GetMemory": looks, "DeleteMemory": 1})
    if not is_active:
        calls["ListMemories"] = 1  # where a lost answer told nobody its id
    return Removal(calls, 0.0 if is_active else LONGEST_S)


def actor_removal(*, events: int, sessions: int, paths: int, settle_s: float) -> Removal:
    """Return the cost of removing the run's actor from a memory, whose records are below paths."""
    scans = 2 + (max(_SCANS, math.ceil(settle_s / _SCAN_S)) if settle_s else 0)
    calls = Counter(
        {
            "GetMemory": 1,
            "ListSessions": scans,
            "ListEvents": scans * sessions,
            "DeleteEvent": events,
            "ListMemoryRecords": scans * paths + 4,  # the run's own records fill three pages
            "BatchDeleteMemoryRecords": 8,
        }
    )
    return Removal(+calls, settle_s + calls.total() / _PACE)


@frozen
class Plan:
    """
    The largest cost of a run.

    Attributes:
        probes: Probes that are asked.
        calls: Largest number of requests of each operation, retries and removals aside.
        removal: Cost of removing what it makes.
        leftover: Cost of removing what an earlier run left, before it starts.
        least: Smallest number of requests that a run can do with.
        seconds: Longest time of its waits, where lists don't lag.
    """

    probes: tuple[Probe, ...]
    calls: Counter[str]
    removal: Removal
    leftover: Removal
    least: int
    seconds: float

    @property
    def limit(self) -> int:
        """Largest number of requests in all, retries and removals included."""
        asked = int(self.calls.total() * RETRIES) + _TAKEN
        return asked + self.removal.limit + self.leftover.limit

    def lines(self) -> list[str]:
        """Return the plan in words."""
        leftover = [self.leftover.line("Removes what is left first")] if self.leftover.calls else []
        calls = ", ".join(f"{name} {count}" for name, count in sorted(self.calls.items()))
        return [
            *leftover,
            *(
                f"  {each.name:12} {sum(each.calls.values()):4} requests, {each.seconds:3.0f} s at "
                f"most: {each.question}"
                for each in self.probes
            ),
            f"Requests at most: {calls}",
            self.removal.line("Removes what it made"),
            (
                f"In all {self.limit} requests at most with retries; "
                f"waits of {self.seconds / 60:.0f} min at most where lists don't lag."
            ),
        ]


def make_plan(
    probes: Sequence[Probe],
    *,
    makes_memory: bool,
    paths: int,
    leftover: Removal | None = None,
) -> Plan:
    """Return the plan of a run that asks *probes*, whose records are below *paths* paths."""
    # A memory that was named is read once for the plan, and once for the run.
    calls: Counter[str] = Counter({"GetMemory": most_looks() if makes_memory else 2})
    probes = [each for each in probes if makes_memory or not each.own_memory_only]
    for probe in probes:
        calls.update(probe.planned_calls(paths))
    if makes_memory:
        calls["CreateMemory"] = 1
        at_first, removal = memory_removal(is_active=False), memory_removal(is_active=True)
    else:
        at_first = actor_removal(events=0, sessions=0, paths=MOST_PATHS, settle_s=0.0)
        removal = actor_removal(
            events=calls["CreateEvent"],
            sessions=sum(probe.sessions for probe in probes),
            paths=paths,
            settle_s=LONGEST_S,
        )
    leftover = leftover or Removal()
    return Plan(
        probes=tuple(probes),
        calls=calls,
        removal=removal,
        leftover=leftover,
        least=leftover.limit + 2 + at_first.limit,
        seconds=sum(probe.seconds for probe in probes) + (LONGEST_S if makes_memory else 0.0),
    )
