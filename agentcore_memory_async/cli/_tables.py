"""Tables on a terminal: text is folded to its width, ids stay whole, so that they can be copied."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDED_WIDTH = 24
"""Least width of a column of text; where there is less, the last one goes below the others."""
_GAP = 2
"""Spaces between two columns, and before what goes below."""


def print_table(
    rows: Sequence[Sequence[str]],
    columns: Sequence[str],
    ids: frozenset[int],
    *,
    headers: bool,
) -> None:
    """
    Print rows on stdout, which is a terminal.

    Args:
        rows: Cells of each row, one row or more; nothing in them may be a terminal's command.
        columns: Headers.
        ids: Places of the columns whose cells stay whole on one line.
        headers: Whether the headers are printed.
    """
    cells = [list(map(Text, row)) for row in rows]
    widths = [
        max(len(header), *(row[place].cell_len for row in cells))
        for place, header in enumerate(columns)
    ]
    # rich takes a terminal that knows no colors for one of 80 columns.
    size = shutil.get_terminal_size()
    console = Console(file=sys.stdout, highlight=False, width=size.columns, height=size.lines)
    folded = [width for place, width in enumerate(widths) if place not in ids]
    needed = sum(width + _GAP for width in widths) - sum(folded)
    needed += sum(min(width, FOLDED_WIDTH) for width in folded)
    if folded and needed <= console.width:
        table = Table(show_header=headers, box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
        for place, header in enumerate(columns):
            is_id = place in ids
            table.add_column(
                header, no_wrap=is_id, min_width=widths[place] if is_id else None, overflow="fold"
            )
        for row in cells:
            table.add_row(*row)
        console.print(table)
    else:
        _print_lines(console, [*map(Text, columns)] if headers else [], cells, widths, ids)


def _print_lines(
    console: Console,
    headers: Sequence[Text],
    cells: Sequence[Sequence[Text]],
    widths: Sequence[int],
    ids: frozenset[int],
) -> None:
    """Print each row on a line that the terminal itself may fold, and a last text below it."""
    last = len(widths) - 1
    beside = last if last not in ids else last + 1
    gap = Text(" " * _GAP)
    for row in (headers, *cells):
        for cell, width in zip(row[:beside], widths, strict=False):
            cell.pad_right(width - cell.cell_len)
        if row:
            style = "bold" if row is headers else ""
            shown = row if row is headers else row[:beside]
            console.print(gap.join(shown), style=style, soft_wrap=True)
        if row is not headers and beside == last:
            console.print(Padding(row[last], (0, 0, 0, _GAP)))
