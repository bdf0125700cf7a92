"""The memory service of Google's Agent Development Kit."""

from __future__ import annotations

from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from google.adk.memory import BaseMemoryService
from google.adk.memory.base_memory_service import SearchMemoryResponse
from google.adk.memory.memory_entry import MemoryEntry
from google.genai import types

from agentcore_memory_async import AsyncActor
from agentcore_memory_async.errors import InvalidInputError, NotFoundError
from agentcore_memory_async.integrations._by_id import find_record
from agentcore_memory_async.integrations._documents import Reader
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.integrations._recent import Recent
from agentcore_memory_async.integrations.google_adk import _log, _names
from agentcore_memory_async.integrations.google_adk._messages import messages_of, text_of
from agentcore_memory_async.models import NewMemoryRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.adk.events import Event
    from google.adk.sessions import Session

    from agentcore_memory_async import RetrievalConfig
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import MemoryRecord
    from agentcore_memory_async.session import AsyncMemorySession
    from agentcore_memory_async.sync import MemorySessionManager

__all__ = ("AgentCoreMemoryService",)

_MOST_MEMORIES = 10
"""Memories that a search returns, as in ADK's own services."""


class AgentCoreMemoryService(BaseMemoryService):
    """
    A memory service of ADK: the long-term records of a user of an app.

    It works from any event loop and thread, and making one sends nothing.

    Args:
        manager: An `AsyncMemorySessionManager` that is open while the service is used, or a
            `MemorySessionManager`, which opens by itself.
        retrieval_config: Templates of namespaces, and how each is searched, as in
            ``retrieve_context``; those that the manager knows if omitted.
        namespace: Template of the namespace to which ``add_memory`` adds, such as
            ``/facts/{actorId}/``; without one it raises `NotImplementedError`.

    Raises:
        InvalidInputError: *manager* is neither.
    """

    def __init__(
        self,
        manager: AsyncMemorySessionManager | MemorySessionManager,
        *,
        retrieval_config: Mapping[str, RetrievalConfig] | None = None,
        namespace: str | None = None,
    ) -> None:
        self._loop = ManagerLoop(manager)
        self._recent = Recent(lambda _: _log.Known())
        self._retrieval_config = retrieval_config
        self._namespace = namespace

    def __repr__(self) -> str:
        return f"<AgentCoreMemoryService of memory {self._loop.manager.memory_id}>"

    async def add_session_to_memory(self, session: Session) -> None:
        """
        Let the service extract records from a session; it may be added again as it grows.

        What is there already, since `AgentCoreSessionService` stored it in this memory or since it
        was added before, is not stored again.

        Args:
            session: Session.

        AWS operations: ``ListEvents``, and ``CreateEvent`` if anything is new.
        """
        await self.add_events_to_memory(
            app_name=session.app_name,
            user_id=session.user_id,
            events=session.events,
            session_id=session.id,
        )

    async def add_events_to_memory(
        self,
        *,
        app_name: str,
        user_id: str,
        events: Sequence[Event],
        session_id: str | None = None,
        custom_metadata: Mapping[str, object] | None = None,
    ) -> None:
        """
        Let the service extract records from events.

        Args:
            app_name: Name of the app.
            user_id: Id of the user.
            events: Events; those without text are left out.
            session_id: Session that they are of, if any.
            custom_metadata: Not used.

        AWS operations: As for ``add_session_to_memory``.
        """
        del custom_metadata
        said = {event.id: event for event in events if text_of(event)}
        if said:
            await self._loop.write(self._add, app_name, user_id, session_id, said)

    async def add_memory(
        self,
        *,
        app_name: str,
        user_id: str,
        memories: Sequence[MemoryEntry],
        custom_metadata: Mapping[str, object] | None = None,
    ) -> None:
        """
        Add records as they are, without extraction. It may take a minute until they are found.

        Args:
            app_name: Name of the app.
            user_id: Id of the user.
            memories: Memories; their text is kept, at most 16,000 characters each.
            custom_metadata: Not used.

        Raises:
            NotImplementedError: The service was made without a ``namespace``.
            BatchError: Some were refused, or may have been stored.

        AWS operation: ``BatchCreateMemoryRecords``.
        """
        if self._namespace is None:
            await super().add_memory(
                app_name=app_name,
                user_id=user_id,
                memories=memories,
                custom_metadata=custom_metadata,
            )
            return
        actor = self._actor(app_name, user_id)
        namespace = self._namespace.replace("{actorId}", actor.actor_id)
        records = [
            NewMemoryRecord(namespace=namespace, content=_text(memory), timestamp=datetime.now(UTC))
            for memory in memories
            if _text(memory)
        ]
        if records:
            await self._loop.write(
                actor.batch_create_memory_records, records, raise_on_failure=True
            )

    async def search_memory(
        self, *, app_name: str, user_id: str, query: str
    ) -> SearchMemoryResponse:
        """
        Return the records of a user that match a query, best first, at most 10.

        Args:
            app_name: Name of the app.
            user_id: Id of the user.
            query: What to search for.

        AWS operation: ``RetrieveMemoryRecords``, for each namespace.
        """
        if not query.strip():
            return SearchMemoryResponse()
        found = await self._loop.read(
            self._actor(app_name, user_id).retrieve_context, query, self._retrieval_config
        )
        return SearchMemoryResponse(memories=[_entry(record) for record in found[:_MOST_MEMORIES]])

    async def delete_memory(
        self, *, app_name: str, user_id: str, memory_id: str | None = None
    ) -> None:
        """
        Delete a record of the user; one of another user, or that is not there, is left.

        Args:
            app_name: Name of the app.
            user_id: Id of the user.
            memory_id: Id, as `MemoryEntry` has it.

        AWS operations: ``GetMemoryRecord`` and ``DeleteMemoryRecord``.
        """
        if memory_id:
            await self._loop.write(self._delete, self._actor(app_name, user_id), memory_id)

    def _actor(self, app_name: str, user_id: str) -> AsyncActor:
        return AsyncActor(self._loop.manager, _names.user_actor_id(app_name, user_id))

    async def _add(
        self, app_name: str, user_id: str, session_id: str | None, said: dict[str, Event]
    ) -> None:
        session = _names.conversation(self._loop.manager, app_name, user_id, session_id)
        known = self._recent.of(session)
        async with known.lock:
            old = await _stored(session, said)
            new = [event for event_id, event in said.items() if event_id not in old]
            if new:
                value = {"remembered": [event.id for event in new]}
                messages = [message for event in new for message in messages_of(event)]
                await _log.store(await _log.steps(session, value, messages))

    async def _delete(self, actor: AsyncActor, memory_id: str) -> None:
        record = await find_record(actor, memory_id, self._namespaces(actor))
        if record is not None and actor.actor_id in record.namespace.split("/"):
            with suppress(NotFoundError):  # it was there, and somebody else has deleted it
                await actor.delete_memory_record(memory_id, namespace=record.namespace)

    def _namespaces(self, actor: AsyncActor) -> list[str]:
        """Return the namespaces that a record of the user may be in, as far as they are known."""
        templates = list(self._retrieval_config or [])
        if self._retrieval_config is None:
            with suppress(InvalidInputError):  # the manager knows none, or one of a session
                templates = list(actor.namespaces.values())
        added = [] if self._namespace is None else [self._namespace]
        return list(dict.fromkeys([*added, *templates]))


async def _stored(session: AsyncMemorySession, wanted: Mapping[str, Any]) -> set[str]:
    """Return which events of ADK a session has; it is read no further than these need."""
    reader, missing, found = Reader(_log.FORMAT), set(wanted), set[str]()
    async with aclosing(session.iter_events()) as events:
        async for event in events:
            document = await reader.read(event)
            value: dict[str, Any] = {} if document is None else document.value
            if "event" in value:
                found.add(value["event"]["id"])
            found.update(value.get("remembered", ()))
            if missing <= found:
                break
    return found


def _text(memory: MemoryEntry) -> str:
    return "\n".join(part.text for part in memory.content.parts or [] if part.text)


def _entry(record: MemoryRecord) -> MemoryEntry:
    return MemoryEntry(
        id=record.memory_record_id,
        content=types.Content(role="user", parts=[types.Part(text=record.text)]),
        timestamp=record.created_at.isoformat(),
        custom_metadata={"namespace": record.namespace, "score": record.score},
    )
