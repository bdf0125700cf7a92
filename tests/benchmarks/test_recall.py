"""What counts as found, how shares are taken, and a small conversation from end to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.recall import conversations, memories, results, scoring
from benchmarks.recall.conversations import Question, Turn
from benchmarks.recall.scoring import Answer, Found

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SAID = "My sister Ingrid repairs harpsichords in Trondheim."


def turn(number: int, text: str = SAID, session: str = "s1") -> Turn:
    """Return a turn that is *number* minutes after the first one."""
    return Turn(f"t{number}", "Ada", text, session, START + timedelta(minutes=number))


def fact(of: Turn, text: str = "") -> Found:
    """Return a record that was made of one turn."""
    return Found(text, of.time)


def summary(newest: Turn, text: str) -> Found:
    """Return a record that was made of a session's turns until *newest*."""
    return Found(text, newest.time, newest.session)


def answer(found: list[Found], *evidence: Turn, kind: str = "time") -> Answer:
    """Return an answer to some question."""
    return Answer(Question("Who?", kind, evidence), evidence, found)


class TestTells:
    """Which turns a record tells of."""

    def test_source(self) -> None:
        """A record of one turn tells of that one alone, whatever is in it."""
        assert scoring.tells(fact(turn(1), "nothing alike"), turn(1))
        assert not scoring.tells(fact(turn(1), SAID), turn(2))

    def test_summary_has_the_words(self) -> None:
        """A summary tells of a turn if half of its words are there, in any form."""
        newest = turn(9)
        assert scoring.tells(summary(newest, "The user's sisters repair a harpsichord."), turn(1))
        assert not scoring.tells(summary(newest, "The user has a sister in Oslo."), turn(1))

    def test_summary_of_others(self) -> None:
        """A summary tells neither of another session nor of what was said after it."""
        assert not scoring.tells(summary(turn(9, session="s2"), SAID), turn(1))
        assert not scoring.tells(summary(turn(1), SAID), turn(9))
        assert scoring.tells(summary(turn(1), SAID), turn(1))

    def test_no_words(self) -> None:
        """No summary tells of a turn without words that count."""
        assert not scoring.tells(summary(turn(9), "Oh, yes, really!"), turn(1, "Oh, yes, really!"))


class TestRecall:
    """How much of the evidence was found."""

    def test_depth(self) -> None:
        """What comes after the best records does not count."""
        found = [fact(turn(number)) for number in range(7)]
        given = answer(found, turn(0), turn(5), turn(6), turn(99))
        assert [scoring.share_found(given, depth) for depth in (5, 6, 10)] == [0.25, 0.5, 0.75]

    def test_twice(self) -> None:
        """A turn of which two records tell is found once."""
        assert scoring.share_found(answer([fact(turn(1))] * 2, turn(1), turn(2)), 5) == 0.5

    def test_kinds(self) -> None:
        """Each question counts the same, in its kind and in all of them."""
        half = answer([fact(turn(1))], turn(1), turn(2))
        none = answer([], turn(1), turn(2), turn(3), kind="inference")
        found = scoring.recall([half, none])
        assert found["time"] == {"questions": 1, "5": 0.5, "10": 0.5, "20": 0.5, "any": 1}
        assert found["inference"] == {"questions": 1, "5": 0, "10": 0, "20": 0, "any": 0}
        assert found[scoring.ALL] == {
            "questions": 2, "5": 0.25, "10": 0.25, "20": 0.25, "any": 0.5,
        }  # fmt: skip
        assert list(found) == [scoring.ALL, "time", "inference"]

    def test_facts(self) -> None:
        """Facts are compared with their messages, without case and punctuation."""
        facts = [(SAID.lower().rstrip("."), SAID), ("Ingrid is a sister.", SAID)]
        found = scoring.describe(facts, messages=4)
        assert found["facts a message"] == 0.5
        assert found["equal to their message"] == 0.5
        # Of sister, Ingrid, repairs, harpsichords and Trondheim, the second has two.
        assert found["words of the message"] == pytest.approx((1 + 2 / 5) / 2)
        assert found["characters"] == (50 + 19) / 2

    def test_no_facts(self) -> None:
        """Where there are no facts, their number is known and nothing else."""
        assert scoring.describe([], messages=4) == {"facts a message": 0}


