"""A session repository of Strands, in which its own session manager stores each message."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, cast

from strands.session import SessionRepository
from strands.types.exceptions import SessionException
from strands.types.session import (
    Session,
    SessionAgent,
    SessionMessage,
    decode_bytes_values,
    encode_bytes_values,
)

from agentcore_memory_async import AsyncMemorySession, encode_actor_id, encode_session_id
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.integrations.strands._converter import MessageConverter
from agentcore_memory_async.integrations.strands._records import (
    AGENT,
    MESSAGE,
    ORCHESTRATOR,
    SESSION,
    Reader,
    Record,
    Stored,
    to_events,
)
from agentcore_memory_async.integrations.strands._rewriting import add_event, rewrite, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strands.multiagent import MultiAgentBase

    from agentcore_memory_async import AsyncMemorySessionManager, MemorySessionManager
    from agentcore_memory_async.models import ConversationalMessage


class AgentCoreSessionRepository(SessionRepository):
    """
    Stores the sessions of Strands' own ``RepositorySessionManager``, as for a `BidiAgent`.

    Its methods block, since Strands' are: `AgentCoreSessionManager` is what async code takes, and
    reads the same sessions. Every message and every change of a state is a call, and a read goes
    through the whole session.

    Args:
        manager: An `AsyncMemorySessionManager` that is open in another thread, or a
            `MemorySessionManager`.
        actor_id: Id of the user, any string; it is encoded by ``encode_actor_id``.

    Raises:
        InvalidInputError: An argument is invalid; from each method: it runs in the manager's loop.

    AWS operations: ``CreateEvent``, ``ListEvents``; to change a message ``GetEvent`` and
    ``DeleteEvent``.
    """

    def __init__(
        self, manager: AsyncMemorySessionManager | MemorySessionManager, *, actor_id: str
    ) -> None:
        self._loop = ManagerLoop(manager)
        self._actor_id = encode_actor_id(actor_id)
        self._converter = MessageConverter()

    def create_session(self, session: Session, **_: Any) -> Session:
        """Store a session."""
        self._write(session.session_id, Record(SESSION, session.session_id, session.to_dict()))
        return session

    def read_session(self, session_id: str, **_: Any) -> Session | None:
        """Return a session; None where it has not been created."""
        found = self._read(session_id, SESSION, session_id)
        return Session.from_dict(found[-1].record.data) if found else None

    def create_agent(self, session_id: str, session_agent: SessionAgent, **_: Any) -> None:
        """Store the state of an agent."""
        data = session_agent.to_dict()
        self._write(session_id, Record(AGENT, session_agent.agent_id, data))

    def read_agent(self, session_id: str, agent_id: str, **_: Any) -> SessionAgent | None:
        """Return the newest state of an agent; None without one."""
        found = self._read(session_id, AGENT, agent_id)
        return SessionAgent.from_dict(found[-1].record.data) if found else None

    def update_agent(self, session_id: str, session_agent: SessionAgent, **_: Any) -> None:
        """Store another state of an agent."""
        self.create_agent(session_id, session_agent)

    def create_message(
        self, session_id: str, agent_id: str, session_message: SessionMessage, **_: Any
    ) -> None:
        """Store a message of an agent."""
        message = session_message.to_message()
        record = Record(
            MESSAGE,
            agent_id,
            self._converter.to_data(message),
            session_message.message_id,
            message.get("tracking_id") or secrets.token_hex(16),
            (session_message.created_at, session_message.updated_at),
        )
        self._write(session_id, record)

    def read_message(
        self, session_id: str, agent_id: str, message_id: int, **_: Any
    ) -> SessionMessage | None:
        """Return a message of an agent; None where it has none of that number."""
        found = self._message(session_id, agent_id, message_id)
        return None if found is None else self._session_message(found.record)

    def update_message(
        self, session_id: str, agent_id: str, session_message: SessionMessage, **_: Any
    ) -> None:
        """
        Store a message in place of the one of its number, which is deleted, and copies of it.

        Raises:
            SessionException: There is none of that number.
        """
        found = self._message(session_id, agent_id, session_message.message_id)
        if found is None:
            message = f"agent {agent_id!r} has no message {session_message.message_id} to change"
            raise SessionException(message)
        self._loop.blocking(
            rewrite,
            self._session(session_id),
            self._converter,
            found.event_ids,
            found.record.key,
            session_message.to_message(),
        )

    def list_messages(
        self, session_id: str, agent_id: str, limit: int | None = None, offset: int = 0, **_: Any
    ) -> list[SessionMessage]:
        """Return the messages of an agent, oldest first, from that place on."""
        found = self._read(session_id, MESSAGE, agent_id)
        stop = None if limit is None else offset + limit
        return [self._session_message(each.record) for each in found[offset:stop]]

    def create_multi_agent(self, session_id: str, multi_agent: MultiAgentBase, **_: Any) -> None:
        """Store the state of a graph or swarm."""
        state = encode_bytes_values(multi_agent.serialize_state())
        self._write(session_id, Record(ORCHESTRATOR, multi_agent.id, state))

    def read_multi_agent(
        self, session_id: str, multi_agent_id: str, **_: Any
    ) -> dict[str, Any] | None:
        """Return the newest state of a graph or swarm; None without one."""
        found = self._read(session_id, ORCHESTRATOR, multi_agent_id)
        return cast("dict[str, Any]", decode_bytes_values(found[-1].record.data)) if found else None

    def update_multi_agent(self, session_id: str, multi_agent: MultiAgentBase, **_: Any) -> None:
        """Store another state of a graph or swarm."""
        self.create_multi_agent(session_id, multi_agent)

    def _session(self, session_id: str) -> AsyncMemorySession:
        return AsyncMemorySession(self._loop.manager, self._actor_id, encode_session_id(session_id))

    def _write(self, session_id: str, record: Record) -> None:
        said = texts([record], self._converter)
        self._loop.blocking(_add, self._session(session_id), record, said)

    def _read(self, session_id: str, kind: str, owner: str) -> list[Stored]:
        """Return the records of one owner, oldest first; of a message's versions the newest."""
        return self._loop.blocking(_stored, self._session(session_id), kind, owner)

    def _message(self, session_id: str, agent_id: str, message_id: int) -> Stored | None:
        found = self._read(session_id, MESSAGE, agent_id)
        return next((each for each in found if each.record.index == message_id), None)

    def _session_message(self, record: Record) -> SessionMessage:
        message = self._converter.to_message(record.data)
        return SessionMessage(message, record.index, None, *record.times)


async def _add(
    session: AsyncMemorySession, record: Record, said: Sequence[ConversationalMessage]
) -> None:
    for items in await to_events([record], said):
        await add_event(session, items)


async def _stored(session: AsyncMemorySession, kind: str, owner: str) -> list[Stored]:
    reader = Reader()
    found: list[Stored] = []
    known = set[tuple[str, int]]()
    async for event in session.iter_events():
        for stored in reversed(await reader.read(event)):
            record = stored.record
            version = (record.key, record.index)
            if (record.kind, record.owner) == (kind, owner) and version not in known:
                found.append(stored)
                if kind == MESSAGE:
                    known.add(version)
    return found[::-1]
