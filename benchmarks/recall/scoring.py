"""Which turns a record tells of, and how much of a question's evidence a search found."""

from __future__ import annotations

import re
from statistics import mean
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from benchmarks.recall.conversations import Question, Turn

DEPTHS = (5, 10, 20)
"""Numbers of records, best first, among which evidence is looked for."""
ANY_DEPTH = 10
"""Number of records among which any evidence is looked for."""
HALF = 0.5
"""Share of a turn's words that a record of several turns must have to tell of it."""
ALL = "all"
"""Name of all kinds of questions together."""

_WORD = re.compile(r"[^\W\d_]{4,}")
"""Words that count: those of four letters or more."""
_COMMON = frozenset(
    _WORD.findall(
        "about also been does from have just really some than that their them then there they this "
        "very were what when will with would your"
    )
)
"""Words of four letters or more that say nothing of what a turn is about."""
_BEGINNING = 4
"""Letters by which words are compared, so that endings don't count."""


@frozen
class Found:
    """
    A record that a search found.

    Attributes:
        text: Text.
        time: Time of the newest turn that it was made of.
        session: Session of a record that was made of several turns; None if it is of one turn.
    """

    text: str
    time: datetime
    session: str | None = None


@frozen
class Answer:
    """What a search found for a question, best first; *evidence* is what it was to find."""

    question: Question
    evidence: tuple[Turn, ...]
    found: Sequence[Found]


def tells(record: Found, turn: Turn) -> bool:
    """
    Return whether a record tells of a turn.

    A record of one turn does if it was made of this one. A record of several turns does if this
    is one of them, and it has at least half of the turn's words; of a turn without any it doesn't.
    """
    if record.session is None:
        return record.time == turn.time
    if record.session != turn.session or record.time < turn.time:
        return False
    said = words(turn.text)
    return bool(said) and len(said & words(record.text)) >= HALF * len(said)


def words(text: str) -> set[str]:
    """Return the beginnings of the words of *text* that count."""
    found = _WORD.findall(text.lower())
    return {word[:_BEGINNING] for word in found if word not in _COMMON}


def share_found(answer: Answer, depth: int) -> float:
    """Return the share of the evidence that the first *depth* records tell of, 0 to 1."""
    best = answer.found[:depth]
    return mean(any(tells(record, turn) for record in best) for turn in answer.evidence)


def recall(answers: Iterable[Answer]) -> dict[str, dict[str, float]]:
    """
    Return what was found by kind of question: shares from 0 to 1, and the number of questions.

    At each depth it is the mean share of the evidence, so each question counts the same, however
    many turns its evidence has. ``any`` is the share of questions with any evidence among the first
    `ANY_DEPTH` records.
    """
    by_kind: dict[str, list[Answer]] = {ALL: []}
    for answer in answers:
        by_kind[ALL].append(answer)
        by_kind.setdefault(answer.question.kind, []).append(answer)
    return {
        kind: {
            "questions": len(given),
            **{str(depth): mean(share_found(one, depth) for one in given) for depth in DEPTHS},
            "any": mean(share_found(one, ANY_DEPTH) > 0 for one in given),
        }
        for kind, given in by_kind.items()
        if given
    }


def describe(facts: Sequence[tuple[str, str]], messages: int) -> dict[str, float]:
    """
    Return what facts are like.

    Args:
        facts: Text of each fact and of the message that it was made of.
        messages: Number of messages that facts could be made of.

    Returns:
        Facts a message; the share of facts that are equal to their message but for case and
        punctuation; the mean share of the message's words that a fact has; mean characters.
    """
    found = {"facts a message": len(facts) / messages}
    if facts:
        found["equal to their message"] = mean(
            _letters(fact) == _letters(message) for fact, message in facts
        )
        found["words of the message"] = mean(
            len(words(fact) & words(message)) / max(1, len(words(message)))
            for fact, message in facts
        )
        found["characters"] = mean(len(fact) for fact, _ in facts)
    return found


def _letters(text: str) -> str:
    """Return *text* without case, spaces and punctuation."""
    return "".join(char for char in text.lower() if char.isalnum())
