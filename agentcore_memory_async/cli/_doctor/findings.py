"""What a check finds out."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Outcome(StrEnum):
    """Outcome of a check."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNCHECKED = "unchecked"


@frozen
class Finding:
    """
    What one check found out.

    Attributes:
        check: Name of the check, such as ``credentials``.
        outcome: Outcome.
        found: What was found: of a problem its cause, of what was not checked the reason.
        cure: What to do: a command, a statement of a policy, or a setting; empty if nothing is.
    """

    check: str
    outcome: Outcome
    found: str
    cure: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return all members as JSON data."""
        return asdict(self)


def ok(check: str, found: str) -> Finding:
    """Return that *check* found nothing wrong."""
    return Finding(check, Outcome.OK, found)


def warning(check: str, cause: str, cure: str) -> Finding:
    """Return that something may go wrong by *cause*."""
    return Finding(check, Outcome.WARNING, cause, cure)


def problem(check: str, cause: str, cure: str) -> Finding:
    """Return that something goes wrong by *cause*."""
    return Finding(check, Outcome.PROBLEM, cause, cure)


def unchecked(check: str, reason: str, cure: str = "") -> Finding:
    """Return that *check* could not find out anything, and the *reason*."""
    return Finding(check, Outcome.UNCHECKED, reason, cure)


def all_unchecked(checks: Iterable[str], reason: str) -> list[Finding]:
    """Return that none of the *checks* could be made, for one *reason*."""
    return [unchecked(check, reason) for check in checks]


def has_problem(findings: Iterable[Finding]) -> bool:
    """Return whether one of *findings* is a problem."""
    return any(finding.outcome is Outcome.PROBLEM for finding in findings)


def statement(actions: Sequence[str], resource: str) -> str:
    """Return the statement of a policy that allows *actions* on *resource*, as JSON."""
    return json.dumps({"Effect": "Allow", "Action": list(actions), "Resource": resource})
