"""A timeline as lines of text, drawn from times alone."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TICK_COLUMNS = 9
"""Columns from one tick of the axis to the next, at least: room for its label."""
_MAX_TICKS = 6
"""Ticks of the axis after 0, at most."""


@frozen
class Row:
    """
    One line of a timeline.

    Attributes:
        label: What happened.
        times: When, in seconds from the start, 0 or more; at least one.
        bar: Whether it went on from the first to the last time.
    """

    label: str
    times: tuple[float, ...]
    bar: bool = False


def draw(rows: Sequence[Row], width: int) -> list[str]:
    """Return the rows and their axis as lines of up to *width* characters, at least 40."""
    latest = max(time for row in rows for time in row.times)
    left = 2 + max(len(row.label) for row in rows) + 2
    columns = width - left - _TICK_COLUMNS + 1  # the last label begins below the last column
    step = _step(latest, min(_MAX_TICKS, max(1, columns // _TICK_COLUMNS)))
    ticks = max(1, ceil(round(latest / step, 6)))

    def column(time: float) -> int:
        return round((columns - 1) * time / (ticks * step))

    lines = [f"  {row.label:<{left - 2}}{_marks(row, column, columns)}".rstrip() for row in rows]
    places = [column(tick * step) for tick in range(ticks + 1)]
    axis = "".join("+" if place in places else "-" for place in range(columns))
    labels = " " * columns
    for tick, place in enumerate(places):
        text = f"{round(tick * step, 6):g} s"
        labels = labels[:place] + text + labels[place + len(text) :]
    return [*lines, " " * left + axis, " " * left + labels.rstrip()]


def _step(latest: float, ticks: int) -> float:
    """Return the seconds between two of at most *ticks*: 1, 2 or 5 times a power of ten."""
    rough = max(latest, 0.001) / ticks
    power = 10.0 ** floor(log10(rough))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999_999)


def _marks(row: Row, column: Callable[[float], int], columns: int) -> str:
    """Return the marks of a row: a star for each time, or one bar."""
    places = {column(time) for time in row.times}
    if row.bar:
        places = set(range(min(places), max(places) + 1))
    mark = "=" if row.bar else "*"
    return "".join(mark if place in places else " " for place in range(columns))
