"""
The built-in extractor: long-term records from conversations, without a language model.

It is deterministic, and plain: it tells what was said, in the third person, and invents nothing.
Each kind of record has a module of its own. All share what is known of sentences
(``_language.sentences``) and the rewriting (``_language.third_person``). These know English; in
other languages what the user said is kept as it was said.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, cast

from agentcore_memory_async.local._api.members import strings_in
from agentcore_memory_async.local._heuristics import episodes, facts, preferences, summaries
from agentcore_memory_async.local._language.sentences import is_english
from agentcore_memory_async.local._language.third_person import with_period
from agentcore_memory_async.local.extractor import Extraction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agentcore_memory_async.local.extractor import ExtractionRequest, Message

_LOG = logging.getLogger("agentcore_memory_async.local")


class BuiltInExtractor:
    """The extractor that needs nothing but the conversation."""

    _has_told = False

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Return the texts of the records."""
        new, before = _role_and_text(request.messages), _role_and_text(request.history)
        if request.kind == "SUMMARIZATION":
            parts = summaries.segments([*before, *new])
            *finished, last = summaries.topics(parts, _role_and_text(request.context))
            return Extraction(finished, [last], settled=sum(map(len, parts[:-1])))
        if request.kind == "EPISODIC":
            found, settled = episodes.extract_episodes([*before, *new], len(before))
            return Extraction(found, settled=settled)
        if request.kind == "REFLECTION":
            return list(filter(None, [episodes.reflect(request.episodes)]))
        records: list[str] = []
        for place, (role, text) in enumerate(new):
            if request.kind == "USER_PREFERENCE":
                said = preferences.extract_preferences(text) if role == "USER" else []
                records += [json.dumps(each, ensure_ascii=False) for each in said]
            elif is_english(text):
                records += facts.extract_facts([(role, text)], [*before, *new[:place]])
            elif role == "USER":
                records.append(text)
                self._tell_language()
        return list(dict.fromkeys(records))

    def _tell_language(self) -> None:
        if not self._has_told:
            _LOG.warning(
                "the built-in extractor knows English only; what users said in other languages is "
                "kept as it was said (give extractor= for more)"
            )
        self._has_told = True

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Return whether the record *new* makes the record *old* obsolete."""
        if kind == "USER_PREFERENCE":
            return preferences.replaces_preference(new, old)
        if kind == "REFLECTION":
            return episodes.replaces_reflection(new, old)
        return kind == "SEMANTIC" and is_english(new) and facts.replaces_fact(new, old)


def _role_and_text(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Return role and text of messages; a JSON payload counts as the user's words."""
    return [
        ("USER" if message.role == "JSON" else message.role, _said(message)) for message in messages
    ]


def _said(message: Message) -> str:
    """Return what a message says: of JSON its leaves that are named text or content."""
    try:
        value = json.loads(message.text) if message.text.lstrip()[:1] in {"{", "["} else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, (dict, list)):
        return message.text
    texts = list(_leaves(cast("object", value)))
    if message.role == "JSON" and not texts:
        texts = list(strings_in(cast("object", value)))
    told = [text.strip() for text in texts if text.strip()]
    return " ".join(with_period(text[:1].upper() + text[1:]) for text in told)


def _leaves(value: object, name: str = "") -> Iterator[str]:
    if isinstance(value, str) and name in {"text", "content"}:
        yield value
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _leaves(inner, name)