DATA: dict[str, Any] = {
    "id": "small",
    "speakers": ["Ada", "Bo"],
    "sessions": [
        {
            "session_id": "s1",
            "date_time": "9:05 pm on 28 February, 2026",
            "turns": [
                {"id": "D1:1", "speaker": "Ada", "text": "I keep two hedgehogs in Bergen."},
                {"id": "D1:2", "speaker": "Bo", "text": "I play the bassoon on Fridays."},
            ],
        },
        {
            "session_id": "s2",
            "date_time": "8:00 am on 1 March, 2026",
            "turns": [{"id": "D2:1", "speaker": "Ada", "text": "I bought a red canoe yesterday."}],
        },
    ],
    "questions": [
        {"question": "Who keeps hedgehogs?", "category": 4, "evidence": ["D1:1"]},
        {"question": "What are the hobbies?", "category": 1, "evidence": ["D1:2; D2:1", "D1:2"]},
        {"question": "What did nobody say?", "category": 5, "evidence": ["D7:7"]},
        {"question": "What did nobody ask?", "category": 5, "evidence": []},
    ],
}


def test_conversation() -> None:
    """Turns are a minute apart, and evidence is what of it exists, once."""
    read = conversations.read_conversation(DATA)
    assert [one.time.isoformat() for one in read.turns] == [
        "2026-02-28T21:05:00+00:00",
        "2026-02-28T21:06:00+00:00",
        "2026-03-01T08:00:00+00:00",
    ]
    assert [(one.kind, [of.turn_id for of in one.evidence]) for one in read.questions] == [
        ("one fact", ["D1:1"]),
        ("several facts", ["D1:2", "D2:1"]),
    ]


async def test_measure() -> None:
    """Raw turns are found, each as the turn that it is, and by its own speaker alone."""
    measured = memories.Measured()
    read = conversations.read_conversation(DATA)
    await memories.measure(read, measured)
    assert measured.messages == len(read.turns)
    for name in (memories.RAW, memories.OWN_TURNS):
        # There are fewer turns than records of a search, so nothing can be missed.
        assert all(scoring.share_found(one, 5) == 1 for one in measured.answers[name])
    by_speaker = [[of.turn_id for of in one.evidence] for one in measured.answers[memories.FACTS]]
    assert by_speaker == [["D1:1"], ["D2:1"], ["D1:2"]]
    texts = {one.text for one in read.turns}
    for name, answers in measured.answers.items():
        if name != memories.RECORDS:
            times = {of.time for of in read.turns}
            assert all(found.time in times for one in answers for found in one.found)
    assert all(message in texts for pairs in measured.facts.values() for _, message in pairs)


def test_tables() -> None:
    """Results stand side by side; what an older one lacks is left empty."""
    new: results.Result = {
        "recall": {"a": {"all": {"questions": 2, "5": 0.25, "10": 0.5, "20": 1.0, "any": 0.75}}},
        "facts": {"b": {"facts a message": 0.125}},
    }
    old: results.Result = {"recall": {}, "facts": {}}
    assert list(results.tables({"old": old, "new": new})) == [
        "| evidence found, % | questions | old | new |",
        "|---|---|---|---|",
        "| a: all | 2 |  | 25.0 / 50.0 / 100.0 (75.0) |",
        "",
        "| facts | old | new |",
        "|---|---|---|",
        "| b: facts a message |  | 0.125 |",
    ]


def test_kept() -> None:
    """A result that was kept can be read and shown."""
    found = results.kept()
    assert next(iter(found)) == "before"
    assert len(list(results.tables(found))) > len(conversations.KINDS)
