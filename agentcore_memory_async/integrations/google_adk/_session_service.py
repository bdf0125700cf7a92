"""The session service of Google's Agent Development Kit."""

from __future__ import annotations

import logging
from secrets import token_bytes
from typing import TYPE_CHECKING, Any
from uuid import UUID

from google.adk.errors import StaleSessionError
from google.adk.errors.already_exists_error import AlreadyExistsError
from google.adk.errors.session_not_found_error import SessionNotFoundError
from google.adk.events import Event
from google.adk.platform.time import get_time
from google.adk.sessions import BaseSessionService, Session
from google.adk.sessions.base_session_service import GetSessionConfig, ListSessionsResponse
from pydantic_core import PydanticSerializationError, to_jsonable_python

from agentcore_memory_async.integrations._deletions import delete_session
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.integrations._recent import Recent
from agentcore_memory_async.integrations._together import gather
from agentcore_memory_async.integrations.google_adk import _log, _names
from agentcore_memory_async.integrations.google_adk._folding import (
    STATE_ONLY,
    Fold,
    Wanted,
    merged,
    scopes,
)
from agentcore_memory_async.integrations.google_adk._messages import messages_of
from agentcore_memory_async.session import AsyncMemorySession

if TYPE_CHECKING:
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import ConversationalMessage
    from agentcore_memory_async.sync import MemorySessionManager

__all__ = ("AgentCoreSessionService",)

_MARK = "agentcore:"
"""Start of the marks of sessions that were read or made here; the time of the newest value ends."""
_LOG = logging.getLogger(__name__)


