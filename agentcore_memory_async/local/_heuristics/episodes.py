"""
Episodes and reflections.

An episode is one matter of the user: what was asked, what was tried, and how it ended. It ends
where the user says that the matter is closed (thanks, a goodbye, "it works now"). An open
episode yields no record.

A reflection is what several episodes about the same kind of matter teach.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, unescape

from agentcore_memory_async.local._heuristics.summaries import narrate
from agentcore_memory_async.local._heuristics.topics import topic_name
from agentcore_memory_async.local._language.sentences import (
    content_word_count,
    is_closing,
    is_outcome,
    statements,
)
from agentcore_memory_async.local._language.third_person import with_period
from agentcore_memory_async.local._language.words import sentences, terms

if TYPE_CHECKING:
    from collections.abc import Sequence


_FAILED = re.compile(
    r"\b(?:couldn't|could not|can't|cannot|unable|failed|unsuccessful|not (?:work|help|solved|"
    r"what)|"
    r"doesn't work|didn't|did not|still (?:not|broken)|declined|rejected|error)\b",
    re.IGNORECASE,
)
"""How a failure is reported."""
_MAX_LENGTH = 400
"""Characters of each field of a record."""


def extract_episodes(messages: Sequence[tuple[str, str]], new_from: int) -> tuple[list[str], int]:
    """
    Return the episodes that end in the new messages, and the number of messages up to the last end.

    Args:
        messages: Role and text of the open messages, oldest first, with tool results.
        new_from: Index of the first new message.
    """
    found: list[str] = []
    start = 0
    for number, (role, text) in enumerate(messages):
        if role != "USER" or not is_closing(text):
            continue
        part = messages[start : number + 1]
        asked = any(r == "USER" and content_word_count(t) for r, t in part)
        answered = any(r in {"ASSISTANT", "TOOL"} for r, _ in part)
        if not asked or not answered or _opens_new_request(messages, number):
            continue
        start = number + 1
        if number >= new_from:
            found.append(_episode(part))
    return found, start


def _opens_new_request(messages: Sequence[tuple[str, str]], number: int) -> bool:
    """Return whether the closing message also makes a new request: "Thanks. I also need ..."."""
    return any(
        re.search(r"\b(?:need|want|would like|but|also|find|book)\b", statement)
        for statement in statements(messages[number][1])
        if content_word_count(statement) >= 2
    )


def _episode(part: Sequence[tuple[str, str]]) -> str:
    narration = narrate(part)
    topic = topic_name(part)
    intent = narration[0] if narration else f"The user talked about {topic}."
    actions = [text for role, text in part if role == "TOOL"]
    outcome = _outcome(part)
    succeeded = not (outcome and _FAILED.search(outcome))
    steps = narration[1:] or ["The assistant answered."]
    if actions:
        steps.append(f"It used {len(actions)} tool result{'s' * (len(actions) > 1)}.")
    lesson = (
        f"What was done here worked for: {topic}."
        if succeeded
        else f"Another way is needed for: {topic}. This one did not reach the goal."
    )
    return _xml(
        "episode",
        situation=f"{topic}. {' '.join(steps)}",
        intent=intent,
        assessment="Yes" if succeeded else "No",
        justification=outcome or "The user closed the matter.",
        reflection=lesson,
    )


def _outcome(part: Sequence[tuple[str, str]]) -> str | None:
    """Return the last statement that tells how the episode ended; None if none does."""
    for role, text in reversed(part):
        for statement in reversed(sentences(text)):
            if role == "ASSISTANT" and (is_outcome(statement) or _FAILED.search(statement)):
                return f'The assistant said: "{with_period(statement)}"'
            if role == "USER" and (
                _FAILED.search(statement) or re.search(r"\bwork|solved|fixed", statement)
            ):
                return f'The user said: "{with_period(statement)}"'
    return None


def reflect(episodes: Sequence[str]) -> str | None:
    """
    Return a reflection on episodes about the same kind of matter; None without episodes.

    Its confidence grows with the number of episodes, up to 0.9.

    Args:
        episodes: The texts of their records, newest first.
    """
    if not episodes:
        return None
    newest = episodes[0]
    title = _xml_field(newest, "situation").split(". ", 1)[0].split(":", 1)[0]
    good = [item for item in episodes if _xml_field(item, "assessment") == "Yes"]
    bad = [item for item in episodes if _xml_field(item, "assessment") == "No"]
    hints: list[str] = []
    if good:
        hints.append(
            f"Worked {len(good)} of {len(episodes)} times: {_xml_field(good[0], 'situation')}"
        )
    if bad:
        hints.append(f"Did not work: {_xml_field(bad[0], 'justification')}")
    return _xml(
        "reflection",
        title=title,
        use_cases=f"When a user asks for something like this: {_xml_field(newest, 'intent')}",
        hints=" ".join(hints),
        confidence=f"{min(0.9, 0.4 + 0.1 * len(episodes)):.1f}",
    )


def replaces_reflection(new: str, old: str) -> bool:
    """Return whether both reflections have the same title, so that the newer one supersedes."""
    title = _xml_field(new, "title")
    return bool(terms(title)) and title == _xml_field(old, "title")


def _xml(root: str, **parts: str) -> str:
    inner = "".join(
        f"<{name}>{escape(text[:_MAX_LENGTH])}</{name}>" for name, text in parts.items()
    )
    return f"<{root}>{inner}</{root}>"


def _xml_field(text: str, name: str) -> str:
    match = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return unescape(match.group(1)) if match else ""
