"""
A session: one actor's conversation, and the records extracted from it.

A bound view on its manager: it checks arguments, fills in its ids and reads answers. Its methods
are in `_operations`, by topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._operations.exchanges import ExchangeOperations
from agentcore_memory_async._operations.explanations import ExplanationOperations
from agentcore_memory_async._operations.forgetting import SessionForgetting
from agentcore_memory_async._operations.ingest import IngestOperations
from agentcore_memory_async._operations.jobs import JobOperations
from agentcore_memory_async._operations.model_turns import ModelTurnOperations
from agentcore_memory_async._operations.waiting import WaitingOperations
from agentcore_memory_async.actor import AsyncActor

if TYPE_CHECKING:
    from agentcore_memory_async._core import HasCore

__all__ = ("AsyncMemorySession",)


class AsyncMemorySession(
    ExplanationOperations,
    ExchangeOperations,
    ModelTurnOperations,
    SessionForgetting,
    WaitingOperations,
    JobOperations,
    IngestOperations,
):
    """
    The session of one actor; ``create_memory_session`` of the manager makes it.

    Making one directly sends nothing. It may be kept, or made anew for each request.

    Args:
        manager: The manager that sends for it.
        actor_id: Actor id.
        session_id: Session id.

    Attributes:
        actor_id: Actor id.
        session_id: Session id.

    Raises:
        InvalidInputError: An id that the service would refuse.
    """

    def __init__(self, manager: HasCore, actor_id: str, session_id: str) -> None:
        super().__init__(manager, actor_id, session_id)

    def get_actor(self) -> AsyncActor:
        """Return the actor of the session: all of its sessions; sends nothing."""
        return AsyncActor(self, self.actor_id)

    def __repr__(self) -> str:
        return f"<AsyncMemorySession {self.session_id} of {self.actor_id}, memory {self.memory_id}>"
