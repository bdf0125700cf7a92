"""What is brought in and taken out: conversations and records, without the ids of one memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size, size_if_any
from agentcore_memory_async._models.forgetting import NotCovered
from agentcore_memory_async._models.messages import (
    BlobPayload,
    ConversationalMessage,
    JsonPayload,
    MessageRole,
    check_role,
)
from agentcore_memory_async._models.records import MetadataValue


@frozen
class HistoryMessage(Model):
    """
    One message of a conversation that is brought in.

    Attributes:
        text: Text, 1 character or more; a long one becomes several messages of one event.
        role: Role of the speaker. Its name is accepted in any case, such as ``"user"``.
        timestamp: When it was said, aware.

    Raises:
        InvalidInputError: *role* names no role.
    """

    text: str = field(repr=size)
    role: MessageRole = field(converter=check_role)
    timestamp: datetime


def _items(
    given: Iterable[ConversationalMessage | JsonPayload | BlobPayload],
) -> tuple[ConversationalMessage | JsonPayload | BlobPayload, ...]:
    return tuple(given)


@frozen
class HistoryEvent(Model):
    """
    One event of a conversation that is more than a message.

    Attributes:
        items: Messages and data, in their order.
        timestamp: When it happened, aware.
        metadata: Metadata.
        branch: Name of its branch; None for the main one.
        root: Place in the conversation, from 0, of the event that the branch forks from; given with
            the first event of a branch.
    """

    items: tuple[ConversationalMessage | JsonPayload | BlobPayload, ...] = field(
        repr=size, converter=_items
    )
    timestamp: datetime
    metadata: Mapping[str, str] = field(factory=dict[str, str], repr=size, hash=False)
    branch: str | None = None
    root: int | None = None


def _history(
    given: Iterable[HistoryMessage | HistoryEvent],
) -> tuple[HistoryMessage | HistoryEvent, ...]:
    return tuple(given)


@frozen
class Conversation(Model):
    """
    A conversation of one session, to be brought in, or as it was taken out.

    Attributes:
        actor_id: Actor id.
        session_id: Session id.
        messages: Messages and other events, oldest first.
    """

    actor_id: str
    session_id: str
    messages: tuple[HistoryMessage | HistoryEvent, ...] = field(repr=size, converter=_history)


@frozen
class HistoryRecord(Model):
    """
    A long-term record, to be brought in, or as it was taken out.

    Attributes:
        namespace: Namespace that it is in.
        content: Text, as the service keeps it.
        timestamp: Time of the conversation that it is from, aware.
        metadata: Metadata, without the service's own keys.
        expires_at: When the service deletes it, aware; None for never. An export gives the day, at
            0:00 UTC. An import rounds up to whole days from now, and to 31 at least.
    """

    namespace: str
    content: str = field(repr=size)
    timestamp: datetime
    metadata: Mapping[str, MetadataValue] = field(
        factory=dict[str, MetadataValue], repr=size, hash=False
    )
    expires_at: datetime | None = None


@frozen
class ImportProgress(Model):
    """
    How far an import is.

    Attributes:
        conversations: Conversations that are stored whole.
        messages: Messages and other events that are stored, whether by this run or before.
        records: Records that are stored.
        per_second: Messages per second of this run, on average.
        places: Places, from 0, of the items that were stored whole since the step before. Another
            import of the same items may pass over them: ``stored=`` of ``import_conversations``.
    """

    conversations: int
    messages: int
    records: int
    per_second: float
    places: tuple[int, ...] = field(default=(), repr=size_if_any)


@frozen
class ExportReport(Model):
    """
    What an export has read.

    Attributes:
        conversations: Number of conversations.
        messages: Number of messages and other events in them.
        records: Number of records.
        not_covered: Templates under which records of the actors cannot be told from others'.
    """

    conversations: int
    messages: int
    records: int
    not_covered: tuple[NotCovered, ...] = ()
