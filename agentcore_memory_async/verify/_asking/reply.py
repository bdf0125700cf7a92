"""What came of one request, and of watching for a write to be seen."""

from __future__ import annotations

import re
from typing import Any

from attrs import frozen

_IDS = re.compile(r"arn:\S+|\b\d{12,}[0-9#a-f]*\b|\b[\w-]*[0-9a-f]{8,}[\w-]*\b")
"""What is replaced in texts of the service: ARNs, accounts, and ids of a run."""


class NoAnswerError(Exception):
    """The service did not answer a question, whatever the reason; the text says it."""


class OverPlanError(NoAnswerError):
    """A probe has made the requests that its plan names; asking it again would make more."""


class LimitReachedError(Exception):
    """The run has used up its requests or its time."""


@frozen
class Refusal:
    """
    A refusal of the service.

    Attributes:
        code: Code of the error.
        status: HTTP status.
        text: Text of the error, its ids left out.
    """

    code: str
    status: int
    text: str

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.text}"


@frozen
class Reply:
    """
    Answer to one request.

    Attributes:
        body: JSON of the answer; empty for a refusal.
        refusal: Refusal, or None.
        sent_at: When it was sent first, in seconds of the run's clock.
        answered_at: When the answer was there.
        requests: Number of requests that it took.
    """

    body: dict[str, Any]
    refusal: Refusal | None
    sent_at: float
    answered_at: float
    requests: int

    @property
    def seen(self) -> str:
        """The refusal in words, or "accepted"."""
        return "accepted" if self.refusal is None else str(self.refusal)


def without_ids(text: str) -> str:
    """Return *text* without ARNs, account numbers and ids of events, records and memories."""
    return _IDS.sub("<id>", text)
