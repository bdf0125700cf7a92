"""
An actor: the sessions of one user, and the records extracted from all of them.

A bound view on its manager, as a session is. Its methods are in `_operations`, by topic.
"""

from __future__ import annotations

from agentcore_memory_async._operations.actors import ActorSessionOperations
from agentcore_memory_async._operations.context import ContextOperations
from agentcore_memory_async._operations.forgetting import NamespaceForgetting
from agentcore_memory_async._operations.ingest import IngestOperations
from agentcore_memory_async._operations.jobs import JobOperations
from agentcore_memory_async._operations.waiting import WaitingOperations

__all__ = ("AsyncActor",)


class AsyncActor(
    ActorSessionOperations,
    ContextOperations,
    NamespaceForgetting,
    WaitingOperations,
    JobOperations,
    IngestOperations,
):
    """
    One actor of a memory; ``actor()`` of the manager makes it.

    Making one sends nothing, and the service knows an actor from its first event on. Prefixes are
    filled in with its ``{actorId}``. ``create_memory_session`` of the manager makes its sessions.

    Args:
        manager: The manager that sends for it.
        actor_id: Actor id.

    Attributes:
        actor_id: Actor id.

    Raises:
        InvalidInputError: An id that the service would refuse.
    """

    def __repr__(self) -> str:
        return f"<AsyncActor {self.actor_id}, memory {self.memory_id}>"
