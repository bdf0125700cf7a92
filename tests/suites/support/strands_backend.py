"""What takes the place of Strands' own storage in its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import suite_backend
from strands.types.session import Session, SessionType

from agentcore_memory_async.integrations.strands import (
    AgentCoreSessionManager,
    AgentCoreSessionRepository,
)
from agentcore_memory_async.integrations.strands._history import repaired

if TYPE_CHECKING:
    from strands import Agent
    from strands.types.content import Message


class MemoryRepository(AgentCoreSessionRepository):
    """A repository of an actor of its own, since each of Strands' is empty at first."""

    def __init__(self) -> None:
        suite_backend.used()
        self.actor_id = suite_backend.new_name()
        super().__init__(suite_backend.manager(), actor_id=self.actor_id)


class MemoryManager(AgentCoreSessionManager):
    """The session manager, which writes each change at once, as the tests expect it."""

    _fix_broken_tool_use = staticmethod(repaired)

    def __init__(self, session_id: str, session_repository: MemoryRepository) -> None:
        super().__init__(
            suite_backend.manager(),
            actor_id=session_repository.actor_id,
            session_id=session_id,
            batch_size=1,
        )
        self.session_repository = session_repository
        if session_repository.read_session(session_id) is None:
            session_repository.create_session(Session(session_id, SessionType.AGENT))

    def initialize(self, agent: Agent, **_: Any) -> None:
        """Take an agent, restore it also where a loop runs, and store it."""
        super().initialize(agent)
        attached = self._of(agent)
        attached.apply(self._loop.blocking(attached.conversation.load))
        self.sync_agent(agent)

    def append_message(self, message: Message, agent: Agent, **_: Any) -> None:
        """Store a message."""
        super().append_message(message, agent)
        self.sync_agent(agent)

    def redact_latest_message(self, redact_message: Message, agent: Agent, **_: Any) -> None:
        """Replace a stored message."""
        super().redact_latest_message(redact_message, agent)
        self.sync_agent(agent)

    def sync_agent(self, agent: Agent, **_: Any) -> None:
        """Store the state."""
        attached = self._of(agent)
        self._loop.blocking(attached.conversation.flush, *attached.capture())
