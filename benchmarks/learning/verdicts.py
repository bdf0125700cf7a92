"""What a reader gets, and what a reader says."""

from __future__ import annotations

import json
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.learning.facts import Fact, Turns

VERDICTS = ("good", "so-so", "bad")
"""What a reader can say of a fact."""
LABEL_VERBS = {"good": "says", "bad": "does"}
"""What a label of either kind calls its text."""


def worksheet(
    facts: Iterable[Fact],
    dialogues: Mapping[str, Turns],
    labels: Mapping[str, Mapping[str, list[dict[str, str]]]],
) -> str:
    """Return the page for the reader: of each dialogue its messages, labels and facts."""
    return "\n".join(_lines(facts, dialogues, labels))


def _lines(
    facts: Iterable[Fact],
    dialogues: Mapping[str, Turns],
    labels: Mapping[str, Mapping[str, list[dict[str, str]]]],
) -> Iterator[str]:
    """Yield the lines of the page."""
    for dialogue, group in groupby(facts, lambda fact: fact.dialogue):
        yield f"# {dialogue}\n"
        yield from (f"    {role.lower()}: {text}" for role, text in dialogues[dialogue])
        for kind, verb in LABEL_VERBS.items():
            yield f"\n{kind.capitalize()}:\n"
            yield from (f"- {one[verb]} ({one['reason']})" for one in labels[dialogue][kind])
        yield "\nFacts:\n"
        yield from (f"- `{fact.key}` {fact.text}" for fact in group)
        yield ""


def blank(facts: Iterable[Fact]) -> str:
    """Return the file of verdicts that the reader fills in."""
    return json.dumps({fact.key: {"verdict": "", "reason": ""} for fact in facts}, indent=1) + "\n"


def read(text: str) -> dict[str, dict[str, str]]:
    """
    Return the verdicts of a file that a reader filled in, by the keys of the facts.

    Raises:
        ValueError: A fact has no verdict, an unknown one, or no reason.
    """
    given: dict[str, dict[str, str]] = json.loads(text)
    for key, one in given.items():
        if one.get("verdict") not in VERDICTS:
            raise ValueError(f"{key}: the verdict is not one of {', '.join(VERDICTS)}")
        if not one.get("reason"):
            raise ValueError(f"{key}: the reason is missing; say why in words of your own")
    return given


def count(verdicts: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return how many facts there are, and how many of each verdict."""
    found = Counter(one["verdict"] for one in verdicts.values())
    return {"facts": len(verdicts), **{verdict: found[verdict] for verdict in VERDICTS}}
