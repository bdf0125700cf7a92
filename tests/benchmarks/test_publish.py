"""What readers see of the benchmarks is what was measured last."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.common import results
from benchmarks.common.publish import DOCS, filled, pages
from benchmarks.questions import QUESTIONS

if TYPE_CHECKING:
    from benchmarks.common.question import Question


@pytest.mark.parametrize(
    ("path", "text"),
    pages(QUESTIONS).items(),
    ids=lambda given: given.name if isinstance(given, Path) else "",
)
def test_pages_show_the_newest_results(path: Path, text: str) -> None:
    """The tables of a page are made of the results beside their question."""
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_all_of_a_question_is_kept(question: Question) -> None:
    """A question has a README, results with machine and versions, all rows, and its chart."""
    run = results.load(question)
    assert run is not None
    assert run.machine
    assert run.date
    contestants = {figure.contestant for row in question.rows for figure in row.figures}
    assert contestants == {*run.versions, *run.absent}
    for row in question.rows:
        for figure in row.figures:
            assert figure in run.measured or figure.contestant in run.absent
    assert (DOCS / question.chart).exists() is bool(question.panels)


def test_text_around_the_figures() -> None:
    """Only what is between the comments is made anew."""
    page = "a\n<!-- figures -->\nold\n<!-- end of figures -->\nb\n"
    new = "a\n<!-- figures -->\n\nnew\n<!-- end of figures -->\nb\n"
    assert filled(page, "new") == new
