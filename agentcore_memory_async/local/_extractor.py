"""
The built-in extractor: long-term records from conversations, without a model.

Deterministic: the same conversation always gives the same records. It keeps to what was
said. Facts are statements in the speaker's own words; preferences are recognised by how
people voice them; a summary tells the session's statements in order.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

import attrs

from agentcore_memory_async.local._episodes import episodes, reflection, replaces_reflection
from agentcore_memory_async.local._facts import facts_of, replaces_fact
from agentcore_memory_async.local._preferences import preferences, replaces_preference
from agentcore_memory_async.local._summary import summary_topics
from agentcore_memory_async.local._wire import strings_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from agentcore_memory_async.local._memories import Strategy

__all__ = ("BuiltInExtractor", "ExtractionRequest", "Extractor", "Message")


@attrs.frozen
class Message:
    """
    One message of an event.

    Attributes:
        role: USER, ASSISTANT, TOOL or OTHER; JSON for a ``json`` payload.
        text: What was said; the JSON text of a ``json`` payload.
        time_ms: The event's timestamp.
        event_id: The event.
        index: Where in the event's payload it stands.
    """

    role: str
    text: str
    time_ms: int
    event_id: str
    index: int


@attrs.frozen
class ExtractionRequest:
    """
    What an extractor is given.

    Attributes:
        kind: What is wanted: SEMANTIC, USER_PREFERENCE, SUMMARIZATION, EPISODIC or REFLECTION. A
            custom strategy asks for what it overrides.
        strategy: Which strategy extracts.
        memory_id: Of the events.
        actor_id: Of the events.
        session_id: Of the events.
        messages: The new ones, oldest first.
        history: Those of the session before them, oldest first.
        episodes: For a REFLECTION: the new episode, and earlier ones like it.
    """

    kind: str
    strategy: Strategy
    memory_id: str
    actor_id: str
    session_id: str
    messages: tuple[Message, ...]
    history: tuple[Message, ...]
    episodes: tuple[str, ...] = ()


class Extractor(Protocol):
    """
    Makes the contents of records out of messages.

    ``extract`` may be a plain function, which runs in a thread, or a coroutine. A
    SUMMARIZATION gives all records of the whole session, other kinds those of the new
    messages. What it raises fails the job: an :class:`ExtractorError` with its reason,
    botocore's ``ClientError`` with the reason that the service has for its code.
    """

    def extract(self, request: ExtractionRequest) -> Sequence[str] | Awaitable[Sequence[str]]:
        """Return the texts of the records."""
        ...

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Say whether *new* makes the record *old* obsolete."""
        ...


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
