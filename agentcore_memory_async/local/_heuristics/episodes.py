"""
Episodes: what was tried for the user and how it ended; reflections: what to learn from several.

An episode ends where the user says that the matter is closed (thanks, a goodbye, "it works
now"). Nothing is written of one that still goes on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, unescape

from agentcore_memory_async.local._heuristics.summaries import told_in_order
from agentcore_memory_async.local._heuristics.topics import name_of
from agentcore_memory_async.local._language.sentences import (
    is_closing,
    is_outcome,
    statements,
    substance,
)
from agentcore_memory_async.local._language.third_person import ended
from agentcore_memory_async.local._language.words import sentences, terms

if TYPE_CHECKING:
    from collections.abc import Sequence


_FAILED = re.compile(
    r"\b(?:couldn't|could not|can't|cannot|unable|failed|unsuccessful|not (?:work|help|solved|"
    r"what)|"
    r"doesn't work|didn't|did not|still (?:not|broken)|declined|rejected|error)\b",
    re.IGNORECASE,
)
_LENGTH = 400  # of each part


def episodes(talk: Sequence[tuple[str, str]], new_from: int) -> list[str]:
    """
    Return the episodes that ended among the messages from number *new_from* on.

    Args:
        talk: Role and text of the session's messages, oldest first; tool results included.
        new_from: Which of them is the first new one.
    """
    found: list[str] = []
    start = 0
    for number, (role, text) in enumerate(talk):
        if role != "USER" or not is_closing(text):
            continue
        part = talk[start : number + 1]
        asked = any(r == "USER" and substance(t) for r, t in part)
        answered = any(r in {"ASSISTANT", "TOOL"} for r, _ in part)
        if not asked or not answered or _goes_on(talk, number):
            continue
        start = number + 1
        if number >= new_from:
            found.append(_episode(part))
    return found


def _goes_on(talk: Sequence[tuple[str, str]], number: int) -> bool:
    """Say whether the thanks only opened another request of the same breath."""
    said = [item for item in statements(talk[number][1]) if substance(item) >= 2]
    return any(re.search(r"\b(?:need|want|would like|but|also|find|book)\b", item) for item in said)


def _episode(part: Sequence[tuple[str, str]]) -> str:
    told = told_in_order(part)
    topic = name_of(part)
    intent = told[0] if told else f"The user talked about {topic}."
    actions = [text for role, text in part if role == "TOOL"]
    outcome = _outcome(part)
    succeeded = not (outcome and _FAILED.search(outcome))
    steps = told[1:] or ["The assistant answered."]
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
    """Return the last statement that says how it ended."""
    for role, text in reversed(part):
        for said in reversed(sentences(text)):
            if role == "ASSISTANT" and (is_outcome(said) or _FAILED.search(said)):
                return f'The assistant said: "{ended(said)}"'
            if role == "USER" and (_FAILED.search(said) or re.search(r"\bwork|solved|fixed", said)):
                return f'The user said: "{ended(said)}"'
    return None


def reflection(made: Sequence[str]) -> str | None:
    """
    Return what *made*, episodes about the same kind of matter, teach; None for none.

    The more episodes, the higher its confidence, 0.9 at most.
    """
    if not made:
        return None
    newest = made[0]
    title = _part(newest, "situation").split(". ", 1)[0].split(":", 1)[0]
    good = [item for item in made if _part(item, "assessment") == "Yes"]
    bad = [item for item in made if _part(item, "assessment") == "No"]
    hints: list[str] = []
    if good:
        hints.append(f"Worked {len(good)} of {len(made)} times: {_part(good[0], 'situation')}")
    if bad:
        hints.append(f"Did not work: {_part(bad[0], 'justification')}")
    return _xml(
        "reflection",
        title=title,
        use_cases=f"When a user asks for something like this: {_part(newest, 'intent')}",
        hints=" ".join(hints),
        confidence=f"{min(0.9, 0.4 + 0.1 * len(made)):.1f}",
    )


def replaces_reflection(new: str, old: str) -> bool:
    """Say whether both are about the same kind of matter, so that the newer one takes over."""
    return bool(terms(_part(new, "title"))) and _part(new, "title") == _part(old, "title")


def _xml(root: str, **parts: str) -> str:
    inner = "".join(f"<{name}>{escape(text[:_LENGTH])}</{name}>" for name, text in parts.items())
    return f"<{root}>{inner}</{root}>"


def _part(text: str, name: str) -> str:
    match = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return unescape(match.group(1)) if match else ""
