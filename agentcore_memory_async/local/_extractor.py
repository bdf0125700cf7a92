"""
The built-in extractor: long-term records from conversations, without a model.

Deterministic: the same conversation always gives the same records. It keeps to what was
said. Facts are statements in the speaker's own words; preferences are recognised by how
people voice them; a summary tells the session's statements in order.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Protocol

import attrs

from agentcore_memory_async.local._preferences import preferences, replaces_preference
from agentcore_memory_async.local._speech import (
    about_the_user,
    asks_for,
    has_detail,
    is_confirmation_request,
    is_outcome,
    leans_on_the_one_before,
    statements,
    substance,
)
from agentcore_memory_async.local._summary import summary_topics
from agentcore_memory_async.local._text import sentences, terms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from agentcore_memory_async.local._memories import Strategy

__all__ = ("BuiltInExtractor", "ExtractionRequest", "Extractor", "Message")

_FACT_LENGTH = 1_000
_OFFER = re.compile(
    r"^(?:i (?:can|could|will|would|understand|see|recommend|suggest|found|have \d+ )|i'll|i'd|"
    r"let me|let's|how about|what about|there (?:is|are)|another|would|may|here)\b",
    re.IGNORECASE,
)
_INFORMS = re.compile(r"^(?:your|the|their|its|his|her|my)\b", re.IGNORECASE)


@attrs.frozen
class Message:
    """One conversational message of an event; *time_ms* is the event's."""

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
        strategy: Which strategy extracts; its ``kind`` says what is wanted.
        memory_id: Of the events.
        actor_id: Of the events.
        session_id: Of the events.
        messages: The new ones, oldest first.
        history: Those of the session before them, oldest first.
    """

    strategy: Strategy
    memory_id: str
    actor_id: str
    session_id: str
    messages: tuple[Message, ...]
    history: tuple[Message, ...]


class Extractor(Protocol):
    """
    Makes the contents of records out of messages.

    ``extract`` may be a plain function, which runs in a thread, or a coroutine. A
    SUMMARIZATION gives all records of the whole session, other strategies those of the
    new messages.
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
        kind = request.strategy.kind
        if kind == "SUMMARIZATION":
            talk = [(item.role, item.text) for item in (*request.history, *request.messages)]
            return summary_topics(talk)
        if kind == "USER_PREFERENCE":
            found = [
                json.dumps(item, ensure_ascii=False)
                for message in request.messages
                if message.role == "USER"
                for item in preferences(message.text)
            ]
        else:
            found = [fact for item in request.messages for fact in facts(item.role, item.text)]
        return list(dict.fromkeys(found))

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Say whether *new* makes the record *old* obsolete."""
        if kind == "USER_PREFERENCE":
            return replaces_preference(new, old)
        newer, older = set(terms(new)), set(terms(old))
        return len(older) >= 3 and older < newer


def facts(role: str, text: str) -> list[str]:
    """Return what a message states that is worth keeping, each readable on its own."""
    if role not in {"USER", "ASSISTANT"}:
        return []
    found: list[str] = []
    stated = statements(text)
    if role == "ASSISTANT" and _only_proposes(text, stated):
        return []
    for said in stated:
        if found and leans_on_the_one_before(said) and len(found[-1]) + len(said) < _FACT_LENGTH:
            found[-1] = f"{found[-1]} {_ended(said)}"
            continue
        if role == "USER" and _worth_keeping(said):
            order = asks_for(said)
            found.append(_asked(order) if order is not None else _ended(said))
        elif role == "ASSISTANT" and _informative(said):
            found.append(_ended(said))
    return [fact[:_FACT_LENGTH] for fact in found]


def _worth_keeping(said: str) -> bool:
    if leans_on_the_one_before(said) and not has_detail(said):
        return False
    if asks_for(said) is not None:
        return has_detail(said) and substance(said) >= 2
    words = len(said.split())
    return words >= 3 and (substance(said) >= 2 or (substance(said) >= 1 and has_detail(said)))


def _only_proposes(text: str, stated: Sequence[str]) -> bool:
    """Say whether an assistant's message offers or asks back, so that nothing in it is settled."""
    if any(is_outcome(said) for said in stated):
        return False
    pieces = sentences(text)
    return any(
        _OFFER.match(piece) or is_confirmation_request(piece) or piece.endswith("?")
        for piece in pieces
    )


def _informative(said: str) -> bool:
    if _OFFER.match(said) or leans_on_the_one_before(said):
        return False
    if is_outcome(said):
        return substance(said) >= 1
    return _INFORMS.match(said) is not None and has_detail(said) and substance(said) >= 2


def _asked(order: str) -> str:

    return _ended(about_the_user(order))


def _ended(sentence: str) -> str:
    return sentence if sentence[-1:] in ".!?\"'" else sentence + "."
