"""
The values that go in and come out: messages, events, turns, records.

All are frozen and can be compared, copied and pickled.
Their ``repr`` shows ids, counts and sizes, never what was said.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = (
    "BlobPayload",
    "Branch",
    "ConversationalMessage",
    "Event",
    "ExtractionJob",
    "JsonPayload",
    "JsonValue",
    "MemoryRecord",
    "MessageRole",
    "Turn",
)

JsonValue = dict[str, Any] | list[Any] | str | int | float | bool | None
"""What JSON can say."""


def _size(value: object) -> str:
    """Stand in for content in a ``repr``: its length only."""
    try:
        return f"<{len(value)}>"  # type: ignore[arg-type]
    except TypeError:
        return "<...>"


class MessageRole(StrEnum):
    """Who said a message; the service knows these four."""

    USER = "USER"
    ASSISTANT = "ASSISTANT"
    TOOL = "TOOL"
    OTHER = "OTHER"


@frozen
class ConversationalMessage:
    """
    One message of a conversation, to be stored.

    Attributes:
        text: What was said: 1 to 100,000 characters and at most 100 KB in UTF-8.
        role: Who said it.
    """

    text: str = field(repr=_size)
    role: MessageRole


@frozen
class JsonPayload:
    """
    JSON data in an event, beside or instead of messages.

    Attributes:
        content: Any JSON value, at most 100 KB.
    """

    content: JsonValue = field(repr=_size)


@frozen
class BlobPayload:
    """
    Data that is kept with an event and never looked at by extraction.

    It travels as a JSON string: the service gives a blob that was sent as a mapping back in the
    notation of Java (boto3#4614), and a string as it was.

    Attributes:
        content: Any JSON value.
    """

    content: JsonValue = field(repr=_size)


@frozen
class Branch:
    """
    The branch of a conversation that an event is on.

    Attributes:
        name: Its name. The main branch has none: there ``Event.branch`` is None.
        root_event_id: The event that it forks from; given with the first event of a new branch.
    """

    name: str
    root_event_id: str | None = None


@frozen
class Event:
    """
    What is stored at one point of a session: messages, data, or both.

    Attributes:
        event_id: The service's id of it.
        event_type: What ``create_event`` was called with; None for turns.
        payload: The content of its one json or blob item, as it was given; a tuple of contents
            where it has several; None where it has messages only.
        messages: Its conversational messages, in the order in which they were given.
        timestamp: When it happened: aware, UTC, in milliseconds.
        actor_id: Whose session it is in.
        session_id: The session.
        branch: The branch that it is on; None on the main one.
        metadata: Its metadata, ``eventType`` among it.
        accepted_at: The service's clock when it took the event (UTC, whole seconds);
            None for an event that was listed. ``timestamp`` only echoes the client's clock.
    """

    event_id: str
    event_type: str | None
    payload: Any = field(repr=_size)
    messages: tuple[ConversationalMessage, ...] = field(repr=_size)
    timestamp: datetime
    actor_id: str
    session_id: str
    branch: Branch | None = None
    metadata: Mapping[str, str] = field(factory=dict[str, str], repr=_size)
    accepted_at: datetime | None = field(default=None, eq=False)


@frozen
class Turn:
    """
    One message of a conversation, read back.

    Attributes:
        role: Who said it. A role that this version doesn't know reads as ``OTHER``.
        text: What was said.
        timestamp: When its event happened (UTC); all messages of one event share it.
    """

    role: MessageRole
    text: str = field(repr=_size)
    timestamp: datetime


@frozen
class MemoryRecord:
    """
    What the service learnt from conversations: a fact, a preference, a summary, an episode.

    Attributes:
        namespace: Where it is filed.
        content: Its text, as the service wrote it (preferences are JSON, summaries XML).
        score: How well it fits the query, higher is better and not a percentage;
            None for a record that was listed.
        created_at: When the service wrote it, UTC.
        memory_record_id: The service's id of it.
        memory_strategy_id: The strategy that made it; None where the service names none.
    """

    namespace: str
    content: str = field(repr=_size)
    score: float | None
    created_at: datetime
    memory_record_id: str = ""
    memory_strategy_id: str | None = None


@frozen
class ExtractionJob:
    """
    A run of a strategy over some events that failed; the service lists no other jobs.

    Attributes:
        job_id: The service's id of it.
        memory_strategy_id: The strategy; None where the service names none.
        actor_id: Whose session.
        session_id: The session.
        status: ``FAILED``.
        reason: Why, such as ``LTM_RATE_EXCEEDED``; empty where the service says nothing.
        event_ids: The events that nothing was learnt from.
    """

    job_id: str
    memory_strategy_id: str | None
    actor_id: str
    session_id: str
    status: str
    reason: str
    event_ids: tuple[str, ...]
