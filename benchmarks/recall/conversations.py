"""The conversations of LoCoMo: who said what and when, and questions with their evidence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = {1: "several facts", 2: "time", 3: "inference", 4: "one fact", 5: "adversarial"}
"""Kinds of questions, by their category in the data."""
PAUSE = timedelta(minutes=1)
"""Time from one turn to the next; the data has that of a session's beginning only."""


@frozen
class Turn:
    """
    What one of the two said.

    Attributes:
        turn_id: Id, by which evidence names it.
        speaker: Name of who said it.
        text: Text.
        session: Session id.
        time: Time, which no other turn of the conversation has.
    """

    turn_id: str
    speaker: str
    text: str
    session: str
    time: datetime


@frozen
class Question:
    """A question; *evidence* are the turns that answer it."""

    text: str
    kind: str
    evidence: tuple[Turn, ...]


@frozen
class Conversation:
    """A conversation of two speakers in several sessions, oldest turn first."""

    name: str
    speakers: tuple[str, str]
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]


def read(path: Path) -> list[Conversation]:
    """Return the conversations of the file *path*."""
    given = json.loads(path.read_text(encoding="utf-8"))
    return [read_conversation(one) for one in given["conversations"]]


def read_conversation(given: dict[str, Any]) -> Conversation:
    """
    Return a conversation of the data.

    A question is left out if none of the turns that it names exists.
    """
    turns = {turn.turn_id: turn for session in given["sessions"] for turn in read_session(session)}
    found: list[Question] = []
    for asked in given["questions"]:
        named = dict.fromkeys(" ".join(asked["evidence"]).replace(";", " ").split())
        evidence = tuple(turns[turn_id] for turn_id in named if turn_id in turns)
        if evidence:
            found.append(Question(asked["question"], KINDS[asked["category"]], evidence))
    first, second = given["speakers"]
    ordered = sorted(turns.values(), key=lambda turn: turn.time)
    return Conversation(str(given["id"]), (first, second), tuple(ordered), tuple(found))


def read_session(given: dict[str, Any]) -> Iterator[Turn]:
    """Yield the turns of a session, a minute apart."""
    time = datetime.strptime(given["date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
    for turn in given["turns"]:
        yield Turn(turn["id"], turn["speaker"], turn["text"], given["session_id"], time)
        time += PAUSE
