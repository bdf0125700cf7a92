"""
Draw the main figures of a question as SVG.

One file serves light and dark pages: it has no background, and its colors stand out from both.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing

from benchmarks.common import report, results
from benchmarks.common.environments import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from benchmarks.common.conductor import Run
    from benchmarks.common.question import Panel, Question

INK = "#78818c"
"""Color of all text; its contrast is above 3.9 on white and on the black of dark pages."""
OURS = "#3b8eea"
"""Color of this package's bars."""
OTHERS = "#8b95a1"
"""Color of all other bars."""
BAR = 0.27
"""Height of a bar with the space around it, in inches."""
HEAD = 0.4
"""Height of a title, in inches."""
WIDTH = 8.8
"""Width of a chart, in inches."""
COLUMNS = 2
"""Panels side by side."""


def draw_all(questions: Sequence[Question]) -> None:
    """Draw the newest results of *questions* where the docs show them."""
    for question in questions:
        run = results.load(question)
        if run and question.panels:
            draw(question, run, ROOT / "docs" / question.chart)


def draw(question: Question, run: Run, path: Path) -> None:
    """Draw the panels of *question* into *path*."""
    style: dict[Any, Any] = {
        "svg.hashsalt": question.name,
        "svg.fonttype": "none",
        "font.size": 9,
        "text.color": INK,
        "axes.titlecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    panels = question.panels
    grid = -(-len(panels) // COLUMNS)
    bars = max(len(panel.figures) for panel in panels)
    with mpl.rc_context(style):
        height = HEAD + grid * (bars * BAR + HEAD)
        drawing = Drawing(figsize=(WIDTH, height), layout="constrained")
        drawing.suptitle(question.title, fontsize=11)
        axes = drawing.subplots(grid, min(COLUMNS, len(panels)), squeeze=False)
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        for panel, axis in zip(panels, axes.flat, strict=False):
            draw_panel(axis, panel, run)
        drawing.savefig(path, transparent=True, metadata={"Date": None})


def draw_panel(axis: Any, panel: Panel, run: Run) -> None:
    """Draw a bar for each figure that was measured, the best one on top."""
    measured = {
        figure: median(run.measured[figure]) for figure in panel.figures if figure in run.measured
    }
    order = sorted(measured, key=measured.__getitem__, reverse=not panel.more_is_better)
    bars = axis.barh(
        [figure.contestant.name for figure in order],
        [measured[figure] for figure in order],
        height=0.7,
        color=[OURS if "this package" in f.contestant.name else OTHERS for f in order],
    )
    texts = [report.amount(measured[figure], panel.unit) for figure in order]
    axis.bar_label(bars, texts, padding=3, color=INK)
    axis.set_title(panel.title, loc="left", fontsize=10)
    axis.margins(x=0.25)
    axis.tick_params(length=0)
    axis.xaxis.set_visible(False)
    axis.spines[:].set_visible(False)
