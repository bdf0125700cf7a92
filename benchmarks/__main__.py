"""
Run the benchmarks: ``python -m benchmarks [--quick] [QUESTION...]``.

Without arguments all questions are run. A quick run takes minutes: this package and raw aioboto3
alone, with fewer rounds; it fails if a row is worse than twice its bound.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from attrs import evolve

from benchmarks.common import conductor, report
from benchmarks.common.figures import judge, slips
from benchmarks.questions import QUESTIONS

if TYPE_CHECKING:
    from benchmarks.common.figures import Result
    from benchmarks.common.question import Question

QUICK_ROUNDS = 3


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help="names of folders; all")
    parser.add_argument("--quick", action="store_true", help="only what guards against slips")
    given = parser.parse_args()
    chosen = [q for q in QUESTIONS if not given.questions or q.name in given.questions]
    if given.quick:
        chosen = [quick(question) for question in chosen if question.quick]
    results = [result for question in chosen for result in answer(question)]
    if given.quick and (slipped := [result.row.label for result in results if slips(result)]):
        sys.exit(f"Beyond twice the bound: {', '.join(slipped)}")


def quick(question: Question) -> Question:
    """Return *question* with the rows of its quick contestants alone."""
    rows = tuple(
        row
        for row in question.rows
        if all(figure.contestant in question.quick for figure in row.figures)
    )
    return evolve(question, rows=rows, rounds=QUICK_ROUNDS)


def answer(question: Question) -> list[Result]:
    """Measure *question* and show what was found."""
    run = conductor.run(question)
    results = [judge(row, run.measured) for row in question.rows]
    print("\n".join(report.lines(question, run, results)), flush=True)
    return results


if __name__ == "__main__":
    main()
