"""Verdicts and reports as values."""

from __future__ import annotations

import json

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async.verify import (
    Report,
    ReportError,
    Verdict,
    find_changes,
    parse_report,
)

TEXTS = st.text(max_size=20)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 100), TEXTS)
WITHIN = st.one_of(st.none(), st.tuples(st.floats(0, 10), st.floats(10, 20)))
VERDICTS = st.builds(
    Verdict,
    TEXTS,
    VALUES,
    st.sampled_from(["certain", "likely", "inconclusive"]),
    TEXTS,
    WITHIN,
    st.dictionaries(TEXTS, VALUES, max_size=3),
)
REPORTS = st.builds(
    Report,
    st.sampled_from(["aws", "other"]),
    TEXTS,
    st.just("2026-11-28T12:00:00+00:00"),
    TEXTS,
    TEXTS,
    st.integers(0, 1000),
    st.lists(VERDICTS, max_size=4).map(tuple),
)


def of(value: object, sure: str = "certain", within: tuple[float, float] | None = None) -> Verdict:
    """Return a verdict on one question."""
    return Verdict("behavior.throttle", value, sure, "seen", within)  # type: ignore[arg-type]


@given(REPORTS)
def test_a_report_is_read_as_it_was_written(report: Report) -> None:
    """A report survives its file."""
    assert report == parse_report(report.to_json())


@given(REPORTS)
def test_a_page_has_a_row_for_each_verdict(report: Report) -> None:
    """The page is a table that no text breaks."""
    lines = [
        evolve(each, name="n", text=each.text.replace("\n", " ").replace("\r", " "))
        for each in report.verdicts
    ]
    page = evolve(report, verdicts=tuple(lines), region="r", botocore="b", library="l")
    rows = [row for row in page.to_markdown().split("\n") if row.startswith("| `n` |")]
    assert [5] * len(lines) == [row.count("|") for row in rows]


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (of(True), of(True), 0),
        (of(True), of(False), 1),
        (of(True), of(None, "inconclusive"), 0),
        (of(None, "inconclusive"), of(True), 0),
        (of(5.0, within=(4, 6)), of(6.5, within=(6, 7)), 0),
        (of(5.0, within=(4, 6)), of(8, within=(7, 9)), 1),
    ],
)
def test_changes_are_of_what_both_answer(old: Verdict, new: Verdict, changes: int) -> None:
    """Durations differ where they can't be the same; what is inconclusive has not changed."""
    found = find_changes([old, evolve(old, name="gone")], [new, evolve(new, name="come")])
    assert changes == len(found)
    assert all(str(each.new.value) in str(each) for each in found)


@pytest.mark.parametrize("text", ["", "5", "{}", '{"format": 1, "verdicts": [1]}'])
def test_other_files_are_no_reports(text: str) -> None:
    """What is no report is refused in one way."""
    with pytest.raises(ReportError, match="no report"):
        parse_report(text)


def test_a_later_format_is_refused() -> None:
    """A report that another version wrote is not guessed at."""
    with pytest.raises(ReportError, match="format"):
        parse_report(json.dumps({"format": 2, "verdicts": []}))
