"""
The built-in extractor: long-term records from conversations, without a model.

Deterministic: the same conversation always gives the same records. It keeps to what was
said. Facts are statements in the speaker's own words; preferences are recognised by how
people voice them; a summary tells the session's statements in order.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agentcore_memory_async.local._api.members import strings_in
from agentcore_memory_async.local._heuristics.episodes import (
    episodes,
    reflection,
    replaces_reflection,
)
from agentcore_memory_async.local._heuristics.facts import facts_of, replaces_fact
from agentcore_memory_async.local._heuristics.preferences import preferences, replaces_preference
from agentcore_memory_async.local._heuristics.summaries import summary_topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.local.extractor import ExtractionRequest, Message


class BuiltInExtractor:
    """The extractor that needs nothing but the conversation."""

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Return the texts of the records."""
        new, before = _talk(request.messages), _talk(request.history)
        if request.kind == "SUMMARIZATION":
            return summary_topics([*before, *new])
        if request.kind == "EPISODIC":
            return episodes([*before, *new], len(before))
        if request.kind == "REFLECTION":
            made = reflection(request.episodes)
            return [made] if made is not None else []
        if request.kind == "USER_PREFERENCE":
            found = [
                json.dumps(item, ensure_ascii=False)
                for role, text in new
                if role == "USER"
                for item in preferences(text)
            ]
        else:
            found = facts_of(new, before)
        return list(dict.fromkeys(found))

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Say whether *new* makes the record *old* obsolete."""
        if kind == "USER_PREFERENCE":
            return replaces_preference(new, old)
        if kind == "REFLECTION":
            return replaces_reflection(new, old)
        return kind == "SEMANTIC" and replaces_fact(new, old)


def _talk(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Return role and text of messages; what a JSON payload says is taken for the user's words."""
    talk: list[tuple[str, str]] = []
    for message in messages:
        if message.role == "JSON":
            texts = strings_in(json.loads(message.text))
            talk.append(("USER", " ".join(_ended(text) for text in texts)))
        else:
            talk.append((message.role, message.text))
    return talk


def _ended(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in {".", "!", "?"} else text + "."
