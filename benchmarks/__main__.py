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
from benchmarks.common.figures import Verdict, judge, slips
from benchmarks.common.publish import publish
from benchmarks.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.common.conductor import Run
    from benchmarks.common.figures import Result
    from benchmarks.common.question import Question

QUICK_ROUNDS = 3


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument(
        "questions", nargs="*", type=question_named, metavar="QUESTION", help="names; all if none"
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--quick", action="store_true", help="only what guards against slips")
    instead.add_argument("--publish", action="store_true", help="measure nothing")
    given = parser.parse_args()
    chosen: Sequence[Question] = given.questions or QUESTIONS
    if given.quick:
        if problem := guard([question for question in chosen if question.quick]):
            sys.exit(problem)
        return
    try:
        from benchmarks.common import charts  # matplotlib is for those who need charts
    except ModuleNotFoundError as error:
        parser.error(f"charts need {error.name}: pip install --group bench, or make bench")
    for question in () if given.publish else chosen:
        results.save(question, answer(question)[0])
    publish(QUESTIONS)
    charts.draw_all(QUESTIONS)


def question_named(name: str) -> Question:
    """
    Return the question in the folder *name*.

    Raises:
        ArgumentTypeError: There is none.
    """
    by_name = {question.name: question for question in QUESTIONS}
    if name not in by_name:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(by_name)}")
    return by_name[name]


def guard(questions: Sequence[Question]) -> str:
    """Run what is quick of *questions*; return what is wrong, or nothing."""
    judged = [result for question in questions for result in answer(quick(question))[1]]
    slipped = [result.row.label for result in judged if slips(result)]
    absent = [result.row.label for result in judged if result.verdict is Verdict.ABSENT]
    if absent or not judged:
        return f"Not measured, so not guarded: {', '.join(absent) or 'anything'}"
    return f"Beyond twice the bound: {', '.join(slipped)}" if slipped else ""


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
