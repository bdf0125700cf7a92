"""Judge what was measured: medians, spreads and ratios of rounds, against bound and aim."""

from __future__ import annotations

from enum import Enum
from statistics import median
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.common.question import Figure, Row

    Measured = Mapping[Figure, Sequence[float]]

SLIP = 2.0
"""A guard fails beyond the bound by this factor, since machines of CI are noisy."""


class Verdict(Enum):
    """How a row compares with what it is to reach."""

    AIM = "aim reached"
    BOUND = "bound holds"
    MISSED = "bound missed"
    SHOWN = "no bound"
    ABSENT = "absent"


@frozen
class Spread:
    """The rounds of a figure: the middle one, and those at both ends."""

    middle: float
    low: float
    high: float


@frozen
class Result:
    """A row with what was measured; *spread* is None where a contestant is absent."""

    row: Row
    spread: Spread | None
    verdict: Verdict


def spread_of(rounds: Sequence[float]) -> Spread:
    """Return the median of *rounds*, the lowest and the highest."""
    return Spread(median(rounds), min(rounds), max(rounds))


def ratios(figures: Sequence[float], references: Sequence[float]) -> list[float]:
    """Return the ratio of each round, so that noise of a round hits both."""
    return [figure / reference for figure, reference in zip(figures, references, strict=True)]


def reaches(row: Row, value: float, target: float) -> bool:
    """Return whether *value* is as good as *target*."""
    return value >= target if row.more_is_better else value <= target


def verdict_on(row: Row, value: float) -> Verdict:
    """Return how *value* compares with bound and aim of *row*."""
    if row.bound is None:
        return Verdict.SHOWN
    if row.aim is not None and reaches(row, value, row.aim):
        return Verdict.AIM
    return Verdict.BOUND if reaches(row, value, row.bound) else Verdict.MISSED


def judge(row: Row, measured: Measured) -> Result:
    """Return the result of *row*; a figure that was not measured makes it absent."""
    figures = measured.get(row.figure)
    references = measured.get(row.reference) if row.reference else None
    if figures is None or (row.reference and references is None):
        return Result(row, None, Verdict.ABSENT)
    spread = spread_of(ratios(figures, references) if references else figures)
    return Result(row, spread, verdict_on(row, spread.middle))


def slips(result: Result) -> bool:
    """Return whether *result* is worse than its bound by more than the factor `SLIP`."""
    row = result.row
    if row.bound is None or result.spread is None:
        return False
    target = row.bound / SLIP if row.more_is_better else row.bound * SLIP
    return not reaches(row, result.spread.middle, target)
