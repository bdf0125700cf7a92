"""Summaries of sessions: topics with the statements that matter, in order."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from agentcore_memory_async.local._speech import (
    about_the_user,
    has_detail,
    is_confirmation_request,
    is_outcome,
    is_small_talk,
    leans_on_the_one_before,
    statements,
    substance,
)
from agentcore_memory_async.local._text import STOP_WORDS, sentences, stem, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("summary_topics",)

_PER_TOPIC = 8  # statements that a topic holds at most
_PER_SEGMENT = 24  # messages that a topic spans at most
_LENGTH = 15_000  # under the service's 16,000 characters of a record


def summary_topics(talk: Sequence[tuple[str, str]]) -> list[str]:
    """
    Return the summary of a session: one ``<topic name="...">`` for each stretch of it.

    Args:
        talk: Role and text of its messages, oldest first.
    """
    topics: list[str] = []
    for segment in _segments(talk):
        lines = _lines(segment)
        if not lines:
            continue
        name = _topic_name([text for role, text in segment if role == "USER"])
        told = " ".join(text for text, _, _ in lines)[:_LENGTH]
        topics.append(f"<topic name={quoteattr(name)}>{escape(told)}</topic>")
    return topics


def _segments(talk: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    """Part a long session evenly, so that no segment is a mere rest."""
    number = max(1, round(len(talk) / _PER_SEGMENT))
    size = -(-len(talk) // number)
    return [talk[start : start + size] for start in range(0, len(talk), max(1, size))]


def _lines(talk: Sequence[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """Return the statements that matter: as told, as said, and their weight; in order."""
    found: list[tuple[str, str, int]] = []
    for role, text in talk:
        if role not in {"USER", "ASSISTANT"}:
            continue
        if role == "ASSISTANT" and any(
            is_confirmation_request(sentence) or "correct?" in sentence
            for sentence in sentences(text)
        ):
            continue
        told: list[str] = []
        said_here: list[str] = []
        weight = 0
        for said in statements(text):
            worth = substance(said) + 2 * has_detail(said) + 2 * is_outcome(said)
            worth += 1 if role == "USER" else 0
            if worth < 3 and not (told and leans_on_the_one_before(said)):
                continue
            weight = max(weight, worth)
            said_here.append(said)
            told.append(_ended(about_the_user(said) if role == "USER" else said))
        if not told:
            continue
        line = " ".join(told)
        if role == "ASSISTANT":
            line = f'The assistant said: "{line}"'
        found.append((line, " ".join(said_here), weight))
    if not found:
        asked = _first_question(talk)
        return [(f'The user asked: "{asked}"', asked, 1)] if asked else []
    keep = sorted(range(len(found)), key=lambda i: (-found[i][2], i))[:_PER_TOPIC]
    return [found[i] for i in sorted(keep)]


def _first_question(talk: Sequence[tuple[str, str]]) -> str | None:
    for role, text in talk:
        if role == "USER":
            for sentence in sentences(text):
                if sentence.endswith("?") and not is_small_talk(sentence) and substance(sentence):
                    return sentence
    return None


def _topic_name(said: Sequence[str]) -> str:
    """Return what the user's messages share: a numbered thing, or their commonest words."""
    counted: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for text in said:
        for word in dict.fromkeys(tokens(text)):
            if word in STOP_WORDS or len(word) < 3 or not substance(word):
                continue
            counted[stem(word)] += 1
            shown.setdefault(stem(word), word)
    order = list(counted)
    best = sorted(counted, key=lambda word: (-counted[word], order.index(word)))[:3]
    for text in said:
        for match in re.finditer(r"\w+ #\w+", text):
            return match.group()[0].upper() + match.group()[1:]
    name = " ".join(shown[word] for word in sorted(best, key=order.index))
    return (name[:1].upper() + name[1:])[:100] or "Conversation"


def _ended(sentence: str) -> str:
    return sentence if sentence[-1:] in ".!?\"'" else sentence + "."
