"""The switches of the local service, drawn at random, and what a report must say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import fields_dict, frozen

from agentcore_memory_async.local import Behavior, Lags
from agentcore_memory_async.local.profile import DELAY_S

if TYPE_CHECKING:
    import random

    from agentcore_memory_async.verify import Report, Verdict

MEGABYTE = 1024 * 1024

FLIPS: dict[str, tuple[Any, ...]] = {
    "behavior.token_mismatch": ("error",),
    "behavior.metadata_paging": ("index",),
    "behavior.branch_conflict": ("accept",),
    "behavior.strict_branches": (True,),
    "behavior.java_blob_strings": (True,),
    "behavior.shuffle_ties": (True, 7),
    "behavior.shuffle_records": (True, 7),
    "behavior.legacy_prefix": (True,),
    "behavior.raw_prefix": (True,),
    "behavior.default_page": (1, 7, 19, 21, 50, 100),
    "behavior.body_limit": (MEGABYTE // 2, 3 * MEGABYTE),
    "behavior.consolidate": (False,),
    "behavior.throttle": (True,),
    "lags.event_lists": (2, 5),
    "lags.event_filters": (20, 60),  # less than that of lists could not be seen
    "lags.stale_reads": (1, 3, 6),
    "lags.record_lists": (5, 20, 87),
    "lags.record_ids": (5, 30, 90),
    "lags.provisioning": (5, 60, 120),
    "extraction_delay.SEMANTIC": (60, 93, 150),
    "extraction_delay.USER_PREFERENCE": (60, 93, 150),
    "extraction_delay.SUMMARIZATION": (60, 93, 150),
    "extraction_delay.EPISODIC": (60, 93, 150),
}
"""
Values of each switch that are not its default.

Delays differ by more than a run resolves, which is a fifth of what it watches for.
"""
ROUNDING_S = 0.001
"""Rounding of durations in reports, in seconds."""


@frozen
class Settings:
    """
    Switches of a local service.

    Attributes:
        flipped: Values of switches that are not at their defaults, by name.
    """

    flipped: dict[str, Any]

    @classmethod
    def draw(cls, source: random.Random) -> Settings:
        """Return settings in which each switch is flipped or not."""
        return cls(
            {name: source.choice(values) for name, values in FLIPS.items() if source.random() < 0.5}
        )

    def of(self, group: str) -> dict[str, Any]:
        """Return the flipped switches of a group."""
        split = ((name.partition("."), value) for name, value in self.flipped.items())
        return {name: value for (begin, _, name), value in split if begin == group}

    def options(self) -> dict[str, Any]:
        """Return the arguments of a local service."""
        return {
            "behavior": Behavior(**self.of("behavior")),
            "lags": Lags(**self.of("lags")),
            "extraction_delay": {"*": DELAY_S} | self.of("extraction_delay"),
        }

    def errors(self, report: Report) -> list[str]:
        """Return what a report says of the switches that is wrong."""
        verdicts = {each.name: each for each in report.verdicts}
        wrong: list[str] = []
        for name in FLIPS:
            verdict = verdicts.get(name)
            if verdict is None:
                # Nothing is said of a limit that no request of a run reaches.
                if name != "behavior.body_limit" or name in self.flipped:
                    wrong.append(f"{name}: nothing is said of it")
            elif verdict.is_conclusive:
                value = self.flipped.get(name, default_of(name))
                flagged = not covers(verdict, default_of(name))
                if not covers(verdict, value) or flagged != (name in self.flipped):
                    wrong.append(f"{name} is {value!r}: {verdict.value!r}, {verdict.text}")
        return wrong


def default_of(name: str) -> Any:
    """Return the default of a switch."""
    group, _, member = name.partition(".")
    if group == "extraction_delay":
        return DELAY_S
    return fields_dict(Behavior if group == "behavior" else Lags)[member].default


def covers(verdict: Verdict, value: Any) -> bool:
    """Return whether a verdict says that a switch may have *value*."""
    if verdict.within is not None:
        low, high = verdict.within
        return bool(low - ROUNDING_S <= value <= high + ROUNDING_S)
    if verdict.name.startswith("behavior.shuffle"):
        value = bool(value)
    return bool(verdict.value == value)
