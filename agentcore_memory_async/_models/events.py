"""Events of a session, and the turns in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size
from agentcore_memory_async._models.messages import (
    PROMPT_ROLES,
    ConversationalMessage,
    MessageRole,
)


@frozen
class Branch(Model):
    """
    The branch of a conversation that an event is on.

    Attributes:
        name: Name. The main branch has none: there ``Event.branch`` is None.
        root_event_id: Event that it forks from; given with the first event of a new branch.
    """

    name: str
    root_event_id: str | None = None


@frozen
class Event(Model):
    """
    One stored event of a session: messages, data, or both.

    Attributes:
        event_id: Event id.
        event_type: Type that ``create_event`` was called with; None for events with messages.
        payload: Content of its one json or blob item, as it was given; a tuple of contents if it
            has several; None if it has messages only.
        messages: Conversational messages, in the order in which they were given.
        timestamp: When it happened: aware, UTC, in milliseconds.
        actor_id: Actor id.
        session_id: Session id.
        branch: Branch that it is on; None on the main one.
        metadata: Metadata, with ``eventType`` among it.
        accepted_at: The service's clock when it accepted the event (UTC, whole seconds); None for
            an event that was listed. ``timestamp`` only echoes the client's clock.
    """

    event_id: str
    event_type: str | None
    payload: Any = field(repr=size, hash=False)
    messages: tuple[ConversationalMessage, ...] = field(repr=size)
    timestamp: datetime
    actor_id: str
    session_id: str
    branch: Branch | None = None
    metadata: Mapping[str, str] = field(factory=dict[str, str], repr=size, hash=False)
    accepted_at: datetime | None = field(default=None, eq=False)


@frozen
class Turn(Model):
    """
    One message of a conversation, read back.

    Attributes:
        role: Role of the speaker. A role that this version does not know reads as ``OTHER``.
        text: Text.
        timestamp: When its event happened (UTC); all messages of one event share it.
    """

    role: MessageRole
    text: str = field(repr=size)
    timestamp: datetime

    def to_openai(self) -> dict[str, str]:
        """
        Return the message for OpenAI's Chat Completions and Responses APIs.

        ``TOOL`` and ``OTHER`` become ``user``: these APIs take results of tools only together with
        the call that they answer, which a turn does not have.
        """
        return {"role": PROMPT_ROLES[self.role], "content": self.text}

    def to_anthropic(self) -> dict[str, str]:
        """
        Return the message for Anthropic's Messages API.

        ``TOOL`` and ``OTHER`` become ``user``, as in ``to_openai``.
        """
        return self.to_openai()

    def to_converse(self) -> dict[str, str | list[dict[str, str]]]:
        """
        Return the message for Amazon Bedrock's Converse API.

        ``TOOL`` and ``OTHER`` become ``user``, as in ``to_openai``.
        """
        return {"role": PROMPT_ROLES[self.role], "content": [{"text": self.text}]}
