"""
Summaries of sessions: one topic for each segment, with its most important sentences.

Each statement of a segment is rewritten in the third person and weighted by its content. The
first, the last and the heaviest ones in between make up the topic, in their original order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from agentcore_memory_async.local._heuristics.facts import (
    LOOKBACK_MESSAGES,
    accepted_proposal,
    is_only_proposal,
    is_standalone_fact,
    is_worth_keeping,
)
from agentcore_memory_async.local._heuristics.topics import segments, topic_name
from agentcore_memory_async.local._language.sentences import (
    content_word_count,
    detail_kinds,
    has_verb,
    is_anaphoric,
    is_confirmation_request,
    is_outcome,
    is_small_talk,
    statements,
)
from agentcore_memory_async.local._language.third_person import (
    rephrase_assistant_statement,
    rephrase_user_statement,
    swap_pronouns,
    with_period,
)
from agentcore_memory_async.local._language.words import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_MAX_SENTENCES = 8
"""Sentences of a topic."""
_MAX_LENGTH = 15_000
"""Characters of a topic's text, below the service's limit of 16,000 for a record."""
_REQUEST_QUESTION = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|and|also|please)\b[,!.]?\s+)*(?:can|could|would|will) you "
    r"(?:please |kindly |also )*(?P<what>(?!confirm|verify)[a-z]+ .+?)(?:,? please)?\?",
    re.IGNORECASE,
)
"""Requests in the form of a question; ``what`` begins with their verb."""
_ASIDE = re.compile(
    r"^(?:i (?:like|love) (?:it|that|this)|i (?:don't|do not) (?:know|care|mind)|let's|lets|keep |"
    r"i(?:'m| am) (?:fine|good|ok)|sounds|wait\b|do me)",
    re.IGNORECASE,
)
"""Remarks that are left out of a summary."""


def summarize(
    messages: Sequence[tuple[str, str]], before: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """
    Return the summary of messages: one ``<topic name="...">`` for each segment that has content.

    Args:
        messages: Role and text of the messages, oldest first.
        before: Role and text of the session's messages before them.
    """
    return [topic for topic in topics(segments(messages), before) if topic]


def topics(
    parts: Iterable[Sequence[tuple[str, str]]], before: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Return a topic for each segment of a session; an empty text for one without content."""
    found: list[str] = []
    for part in parts:
        text = " ".join(narrate(part, before))[:_MAX_LENGTH]
        name = quoteattr(topic_name(part))
        found.append(f"<topic name={name}>{escape(text)}</topic>" if text else "")
        before = [*before[-LOOKBACK_MESSAGES:], *part]
    return found


def narrate(
    messages: Sequence[tuple[str, str]], before: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """
    Return the most important sentences of a segment in the third person, in order.

    Args:
        messages: Role and text of the segment's messages, oldest first.
        before: Role and text of the messages before them, in which a proposal may stand.
    """
    found: list[tuple[int, str]] = []  # weight and sentence
    before = before[-LOOKBACK_MESSAGES:]
    context = [*before, *messages]
    for number in range(len(before), len(context)):
        role, text = context[number]
        if role == "USER":
            found.extend(_user_sentences(text, first=not found))
        elif role == "ASSISTANT":
            found.extend(
                _assistant_sentences(text, context[max(0, number - LOOKBACK_MESSAGES) : number])
            )
    unique: dict[str, int] = {}
    for weight, sentence in found:
        unique.setdefault(sentence, weight)
    lines = list(unique.items())
    if not lines:
        return []
    # How it began, where it stands now, and the heaviest sentences in between.
    chosen = {0, len(lines) - 1}
    rest = sorted(range(1, len(lines) - 1), key=lambda i: (-lines[i][1], -i))
    chosen.update(rest[: _MAX_SENTENCES - len(chosen)])
    return [lines[i][0] for i in sorted(chosen)]


def _user_sentences(text: str, *, first: bool) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for statement in statements(text):
        if _ASIDE.match(statement) or not (has_verb(statement) or is_worth_keeping(statement)):
            continue
        kinds = detail_kinds(statement)
        anaphoric = is_anaphoric(statement)
        if anaphoric and not (found and content_word_count(statement)):
            continue
        weight = content_word_count(statement) + 2 * len(kinds) + 3 * is_worth_keeping(statement)
        if anaphoric:
            weight = max(weight, found[-1][0])
        if weight >= (2 if first else 3):
            found.append((weight, with_period(rephrase_user_statement(statement))))
    if not found:
        for sentence in sentences(text):
            asked = _rephrase_question(sentence)
            if asked is not None and (first or detail_kinds(sentence)):
                found.append((2 + 2 * len(detail_kinds(sentence)), asked))
                break
    return found


def _rephrase_question(sentence: str) -> str | None:
    """Return what a question asks for, in the third person; None if it has no content."""
    if not sentence.endswith("?") or is_small_talk(sentence) or not content_word_count(sentence):
        return None
    match = _REQUEST_QUESTION.match(sentence)
    if match is not None:
        what = swap_pronouns(match.group("what"))
        what = re.sub(r"^(?:please )?(?:help) (them)? ?", "help them ", what, flags=re.IGNORECASE)
        return f"The user asked the assistant to {what[0].lower()}{what[1:]}."
    return f'The user asked: "{sentence}"'


def _assistant_sentences(text: str, before: Sequence[tuple[str, str]]) -> list[tuple[int, str]]:
    statements_made = statements(text)
    settled_proposal = accepted_proposal(statements_made, before)
    if settled_proposal is not None:
        return [(12, settled_proposal)]
    if any(is_confirmation_request(item) or "correct?" in item for item in sentences(text)):
        return []
    outcomes = [statement for statement in statements_made if is_outcome(statement)]
    if not outcomes and is_only_proposal(text, statements_made):
        return []
    found: list[tuple[int, str]] = []
    for statement in statements_made:
        kinds = detail_kinds(statement)
        if (
            is_outcome(statement)
            and content_word_count(statement) >= 1
            and not is_anaphoric(statement)
        ):
            found.append((5 + 2 * len(kinds), with_period(rephrase_assistant_statement(statement))))
        elif is_standalone_fact(statement) or (
            kinds
            and content_word_count(statement) >= 2
            and re.match(r"(?:the|your)\b", statement, re.I)
        ):
            found.append((2 + len(kinds), with_period(rephrase_assistant_statement(statement))))
    return found
