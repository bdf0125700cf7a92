"""
Summaries of sessions: a topic for each part of a conversation, told in the third person.

A part ends where the user speaks of something that the part has no word of. It is named by the
words that the user said most, and told by its statements in their order.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from agentcore_memory_async.local._heuristics.facts import LOOKBACK_MESSAGES, fact_of, name_of
from agentcore_memory_async.local._language import speech
from agentcore_memory_async.local._language.english import PATTERNS
from agentcore_memory_async.local._language.third_person import about_speaker, swap, with_period
from agentcore_memory_async.local._language.words import sentences, stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHORTEST = 4
"""Messages of a part, at least."""
_LONGEST = 24
"""Messages after which the next one of the user begins a new part; twice that for any message."""
_NEW_WORDS = 3
"""Words that only a message about something else has."""
_WORD = re.compile(r"(?<!\w)(?:#\w+|(?!(?:two|three|four|five|six)\b)[^\W\d_][\w'-]*)")
"""A word that may have content."""
_LINK = "(?:(?:at|for|from|in|of|on|to|with) (?:(?:a|an|my|the) )?)"
"""What words of content may stand together with."""
_MAX_LENGTH = 15_000
"""Characters of a topic's text, below the service's limit of 16,000 for a record."""


def summarize(messages: Sequence[tuple[str, str]]) -> list[str]:
    """Return the summary of messages: a ``<topic name="...">`` for each part with content."""
    return [topic for topic in topics(segments(messages)) if topic]


def segments(messages: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    """
    Split a conversation where the user speaks of something else, and where a part gets too long.

    What is before a boundary never decides the next one, and later messages move none. So parts
    that ended keep their summaries, and the splitting can go on from the last one.
    """
    found: list[Sequence[tuple[str, str]]] = []
    start = 0
    said = set[str]()
    for place, (role, text) in enumerate(messages):
        words = _content(text)
        length = place - start
        is_new = length >= _SHORTEST and len(words) >= _NEW_WORDS and said.isdisjoint(words)
        if (role == "USER" and (is_new or length >= _LONGEST)) or length >= 2 * _LONGEST:
            found.append(messages[start:place])
            start, said = place, set[str]()
        said |= words
    return [*found, messages[start:]] if messages[start:] else found


def topics(
    parts: Iterable[Sequence[tuple[str, str]]], before: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Return a topic for each part of a session; an empty text for one without content."""
    found: list[str] = []
    for part in parts:
        text = " ".join(narrate(part, before))[:_MAX_LENGTH]
        name = quoteattr(topic_name(part))
        found.append(f"<topic name={name}>{escape(text)}</topic>" if text else "")
        before = [*before[-LOOKBACK_MESSAGES:], *part]
    return found


def topic_name(messages: Sequence[tuple[str, str]]) -> str:
    """Return the words that most messages of the user have; those that stood together do here."""
    said = [text for role, text in messages if role == "USER"]
    counts = Counter(key for text in said for key in _content(text))
    words: list[str] = [
        word for text in said for word in _WORD.findall(text) if speech.content_word_count(word)
    ]
    spelled = {stem(word.lower()): word for word in reversed(words)}
    order = list(dict.fromkeys(stem(word.lower()) for word in words))
    best = sorted(order, key=lambda key: -counts[key])[:3]
    first, *others = [spelled[key] for key in order if key in best] or ["conversation"]
    name = first
    for one, other in zip([first, *others], others, strict=False):
        together = re.search(rf"\b{one}( {_LINK}?){other}\b", " ".join(said))
        name += (together[1] if together else ", ") + other
    return name[:1].upper() + name[1:100]


def narrate(
    messages: Sequence[tuple[str, str]], before: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Return the statements of a part in order; proposals may stand in messages before them."""
    context = [*before[-LOOKBACK_MESSAGES:], *messages]
    who = {"USER": name_of(context) or "The user", "ASSISTANT": "The assistant"}
    lines = (
        _line(context[: place + 1], who[context[place][0]])
        for place in range(len(context) - len(messages), len(context))
        if context[place][0] in who
    )
    return list(dict.fromkeys(filter(None, lines)))


def _line(messages: Sequence[tuple[str, str]], who: str) -> str | None:
    """Return what a summary tells of the last message; None if it tells nothing."""
    role, text = messages[-1]
    fact = fact_of(messages, who)
    if fact is not None or not speech.is_english(text):
        return fact
    return (_asked(text, who) if role == "USER" else None) or _said(text, who)


def _asked(text: str, who: str) -> str | None:
    """Return what a question is about, in the third person and not in its words."""
    for sentence in sentences(text):
        for name, asked in (("request", "asked the assistant to"), ("matter", "asked about")):
            match = PATTERNS[name].match(sentence)
            if match is not None and speech.content_word_count(match["what"]):
                return f"{who} {asked} {swap(match['what'])}."
    return None


def _said(text: str, who: str) -> str | None:
    """Return the statements that are no facts by themselves, but tell what the talk was about."""
    told: list[str] = []
    for sentence in speech.statements("" if PATTERNS["jest"].search(text) else text):
        if speech.has_any("addressee", sentence):
            continue
        if told and speech.matches("leans", sentence):
            told.append(with_period(swap(sentence)))
        elif speech.content_word_count(sentence) >= 2 and not speech.dangles(sentence):
            is_own = speech.has_any("self", sentence)
            told.append(about_speaker(sentence, who) if is_own else with_period(sentence))
    return " ".join(told) or None


def _content(text: str) -> set[str]:
    return {stem(word.lower()) for word in _WORD.findall(text) if speech.content_word_count(word)}
