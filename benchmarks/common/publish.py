"""
Write the newest results where readers look: tables of the docs and of the questions.

A page has a pair of comments, ``<!-- figures -->`` and ``<!-- end of figures -->``; what is between
them is made here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.common import report, results
from benchmarks.common.environments import ROOT
from benchmarks.common.figures import judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.common.conductor import Run
    from benchmarks.common.question import Question

BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"
"""Comments around what is made here."""
DOCS = ROOT / "docs"
"""Folder of the page."""


def publish(questions: Sequence[Question]) -> None:
    """Write the tables of the newest results of *questions*."""
    for path, text in pages(questions).items():
        path.write_text(text, "utf-8")


def pages(questions: Sequence[Question]) -> dict[Path, str]:
    """Return the text of each page with figures, as the newest results make it."""
    found = {question: run for question in questions if (run := results.load(question))}
    made = {
        DOCS / "benchmarks.md": "\n".join(
            line for question, run in found.items() for line in section(question, run)
        )
    }
    for question, run in found.items():
        readme = ROOT / "benchmarks" / question.name / "README.md"
        made[readme] = "\n".join([*figures(question, run), ""])
    return {path: filled(path.read_text("utf-8"), text) for path, text in made.items()}


def filled(page: str, text: str) -> str:
    """Return *page* with *text* between the comments."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def section(question: Question, run: Run) -> Iterator[str]:
    """Iterate over the lines of the section of *question*."""
    yield f"## {question.title}"
    yield ""
    if question.panels:
        yield f"![Chart: {question.title}]({question.chart})"
        yield ""
    yield from figures(question, run)
    yield ""


def figures(question: Question, run: Run) -> Iterator[str]:
    """Iterate over the lines that show *run*: a table, and where it was measured."""
    yield from report.markdown([judge(row, run.measured) for row in question.rows], run)
    yield ""
    machine = ", ".join(str(value) for value in run.machine.values())
    yield f"Measured on {run.date} ({machine}), the median of {run.rounds} rounds."
