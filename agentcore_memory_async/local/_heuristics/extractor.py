"""
The built-in extractor: long-term records from conversations, without a language model.

It is deterministic: the same conversation always yields the same records. It only repeats what
was said. Facts are statements in the speaker's own words. Preferences are recognized by how
people phrase them. A summary retells the session's statements in order.

Each kind of record has its own module. They share the classification of sentences in
``_language.sentences`` and the rewriting in ``_language.third_person``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agentcore_memory_async.local._api.members import strings_in
from agentcore_memory_async.local._heuristics.episodes import (
    extract_episodes,
    reflect,
    replaces_reflection,
)
from agentcore_memory_async.local._heuristics.facts import extract_facts, replaces_fact
from agentcore_memory_async.local._heuristics.preferences import (
    extract_preferences,
    replaces_preference,
)
from agentcore_memory_async.local._heuristics.summaries import topics
from agentcore_memory_async.local._heuristics.topics import segments
from agentcore_memory_async.local.extractor import Extraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.local.extractor import ExtractionRequest, Message


class BuiltInExtractor:
    """The extractor that needs nothing but the conversation."""

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Return the texts of the records."""
        new, before = _role_and_text(request.messages), _role_and_text(request.history)
        if request.kind == "SUMMARIZATION":
            parts = segments([*before, *new])
            *finished, last = topics(parts, _role_and_text(request.context))
            return Extraction(finished, [last], settled=sum(map(len, parts[:-1])))
        if request.kind == "EPISODIC":
            episodes, settled = extract_episodes([*before, *new], len(before))
            return Extraction(episodes, settled=settled)
        if request.kind == "REFLECTION":
            reflection = reflect(request.episodes)
            return [reflection] if reflection is not None else []
        if request.kind == "USER_PREFERENCE":
            found = [
                json.dumps(item, ensure_ascii=False)
                for role, text in new
                if role == "USER"
                for item in extract_preferences(text)
            ]
        else:
            found = extract_facts(new, before)
        return list(dict.fromkeys(found))

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Return whether the record *new* makes the record *old* obsolete."""
        if kind == "USER_PREFERENCE":
            return replaces_preference(new, old)
        if kind == "REFLECTION":
            return replaces_reflection(new, old)
        return kind == "SEMANTIC" and replaces_fact(new, old)


def _role_and_text(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Return role and text of messages; the strings of a JSON payload count as the user's words."""
    pairs: list[tuple[str, str]] = []
    for message in messages:
        if message.role == "JSON":
            texts = strings_in(json.loads(message.text))
            pairs.append(("USER", " ".join(_as_sentence(text) for text in texts)))
        else:
            pairs.append((message.role, message.text))
    return pairs


def _as_sentence(text: str) -> str:
    """Return *text* with a capital letter and a period, so that it is read as a sentence."""
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in {".", "!", "?"} else text + "."
