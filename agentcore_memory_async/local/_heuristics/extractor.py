"""
The built-in extractor: long-term records from conversations, without a language model.

It is deterministic, and plain: it tells what was said, in the third person, and invents nothing.
Each kind of record has a module of its own. All share what is known of sentences
(``_language.speech``) and the rewriting (``_language.third_person``). These know English; in
other languages what the user said is kept as it was said.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from agentcore_memory_async.local._heuristics import (
    episodes,
    facts,
    matters,
    preferences,
    summaries,
)
from agentcore_memory_async.local._heuristics.payloads import said
from agentcore_memory_async.local._language import speech
from agentcore_memory_async.local.extractor import Extraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.local.extractor import ExtractionRequest

_LOG = logging.getLogger("agentcore_memory_async.local")


class BuiltInExtractor:
    """The extractor that needs nothing but the conversation."""

    _has_told = False

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Return the texts of the records."""
        new, before, context = (
            [said(message.role, message.text) for message in messages]
            for messages in (request.messages, request.history, request.context)
        )
        if request.kind == "SUMMARIZATION":
            parts = summaries.segments([*before, *new])
            *finished, last = summaries.topics(parts, context)
            return Extraction(finished, [last], settled=sum(map(len, parts[:-1])))
        if request.kind == "EPISODIC":
            found, settled = episodes.extract_episodes([*before, *new], len(before))
            return Extraction(found, settled=settled)
        if request.kind == "REFLECTION":
            return list(filter(None, [episodes.reflect(request.episodes)]))
        records: list[str] = []
        for place, (role, text) in enumerate(new):
            if request.kind == "USER_PREFERENCE":
                told = preferences.extract_preferences(text, role)
                records += [json.dumps(each, ensure_ascii=False) for each in told]
            else:
                context = [*before, *new[: place + 1]]
                fact = facts.fact_of(context, facts.name_of(context) or "The user")
                records += [speech.cut(fact)] if fact else []
                self._tell_language(role, text)
        return list(dict.fromkeys(records))

    def _tell_language(self, role: str, text: str) -> None:
        if self._has_told or role != "USER" or not speech.by_language(text)[1]:
            return
        self._has_told = True
        _LOG.warning(
            "the built-in extractor knows English only; what users said in other languages is "
            "kept as it was said (give extractor= for more)"
        )

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Return whether the record *new* makes the record *old* obsolete."""
        if kind == "USER_PREFERENCE":
            return preferences.replaces_preference(new, old)
        if kind == "REFLECTION":
            return episodes.replaces_reflection(new, old)
        return kind == "SEMANTIC" and speech.is_english(new) and matters.replaces_fact(new, old)
