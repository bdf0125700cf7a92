"""What a reader is given of the extractor's facts, and how what the reader says is counted."""

from __future__ import annotations

import json
import re
from hashlib import sha256

import pytest

from benchmarks.learning import code_size, facts, verdicts
from benchmarks.learning.facts import Fact

FACTS = [Fact("a", 1, "The user has a boat."), Fact("a", 2, "It is red."), Fact("b", 1, "Thanks.")]


class TestDraw:
    """Which dialogues are drawn, and which facts."""

    def test_order_of_ids(self) -> None:
        """The draw depends on the ids alone, not on their order."""
        ids = [f"d{number}" for number in range(100)]
        drawn = facts.draw(ids, 20)
        assert drawn == facts.draw(reversed(ids), 20)
        assert len(set(drawn)) == 20
        assert set(drawn) <= set(ids)

    def test_longer_draw(self) -> None:
        """A reserve of dialogues does not change which come first."""
        ids = [f"d{number}" for number in range(964)]
        assert facts.draw(ids, 60)[:40] == facts.draw(ids, 40)

    def test_labels(self) -> None:
        """Each dialogue of the draw has good and bad labels, each with a reason."""
        labels = facts.read_labels()
        assert len(labels) == facts.DIALOGUES
        for kinds in labels.values():
            for kind, verb in verdicts.LABEL_VERBS.items():
                assert kinds[kind]
                assert all(set(one) == {verb, "reason"} for one in kinds[kind])
                assert all(all(one.values()) for one in kinds[kind])

    def test_exchanges(self) -> None:
        """An exchange begins with the user, and no message is lost."""
        turns = [
            (role, str(n)) for n, role in enumerate(["ASSISTANT", "USER", "USER", "ASSISTANT"])
        ]
        parts = facts.exchanges(turns)
        assert [message for part in parts for message in part] == turns
        assert [part[0][0] for part in parts] == ["ASSISTANT", "USER", "USER"]

    def test_number_of_facts(self) -> None:
        """Facts are numbered in the order of their texts."""
        assert facts.numbered("a", ["z", "b"]) == [Fact("a", 1, "b"), Fact("a", 2, "z")]

    def test_key(self) -> None:
        """A key names dialogue and number, belongs to the text, and does not show it."""
        digest = sha256(b"The user has a boat.").hexdigest()
        assert FACTS[0].key == f"a/1/{digest[:8]}"
        assert FACTS[0].key != Fact("a", 1, "The user has a boat!").key


async def test_learn() -> None:
    """The extractor learns something of a plain statement; no more facts come than are wanted."""
    said = [("USER", "I live in Lisbon with my sister."), ("ASSISTANT", "How nice.")]
    dialogues = {"a": said, "b": said, "c": said}
    learned = await facts.learn(dialogues, wanted=2)
    assert [(fact.dialogue, fact.number) for fact in learned] == [("a", 1), ("b", 1)]
    assert all("Lisbon" in fact.text for fact in learned)


class TestVerdicts:
    """The page for the reader, and the file that comes back."""

    def test_worksheet(self) -> None:
        """The page holds each message, label and fact once."""
        dialogues = {"a": [("USER", "I have a red boat.")], "b": [("USER", "Thank you.")]}
        labels = {
            name: {
                "good": [{"says": f"good of {name}", "reason": f"why good of {name}"}],
                "bad": [{"does": f"bad of {name}", "reason": f"why bad of {name}"}],
            }
            for name in dialogues
        }
        page = verdicts.worksheet(FACTS, dialogues, labels)
        expected = ["I have a red boat.", "Thank you.", *(fact.key for fact in FACTS)]
        expected += [
            f"{kind} of {name} (why {kind} of {name})" for name in "ab" for kind in labels[name]
        ]
        assert [page.count(text) for text in expected] == [1] * len(expected)

    def test_count(self) -> None:
        """Verdicts are counted, also those that nobody gave."""
        filled = json.loads(verdicts.blank(FACTS))
        for one, verdict in zip(filled.values(), ["good", "bad", "bad"], strict=True):
            one.update(verdict=verdict, reason="because")
        said = verdicts.read(json.dumps(filled))
        assert list(said) == [fact.key for fact in FACTS]
        assert verdicts.count(said) == {"facts": 3, "good": 1, "so-so": 0, "bad": 2}

    @pytest.mark.parametrize(
        ("verdict", "reason", "problem"),
        [("", "", "verdict"), ("fine", "because", "verdict"), ("good", "", "reason")],
    )
    def test_not_filled_in(self, verdict: str, reason: str, problem: str) -> None:
        """A fact without a verdict or a reason is named."""
        text = json.dumps({"a/1/00000000": {"verdict": verdict, "reason": reason}})
        with pytest.raises(ValueError, match=rf"{re.escape('a/1/00000000')}: the {problem}"):
            verdicts.read(text)


@pytest.mark.parametrize(
    ("source", "patterns"),
    [
        ('import re\nre.compile("a")', 1),
        ('import re\nre.sub("a" "b", "c", d)', 1),
        ('import re\nre.compile(rf"a{b}" + r"\\b")', 1),
        ("import re\nre.compile(name)", 0),
        ('rows = [r"\\ba", r"(?:b)", "plain", "a (b)"]', 2),
        ('"""Find \\\\b."""\nword = "b"', 0),
        ('def f():\n    r"""Find \\b."""\n    return {"k": (r"\\d+",)}', 1),
        ('print("a")', 0),
    ],
)
def test_patterns(source: str, patterns: int) -> None:
    """Strings for functions of re count, and those that only can be regular expressions."""
    assert code_size.count_patterns(source) == patterns


def test_size_of_code() -> None:
    """Files, lines and regular expressions are summed up."""
    sources = ["a = 1\n\n# why\n", 'import re\nre.split(",", b)\n']
    assert code_size.measure(sources) == {"files": 2, "lines": 5, "regular expressions": 1}
