"""What a run will cost, said before it starts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import frozen

from agentcore_memory_async.verify._asking.watching import most_looks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.verify._probes import Probe

RETRIES = 1.5
"""Requests that a run makes at most, retries included, as a multiple of those of its plan."""
_TAKEN = 30
"""Requests that are kept for retries, beside that share."""


@frozen
class Plan:
    """
    The largest number of requests of a run.

    Attributes:
        probes: Probes that are asked.
        calls: Largest number of requests of each operation, retries aside.
        limit: Largest number of requests in all, retries included.
        seconds: Longest time of its waits.
    """

    probes: tuple[Probe, ...]
    calls: Counter[str]
    limit: int
    seconds: float

    def lines(self) -> list[str]:
        """Return the plan in words."""
        return [
            *(
                f"  {each.name:12} {sum(each.calls.values()):4} requests at most: {each.question}"
                for each in self.probes
            ),
            "Requests at most: "
            + ", ".join(f"{name} {count}" for name, count in sorted(self.calls.items())),
            f"In all {self.calls.total()} at most, or {self.limit} with retries.",
            f"Waits of {self.seconds / 60:.0f} minutes at most; polls end with what they wait for.",
        ]


def make_plan(probes: Sequence[Probe], *, makes_memory: bool, paths: int) -> Plan:
    """Return the plan of a run that asks *probes*, whose records are below *paths* paths."""
    calls: Counter[str] = Counter({"GetMemory": 1})
    for probe in probes:
        calls.update(probe.planned_calls(paths))
    if makes_memory:
        calls.update({"CreateMemory": 1, "GetMemory": most_looks(), "DeleteMemory": 1})
    limit = int(calls.total() * RETRIES) + _TAKEN
    seconds = sum(probe.seconds for probe in probes)
    return Plan(tuple(probes), calls, limit, seconds)
