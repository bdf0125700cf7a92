"""
Run the benchmarks: ``python -m benchmarks [--quick | --publish] [QUESTION...]``.

Without arguments all questions are run, their results are kept, and the tables and charts of the
docs are made anew; ``--publish`` makes them of the results that are kept. A quick run takes
minutes: this package and raw aioboto3 alone, with fewer rounds; it keeps nothing, and fails if a
row is worse than twice its bound.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from attrs import evolve

from benchmarks.common import conductor, report, results
from benchmarks.common.figures import judge, slips
from benchmarks.questions import QUESTIONS

if TYPE_CHECKING:
    from benchmarks.common.conductor import Run
    from benchmarks.common.figures import Result
    from benchmarks.common.question import Question

QUICK_ROUNDS = 3


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help="names of folders; all")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--quick", action="store_true", help="only what guards against slips")
    instead.add_argument("--publish", action="store_true", help="measure nothing")
    given = parser.parse_args()
    chosen = [q for q in QUESTIONS if not given.questions or q.name in given.questions]
    if given.quick:
        guard(chosen)
    else:
        from benchmarks.common.publish import publish  # matplotlib is for those who need charts

        for question in () if given.publish else chosen:
            results.save(question, answer(question)[0])
        publish(QUESTIONS)


def guard(questions: list[Question]) -> None:
    """Run what is quick of *questions*; leave with an error if a row slips."""
    runs = [answer(quick(question)) for question in questions if question.quick]
    slipped = [result.row.label for _, judged in runs for result in judged if slips(result)]
    if slipped:
        sys.exit(f"Beyond twice the bound: {', '.join(slipped)}")


def quick(question: Question) -> Question:
    """Return *question* with the rows of its quick contestants alone."""
    rows = tuple(
        row
        for row in question.rows
        if all(figure.contestant in question.quick for figure in row.figures)
    )
    return evolve(question, rows=rows, rounds=QUICK_ROUNDS)


def answer(question: Question) -> tuple[Run, list[Result]]:
    """Measure *question* and show what was found."""
    run = conductor.run(question)
    judged = [judge(row, run.measured) for row in question.rows]
    print("\n".join(report.lines(question, run, judged)), flush=True)
    return run, judged


if __name__ == "__main__":
    main()
