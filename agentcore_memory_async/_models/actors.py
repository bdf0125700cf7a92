"""Who a memory knows: its actors, and their sessions."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from agentcore_memory_async._models.base import Model


@frozen
class ActorSummary(Model):
    """
    An actor of a memory.

    Attributes:
        actor_id: Actor id; ``decode_actor_id()`` gives what ``encode_actor_id()`` made it of.
    """

    actor_id: str


@frozen
class SessionSummary(Model):
    """
    A session of an actor.

    Attributes:
        session_id: Session id.
        actor_id: Actor id.
        created_at: When the service made it, UTC.
    """

    session_id: str
    actor_id: str
    created_at: datetime
