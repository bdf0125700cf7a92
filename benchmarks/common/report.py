"""Show what was measured, as text and as rows of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.common.figures import Verdict, spread_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.common.conductor import Run
    from benchmarks.common.figures import Result, Spread
    from benchmarks.common.question import Question, Row

SCALES = {"s": ((1e-3, 1e6, "us"), (1.0, 1e3, "ms"), (float("inf"), 1.0, "s"))}
"""Units that are shown for a unit, by the size of the value: limit, factor and name."""


def amount(value: float, unit: str) -> str:
    """Return *value* for readers: seconds in the unit that suits them, a ratio bare."""
    for limit, factor, name in SCALES.get(unit, ()):
        if value < limit:
            return f"{value * factor:.3g} {name}"
    return f"{value:.2f}" if not unit else f"{value:,.4g} {unit}"


def unit_of(row: Row) -> str:
    """Return the unit of *row*: that of a ratio is none."""
    return "" if row.reference else row.unit


def spread_text(spread: Spread, unit: str) -> str:
    """Return the middle of *spread* and its ends; of a ratio so that a bound just missed shows."""
    middle = amount(spread.middle, unit) if unit else f"{spread.middle:.3f}"
    return f"{middle} ({amount(spread.low, unit)} to {amount(spread.high, unit)})"


def target(value: float | None, unit: str) -> str:
    """Return a bound or an aim."""
    return "" if value is None else amount(value, unit)


def result_text(result: Result, run: Run) -> str:
    """Return what was measured of a row, or why it was not."""
    if result.spread is not None:
        return spread_text(result.spread, unit_of(result.row))
    contestants = dict.fromkeys(figure.contestant for figure in result.row.figures)
    reasons = [f"{of.name}: {run.absent[of]}" for of in contestants if of in run.absent]
    return "; ".join(reasons) or "not measured yet"


def lines(question: Question, run: Run, results: Sequence[Result]) -> Iterator[str]:
    """Iterate over the lines that a run prints."""
    yield f"{question.name}: {question.title}"
    yield f"  Median of {run.rounds} rounds (lowest to highest)."
    shown = {figure: row.unit for row in question.rows if row.reference for figure in row.figures}
    for figure, unit in shown.items():
        if rounds := run.measured.get(figure):
            name = f"{figure.contestant.name}, {figure.operation}, {figure.measure}"
            yield f"    {name:42} {spread_text(spread_of(rounds), unit)}"
    for result in results:
        row = result.row
        goals = f"bound {target(row.bound, unit_of(row)):8} aim {target(row.aim, unit_of(row)):8}"
        goals = goals if row.bound is not None else ""
        yield f"  {row.label:44} {result_text(result, run):24} {goals:27} {result.verdict.value}"


def markdown(results: Sequence[Result], run: Run) -> Iterator[str]:
    """Iterate over the lines of a table of *results*."""
    yield "| row | measured | bound | aim | |"
    yield "|---|---|---|---|---|"
    for result in results:
        row = result.row
        cells = (
            row.label,
            result_text(result, run),
            target(row.bound, unit_of(row)),
            target(row.aim, unit_of(row)),
            emphasized(result.verdict),
        )
        yield f"| {' | '.join(cells)} |"


def emphasized(verdict: Verdict) -> str:
    """Return *verdict*, in bold if a reader has to see it."""
    return f"**{verdict.value}**" if verdict is Verdict.MISSED else verdict.value