class AgentCoreSessionService(BaseSessionService):
    """
    A session service of ADK; it works from any event loop and thread, as ``Runner.run`` needs it.

    A user of an app is an actor of the memory, and a session of ADK a session. Making a service
    sends nothing. Each event of ADK is one event of the memory, with what user and agents said as
    messages, from which the service extracts long-term records.

    Args:
        manager: An `AsyncMemorySessionManager` that is open while the service is used, or a
            `MemorySessionManager`, which opens by itself.

    Raises:
        InvalidInputError: *manager* is neither.
    """

    def __init__(self, manager: AsyncMemorySessionManager | MemorySessionManager) -> None:
        self._loop = ManagerLoop(manager)
        self._recent = Recent(lambda _: _log.Known())

    def __repr__(self) -> str:
        return f"<AgentCoreSessionService of memory {self._loop.manager.memory_id}>"

    async def create_session(
        self,
        *,
        app_name: str,
        user_id: str,
        state: dict[str, Any] | None = None,
        session_id: str | None = None,
    ) -> Session:
        """
        Make a session.

        Args:
            app_name: Name of the app.
            user_id: Id of the user.
            state: State at first; keys with ``app:`` and ``user:`` are of the app and of the user.
            session_id: Id, any string; a new one if omitted.

        Raises:
            AlreadyExistsError: There is a session with this id.
            InvalidInputError: The state is not JSON.

        AWS operations: ``ListEvents``, three at a time, and ``CreateEvent``; one more for the state
        of the app, and one for that of the user.
        """
        found_id = (session_id or "").strip() or str(UUID(bytes=token_bytes(16), version=4))
        return await self._loop.write(
            self._create, app_name, user_id, found_id, _state(state or {}), get_time()
        )

    async def get_session(
        self,
        *,
        app_name: str,
        user_id: str,
        session_id: str,
        config: GetSessionConfig | None = None,
    ) -> Session | None:
        """
        Return a session; None where there is none.

        Args:
            app_name: Name of the app.
            user_id: Id of the user.
            session_id: Id.
            config: Which of its events are wanted; all if omitted.

        AWS operation: ``ListEvents``: one page each for the session, the app and the user, at the
        same time; one more of the session for each 100 events that are wanted.
        """
        wanted = Wanted()
        if config is not None:
            wanted = Wanted(config.num_recent_events, config.after_timestamp)
        return await self._loop.read(self._get, app_name, user_id, session_id.strip(), wanted)

    async def list_sessions(
        self, *, app_name: str, user_id: str | None = None
    ) -> ListSessionsResponse:
        """
        Return the sessions of a user, or of all users of the app, without events.

        Args:
            app_name: Name of the app.
            user_id: Id of the user; all users if omitted.

        AWS operations: ``ListSessions``, and ``ListEvents`` for each session, ten at a time. For
        all users ``ListActors``, for all actors of the memory.
        """
        return await self._loop.read(self._list, app_name, user_id)

    async def delete_session(self, *, app_name: str, user_id: str, session_id: str) -> None:
        """
        Delete a session; the states of app and user, and long-term records, stay.

        Args:
            app_name: Name of the app.
            user_id: Id of the user.
            session_id: Id.

        Raises:
            AgentCoreMemoryError: Something is left; deleting again deletes the rest.

        AWS operations: ``ListEvents``, and ``DeleteEvent`` for each event.
        """
        await self._loop.write(self._delete, app_name, user_id, session_id.strip())

    async def get_user_state(self, *, app_name: str, user_id: str) -> dict[str, Any]:
        """
        Return the state of a user, by keys without ``user:``.

        Args:
            app_name: Name of the app.
            user_id: Id of the user.

        AWS operation: ``ListEvents``.
        """
        session = _names.user_state(self._loop.manager, app_name, user_id)
        return (await self._loop.read(self._read, session)).state

    async def append_event(self, session: Session, event: Event) -> Event:
        """
        Store an event, and add it to *session*.

        A caller that is cancelled waits until the outcome is known. Called again with the same
        event after an error, it stores nothing twice.

        Args:
            session: Session, as `create_session` or `get_session` returned it.
            event: Event; one that is partial is not stored.

        Raises:
            SessionNotFoundError: There is no such session.
            StaleSessionError: Another call has stored an event that *session* does not have: get
                it anew.
            InvalidInputError: The event is not JSON.

        AWS operation: ``CreateEvent``; one more for a change of the app's state, and one for that
        of the user's. Every 50 events ``ListEvents`` and ``CreateEvent`` for a snapshot.
        """
        if event.partial or any(old == event for old in session.events if old.id == event.id):
            return event
        self._apply_temp_state(session, event)
        event = self._trim_temp_delta_state(event)
        dumped = event.model_dump(mode="json", exclude_none=True)
        data: dict[str, Any] = to_jsonable_python(dumped, inf_nan_mode="null")
        stored_ms = await self._loop.write(self._append, session, data, messages_of(event))
        session._storage_update_marker = f"{_MARK}{stored_ms}"  # noqa: SLF001 - ADK's own
        session.last_update_time = event.timestamp
        return self._commit_event_to_session(session, event)

    async def _create(
        self, app_name: str, user_id: str, session_id: str, state: dict[str, Any], now: float
    ) -> Session:
        session, states = self._sessions(app_name, user_id, session_id)
        known = self._recent.of(session)
        app, user, own = scopes(state)
        async with known.lock:
            fold, of_app, of_user = await gather(self._read, [session, states.app, states.user])
            if fold.created is not None:
                message = f"Session with id {session_id} already exists."
                raise AlreadyExistsError(message)
            ids = {"app_name": app_name, "user_id": user_id, "session_id": session_id}
            first = await _log.steps(session, {"created": ids, "state": own, "time": now})
            known.newest_ms = await _log.store(await states.steps(app, user) + first)
            known.is_deleted, known.changes = False, 0
        await states.note_changes(app, user)
        shown = merged({**of_app.state, **app}, {**of_user.state, **user}, own)
        return _session(ids, shown, now, known.newest_ms)

    async def _get(
        self, app_name: str, user_id: str, session_id: str, wanted: Wanted
    ) -> Session | None:
        session, states = self._sessions(app_name, user_id, session_id)

        async def read(each: AsyncMemorySession) -> Fold:
            return await self._read(each, wanted if each is session else STATE_ONLY)

        fold, app, user = await gather(read, [session, states.app, states.user])
        return _shown(fold, app.state, user.state)

    async def _list(self, app_name: str, user_id: str | None) -> ListSessionsResponse:
        manager = self._loop.manager
        app = await self._read(_names.app_state(manager, app_name))
        if user_id is not None:
            actor_ids = [_names.user_actor_id(app_name, user_id)]
        else:
            listed = [actor.actor_id for actor in await manager.list_actors()]
            actor_ids = [each for each in listed if _names.may_be_user_of(each, app_name)]

        async def of_actor(actor_id: str) -> list[Session]:
            listed = await manager.list_actor_sessions(actor_id, has_events=True)
            folds = {
                one.session_id: AsyncMemorySession(manager, actor_id, one.session_id)
                for one in listed
            }
            found = dict(zip(folds, await gather(self._read, folds.values()), strict=True))
            user = found.pop(_names.STATE_SESSION_ID, None)
            shown = [_shown(fold, app.state, user.state if user else {}) for fold in found.values()]
            return [one for one in shown if one is not None and one.app_name == app_name]

        found = [one for of_one in await gather(of_actor, actor_ids) for one in of_one]
        found.sort(key=lambda one: (one.last_update_time, one.user_id, one.id))
        return ListSessionsResponse(sessions=found)

    async def _delete(self, app_name: str, user_id: str, session_id: str) -> None:
        session, _ = self._sessions(app_name, user_id, session_id)
        known = self._recent.of(session)
        async with known.lock:
            known.is_deleted, known.unfinished = True, None
            await delete_session(session)

    async def _append(
        self, given: Session, data: dict[str, Any], said: list[ConversationalMessage]
    ) -> int:
        session, states = self._sessions(given.app_name, given.user_id, given.id)
        known = self._recent.of(session)
        app, user, _ = scopes(data["actions"].get("state_delta", {}))
        async with known.lock:
            await self._check(given, session, known)
            if known.unfinished is None or known.unfinished[0] != data:
                own = await _log.steps(session, {"event": data}, said)
                known.unfinished = data, await states.steps(app, user) + own
            stored_ms = known.newest_ms = await _log.store(known.unfinished[1])
            known.unfinished = None
            await _log.note_change(session, known, _log.AT_ONCE)
        await states.note_changes(app, user)
        return stored_ms

    async def _check(self, given: Session, session: AsyncMemorySession, known: _log.Known) -> None:
        """Raise if a session is not there, or has an event that the given one does not have."""
        marker = given._storage_update_marker  # noqa: SLF001 - ADK's own, for its services
        if marker is not None and marker.startswith(_MARK):
            is_missing, is_stale = known.is_deleted, known.newest_ms > int(marker[len(_MARK) :])
        else:  # it was made by hand
            fold = await self._read(session)
            is_missing = fold.created is None
            is_stale = (fold.updated or 0.0) > given.last_update_time
        if is_missing:
            message = f"Session {given.id} not found."
            raise SessionNotFoundError(message)
        if is_stale:
            message = (
                "another call has stored an event that this session does not have; get the session "
                "anew"
            )
            raise StaleSessionError(message)

    def _sessions(
        self, app_name: str, user_id: str, session_id: str
    ) -> tuple[AsyncMemorySession, _log.States]:
        """Return the session of the memory that a session of ADK is, and the states beside it."""
        manager = self._loop.manager
        states = _log.States(manager, self._recent, app_name, user_id)
        return _names.conversation(manager, app_name, user_id, session_id), states

    async def _read(self, session: AsyncMemorySession, wanted: Wanted = STATE_ONLY) -> Fold:
        return await _log.read(session, self._recent.of(session), wanted)


def _state(given: dict[str, Any]) -> dict[str, Any]:
    """Return a state as JSON; what is none becomes text, as in ADK's own services."""
    try:
        plain: dict[str, Any] = to_jsonable_python(given)
    except PydanticSerializationError:
        plain = to_jsonable_python(given, serialize_unknown=True)
        _LOG.warning("a part of a state is not JSON, and is kept as its text")
    return plain


def _shown(fold: Fold, app: dict[str, Any], user: dict[str, Any]) -> Session | None:
    """Return a session as it was read; None where it was never made."""
    if fold.created is None:
        return None
    session = _session(
        fold.created, merged(app, user, fold.state), fold.updated or 0.0, fold.newest_ms
    )
    session.events = [Event.model_validate(event) for event in reversed(fold.events)]
    return session


def _session(ids: dict[str, Any], state: dict[str, Any], updated: float, newest_ms: int) -> Session:
    session = Session(
        id=ids["session_id"],
        app_name=ids["app_name"],
        user_id=ids["user_id"],
        state=state,
        last_update_time=updated,
    )
    session._storage_update_marker = f"{_MARK}{newest_ms}"  # noqa: SLF001 - as above
    return session
