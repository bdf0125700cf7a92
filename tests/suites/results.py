"""What the suites gave, and the table that shows it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
"""What the last recorded runs gave."""


@dataclass(frozen=True)
class Outcome:
    """
    The outcome of a suite.

    Attributes:
        title: What was run.
        version: Version of the framework.
        passed: Number of tests that passed.
        of: Number of tests that were run.
        known: Number of tests that are known to fail, by reason.
        beneath: Versions of what it ran on: Python, botocore and aiobotocore.
        problems: What is not as it was expected.
    """

    title: str
    version: str
    passed: int
    of: int
    known: dict[str, int] = field(default_factory=dict)
    beneath: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Return it in words."""
        reasons = "".join(f"; {count} fail: {reason}" for reason, count in self.known.items())
        return f"{self.version}: {self.passed} of {self.of} passed{reasons}"

    def failing(self, problem: str) -> Outcome:
        """Return it with one more problem."""
        return replace(self, problems=[*self.problems, problem])


def recorded() -> dict[str, Any]:
    """Return what was recorded, by suite."""
    found: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    return found


def behind(outcome: Outcome, before: Outcome) -> Outcome:
    """Return an outcome, with a problem if fewer tests passed than were recorded *before*."""
    if outcome.passed >= before.passed:
        return outcome
    return outcome.failing(
        f"{outcome.passed} of {outcome.of} passed, but {before.passed} of {before.of} are recorded"
    )


def record(name: str, outcome: Outcome) -> None:
    """Write an outcome."""
    data = asdict(outcome)
    del data["problems"]
    everything = {**recorded(), name: data}
    RESULTS.write_text(json.dumps(everything, indent=2, sort_keys=True) + "\n", "utf-8")


def table() -> str:
    """Return the table of the documentation, in Markdown, and below it what the suites ran on."""
    lines = ["| suite | version | passed | known to fail |", "|---|---|---|---|"]
    for each in recorded().values():
        known = "; ".join(f"{count}: {reason}" for reason, count in each["known"].items())
        lines.append(f"| {each['title']} | {each['version']} | {_passed(each)} | {known} |")
    stacks = dict.fromkeys(_stack(each["beneath"]) for each in recorded().values())
    return "\n".join([*lines, "", f"Run on {'; on '.join(stacks)}."])


def short_table() -> str:
    """Return the table of the README."""
    lines = ["| tests of frameworks, on the local service | version | passed |", "|---|---|---|"]
    for each in recorded().values():
        lines.append(f"| {each['title']} | {each['version']} | {_passed(each)} |")
    return "\n".join(lines)


def _stack(beneath: dict[str, str]) -> str:
    names = {"aiobotocore": "aiobotocore", "botocore": "botocore", "python": "Python"}
    return ", ".join(f"{name} {beneath[each]}" for each, name in names.items())


def _passed(outcome: dict[str, Any]) -> str:
    return f"{outcome['passed']} of {outcome['of']}"
