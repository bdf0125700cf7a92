"""Summaries of sessions: topics, each telling what mattered of its stretch of the session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from agentcore_memory_async.local._heuristics.facts import (
    agreement,
    informs,
    keeps,
    only_proposes,
)
from agentcore_memory_async.local._heuristics.topics import name_of, segments
from agentcore_memory_async.local._language.sentences import (
    details,
    has_verb,
    is_confirmation_request,
    is_outcome,
    is_small_talk,
    leans_on_the_one_before,
    statements,
    substance,
)
from agentcore_memory_async.local._language.third_person import (
    about_the_assistant,
    about_the_user,
    ended,
    in_third_person,
)
from agentcore_memory_async.local._language.words import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence


_PER_TOPIC = 8  # sentences that a topic holds at most
_LENGTH = 15_000  # under the service's 16,000 characters of a record
_CAN_YOU = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|and|also|please)\b[,!.]?\s+)*(?:can|could|would|will) you "
    r"(?:please |kindly |also )*(?P<what>(?!confirm|verify)[a-z]+ .+?)(?:,? please)?\?",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"^(?:i (?:like|love) (?:it|that|this)|i (?:don't|do not) (?:know|care|mind)|let's|lets|keep |"
    r"i(?:'m| am) (?:fine|good|ok)|sounds|wait\b|do me)",
    re.IGNORECASE,
)


def summary_topics(talk: Sequence[tuple[str, str]]) -> list[str]:
    """
    Return the summary of a session: one ``<topic name="...">`` for each stretch of it.

    Args:
        talk: Role and text of its messages, oldest first.
    """
    topics: list[str] = []
    before: list[tuple[str, str]] = []
    for segment in segments(talk):
        lines = told_in_order(segment, before)
        before = list(segment)
        if not lines:
            continue
        told = " ".join(lines)[:_LENGTH]
        topics.append(f"<topic name={quoteattr(name_of(segment))}>{escape(told)}</topic>")
    return topics


def told_in_order(
    talk: Sequence[tuple[str, str]], before: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Return what mattered of a stretch of talk, as sentences in the third person, in order."""
    found: list[tuple[int, str]] = []  # weight and sentence
    whole = [*before, *talk]
    for number in range(len(before), len(whole)):
        role, text = whole[number]
        if role == "USER":
            found.extend(_of_user(text, first=not found))
        elif role == "ASSISTANT":
            found.extend(_of_assistant(text, whole[:number]))
    unique: dict[str, int] = {}
    for weight, sentence in found:
        unique.setdefault(sentence, weight)
    lines = list(unique.items())
    if not lines:
        return []
    # What it began with, where it stands now, and between them what weighs most.
    chosen = {0, len(lines) - 1}
    rest = sorted(range(1, len(lines) - 1), key=lambda i: (-lines[i][1], -i))
    chosen.update(rest[: _PER_TOPIC - len(chosen)])
    return [lines[i][0] for i in sorted(chosen)]


def _of_user(text: str, *, first: bool) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for said in statements(text):
        if _ASIDE.match(said) or not (has_verb(said) or keeps(said)):
            continue
        kinds = details(said)
        leaning = leans_on_the_one_before(said)
        if leaning and not (found and substance(said)):
            continue
        weight = substance(said) + 2 * len(kinds) + 3 * keeps(said)
        if leaning:
            weight = max(weight, found[-1][0])
        if weight >= (2 if first else 3):
            found.append((weight, ended(about_the_user(said))))
    if not found:
        for sentence in sentences(text):
            asked = _asked(sentence)
            if asked is not None and (first or details(sentence)):
                found.append((2 + 2 * len(details(sentence)), asked))
                break
    return found


def _asked(sentence: str) -> str | None:
    if not sentence.endswith("?") or is_small_talk(sentence) or not substance(sentence):
        return None
    match = _CAN_YOU.match(sentence)
    if match is not None:
        what = in_third_person(match.group("what"))
        what = re.sub(r"^(?:please )?(?:help) (them)? ?", "help them ", what, flags=re.IGNORECASE)
        return f"The user asked the assistant to {what[0].lower()}{what[1:]}."
    return f'The user asked: "{sentence}"'


def _of_assistant(text: str, before: Sequence[tuple[str, str]]) -> list[tuple[int, str]]:
    stated = statements(text)
    agreed = agreement(stated, before)
    if agreed is not None:
        return [(12, agreed)]
    if any(is_confirmation_request(item) or "correct?" in item for item in sentences(text)):
        return []
    settled = [said for said in stated if is_outcome(said)]
    if not settled and only_proposes(text, stated):
        return []
    found: list[tuple[int, str]] = []
    for said in stated:
        kinds = details(said)
        if is_outcome(said) and substance(said) >= 1 and not leans_on_the_one_before(said):
            found.append((5 + 2 * len(kinds), ended(about_the_assistant(said))))
        elif informs(said) or (
            kinds and substance(said) >= 2 and re.match(r"(?:the|your)\b", said, re.I)
        ):
            found.append((2 + len(kinds), ended(about_the_assistant(said))))
    return found
