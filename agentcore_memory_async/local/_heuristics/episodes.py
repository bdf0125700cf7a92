"""
Episodes: matters in which something was done, once the user closes them, and what they teach.

An open episode yields no record, and neither does talk in which nothing was done. A reflection is
what several episodes about the same kind of matter teach.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, unescape

from agentcore_memory_async.local._heuristics.summaries import narrate, topic_name
from agentcore_memory_async.local._language import speech
from agentcore_memory_async.local._language.english import PATTERNS
from agentcore_memory_async.local._language.third_person import about_user
from agentcore_memory_async.local._language.words import sentences, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTH = 400
"""Characters of each field of a record."""
_LEAST = 2
"""Episodes that a reflection needs."""


def extract_episodes(messages: Sequence[tuple[str, str]], new_from: int) -> tuple[list[str], int]:
    """
    Return the episodes that end in the new messages, and the number of messages up to the last end.

    Args:
        messages: Role and text of the open messages, oldest first, with tool results.
        new_from: Index of the first new message.
    """
    found: list[str] = []
    start = 0
    for place, (role, text) in enumerate(messages):
        part = messages[start : place + 1]
        asked = any(role == "USER" and speech.content_word_count(text) for role, text in part)
        answered = any(role in {"ASSISTANT", "TOOL"} for role, _ in part)
        if role != "USER" or not is_closing(text) or not asked or not answered:
            continue
        start = place + 1
        episode = _episode(part) if place >= new_from else None
        found += [episode] if episode is not None else []
    return found, start


def is_closing(text: str) -> bool:
    """Return whether a user's message closes a matter, and opens none."""
    opens = any(map(speech.is_question, sentences(text))) or any(
        speech.is_order(each) or PATTERNS["opens"].search(each) for each in speech.statements(text)
    )
    return PATTERNS["closing"].search(text) is not None and not opens


def _episode(part: Sequence[tuple[str, str]]) -> str | None:
    """Return the episode that a part of a session is; None if nothing was done in it."""
    tools = sum(role == "TOOL" for role, _ in part)
    outcome, succeeded = _outcome(part)
    if outcome is None and not tools:
        return None
    topic = topic_name(part)
    told = narrate(part) or [f"The user spoke of {topic}."]
    steps = told[1:] or ["The assistant answered."]
    if tools:
        steps.append(f"It used {tools} tool result{'s' * (tools > 1)}.")
    lesson = "What was done here worked" if succeeded else "It is not known that this works"
    return _xml(
        "episode",
        situation=f"{topic}. {' '.join(steps)}",
        intent=told[0],
        assessment="Yes" if succeeded else "No",
        justification=outcome or "No outcome was reported.",
        reflection=f"{lesson}: {topic}.",
    )


def _outcome(part: Sequence[tuple[str, str]]) -> tuple[str | None, bool]:
    """Return the last report of an outcome, and whether it is of success."""
    for role, text in reversed(part):
        for sentence in reversed(sentences(text)):
            if speech.is_question(sentence):
                continue
            works = PATTERNS["works"].search(sentence) is not None
            # An error that is fixed is none.
            failed = speech.has_any("failed", sentence.replace("error", "") if works else sentence)
            if role == "ASSISTANT" and (failed or works or speech.is_done(sentence)):
                return about_user(sentence), not failed
            if role == "USER" and (works or failed):
                return "The user said that it worked." if not failed else "It failed.", not failed
    return None, False


def reflect(episodes: Sequence[str]) -> str | None:
    """
    Return a reflection on episodes about the same kind of matter; None for fewer than two.

    Its confidence grows with the number of episodes, up to 0.9.

    Args:
        episodes: The texts of their records, newest first.
    """
    if len(episodes) < _LEAST:
        return None
    newest = episodes[0]
    good = [each for each in episodes if _xml_field(each, "assessment") == "Yes"]
    bad = [each for each in episodes if each not in good]
    hints: list[str] = []
    if good:
        way = _xml_field(good[0], "situation")
        hints.append(f"Worked {len(good)} of {len(episodes)} times: {way}")
    if bad:
        hints.append(f"Did not work: {_xml_field(bad[0], 'justification')}")
    return _xml(
        "reflection",
        title=_xml_field(newest, "situation").split(". ", 1)[0],
        use_cases=f"When a user asks for something like this: {_xml_field(newest, 'intent')}",
        hints=" ".join(hints),
        confidence=f"{min(0.9, 0.4 + 0.1 * len(episodes)):.1f}",
    )


def replaces_reflection(new: str, old: str) -> bool:
    """Return whether both reflections have the same title, so that the newer one supersedes."""
    title = _xml_field(new, "title")
    return bool(terms(title)) and title == _xml_field(old, "title")


def _xml(root: str, **parts: str) -> str:
    inner = "".join(f"<{name}>{escape(text[:_LENGTH])}</{name}>" for name, text in parts.items())
    return f"<{root}>{inner}</{root}>"


def _xml_field(text: str, name: str) -> str:
    match = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return unescape(match.group(1)) if match else ""
