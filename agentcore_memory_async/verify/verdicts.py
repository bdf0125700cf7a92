"""
Verdicts on how the service behaves, and the report of a run.

A report is a JSON file. The local service reads it as a profile: the name of a verdict is that of
the setting that it decides, such as ``behavior.token_mismatch``, ``lags.record_lists`` or
``extraction_delay.SEMANTIC``. Other names answer questions that no setting depends on.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from attrs import asdict, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ("Report", "ReportError", "Verdict", "VerdictChange", "find_changes", "parse_report")

_FORMAT = 1
"""Version of the format of reports."""
Sure = Literal["certain", "likely", "inconclusive"]
"""
How sure a verdict is: "certain" was seen; "likely" was concluded from what was not seen, such as a
refusal; "inconclusive" answers nothing.
"""


class ReportError(ValueError):
    """A file is no report; the text says why."""


@frozen
class Verdict:
    """
    What the service answered to one question.

    Attributes:
        name: Name of the question: that of a setting of the local service, or of none.
        value: Answer, a JSON value; None for one that is inconclusive.
        sure: How sure it is.
        text: The answer in words, or why there is none.
        within: Shortest and longest duration in seconds that agree with what was seen; None for
            what is no duration.
        question: What was asked, together with the verdicts of the same evidence.
        evidence: What was seen, without ids.
    """

    name: str
    value: Any
    sure: Sure
    text: str
    within: tuple[float, float] | None = None
    question: str = ""
    evidence: Mapping[str, Any] = field(factory=dict[str, Any])

    @property
    def is_conclusive(self) -> bool:
        """Whether it answers the question."""
        return self.sure != "inconclusive"

    def agrees(self, other: Verdict) -> bool:
        """Return whether *other* may be the same answer; durations agree where they overlap."""
        if self.within is not None and other.within is not None:
            (low, high), (other_low, other_high) = self.within, other.within
            return low <= other_high and other_low <= high
        return bool(self.value == other.value)


@frozen
class Report:
    """
    Verdicts of one run.

    Attributes:
        service: "aws", or "other" for another endpoint.
        region: AWS region.
        measured_at: When it ended, UTC, in ISO 8601.
        botocore: Version of botocore.
        library: Version of this package.
        requests: Number of requests that were made.
        verdicts: The verdicts.
    """

    service: str
    region: str
    measured_at: str
    botocore: str
    library: str
    requests: int
    verdicts: tuple[Verdict, ...]

    def to_json(self) -> str:
        """Return the report as JSON text, which the local service takes as a profile."""
        return json.dumps({"format": _FORMAT} | asdict(self), indent=2, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """Return the report as a page."""
        lines = [
            f"# Measured on {self.measured_at[:10]}",
            "",
            (
                f"Service: {self.service}, region {self.region}; botocore {self.botocore}, "
                f"agentcore-memory-async {self.library}; {self.requests} requests."
            ),
            "",
            "| question | answer | how sure | what was seen |",
            "|---|---|---|---|",
        ]
        for each in self.verdicts:
            answer = "" if each.value is None else f"`{json.dumps(each.value)}`"
            cells = (f"`{each.name}`", answer, each.sure, each.text)
            lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
        return "\n".join(lines) + "\n"


def parse_report(text: str) -> Report:
    """
    Return the report of a JSON text.

    Raises:
        ReportError: It is none.
    """
    try:
        members = json.loads(text)
        if members.pop("format") != _FORMAT:
            message = f"its format is not {_FORMAT}; measure again with this version"
            raise ReportError(message)
        verdicts = (_parse_verdict(each) for each in members.pop("verdicts"))
        return Report(verdicts=tuple(verdicts), **members)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        if isinstance(error, ReportError):
            raise
        message = "it is no report of agentcore_memory_async.verify"
        raise ReportError(message) from error


def _parse_verdict(members: dict[str, Any]) -> Verdict:
    within = members.pop("within")
    return Verdict(within=None if within is None else tuple(within), **members)


@frozen
class VerdictChange:
    """
    An answer that differs from an earlier one.

    Attributes:
        old: Earlier verdict.
        new: Later verdict of the same name.
    """

    old: Verdict
    new: Verdict

    def __str__(self) -> str:
        return f"{self.new.name}: was {self.old.value!r}, is {self.new.value!r}"


def find_changes(old: Iterable[Verdict], new: Iterable[Verdict]) -> list[VerdictChange]:
    """Return the answers that changed, of questions that both reports answer."""
    before = {each.name: each for each in old if each.is_conclusive}
    return [
        VerdictChange(before[each.name], each)
        for each in new
        if each.is_conclusive and each.name in before and not before[each.name].agrees(each)
    ]
