"""What the benchmarks say of their rounds: ratios, medians, and what holds."""

from __future__ import annotations

import pytest

from benchmarks.common.conductor import operations_of
from benchmarks.common.figures import Spread, Verdict, judge, slips
from benchmarks.common.question import Contestant, Environment, Figure, Question, Row
from benchmarks.questions import QUESTIONS

HERE = Environment("here", ())
OURS = Figure(Contestant("ours", "a", HERE), "write")
RAW = Figure(Contestant("raw", "b", HERE), "write")


def test_ratio_of_rounds() -> None:
    """A ratio is the median of the ratios of each round."""
    # of the medians it would be 2/4
    measured = {OURS: [1.0, 2.0, 30.0], RAW: [4.0, 2.0, 100.0]}
    result = judge(Row("write", OURS, RAW, bound=0.5), measured)
    assert result.spread == Spread(0.3, 0.25, 1.0)


@pytest.mark.parametrize(
    ("measured", "more_is_better", "verdict"),
    [
        (0.5, False, Verdict.AIM),
        (0.51, False, Verdict.BOUND),
        (0.75, False, Verdict.BOUND),
        (0.76, False, Verdict.MISSED),
        (0.5, True, Verdict.MISSED),
        (0.75, True, Verdict.BOUND),
        (0.9, True, Verdict.AIM),
    ],
)
def test_bound_and_aim(measured: float, more_is_better: bool, verdict: Verdict) -> None:
    """A row is judged by its bound and then by its aim."""
    aim = 0.9 if more_is_better else 0.5
    row = Row("write", OURS, bound=0.75, aim=aim, more_is_better=more_is_better)
    assert judge(row, {OURS: [measured]}).verdict is verdict


def test_no_bound() -> None:
    """A row without a bound is shown."""
    assert judge(Row("write", OURS), {OURS: [9.0]}).verdict is Verdict.SHOWN


@pytest.mark.parametrize("present", [OURS, RAW])
def test_absent_contestant(present: Figure) -> None:
    """A row of an absent contestant is absent."""
    result = judge(Row("write", OURS, RAW, bound=9.0), {present: [1.0]})
    assert (result.verdict, result.spread, slips(result)) == (Verdict.ABSENT, None, False)


@pytest.mark.parametrize(
    ("measured", "more_is_better", "slipped"),
    [(1.5, False, False), (1.51, False, True), (0.375, True, False), (0.37, True, True)],
)
def test_guard(measured: float, more_is_better: bool, slipped: bool) -> None:
    """The guard lets a bound slip by a factor of two."""
    row = Row("write", OURS, bound=0.75, more_is_better=more_is_better)
    assert slips(judge(row, {OURS: [measured]})) is slipped


def test_guard_without_a_bound() -> None:
    """The guard has nothing to say of a row without a bound."""
    assert not slips(judge(Row("write", OURS), {OURS: [9.0]}))


def test_operations_of_rows() -> None:
    """Each operation is measured once and the contestants side by side."""
    ours_read = Figure(OURS.contestant, "read")
    wall = Figure(RAW.contestant, "write", "wall_s")
    rows = [Row("1", OURS, RAW), Row("2", ours_read), Row("3", OURS, wall)]
    ours, raw = OURS.contestant, RAW.contestant
    assert operations_of(rows) == [(ours, "write"), (raw, "write"), (ours, "read")]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_aims_of_all_questions(question: Question) -> None:
    """No aim is weaker than its bound."""
    for row in question.rows:
        if row.aim is not None:
            assert row.bound is not None
            assert (row.aim > row.bound) is row.more_is_better
