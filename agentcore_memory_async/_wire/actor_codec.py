"""Actors and their sessions from the wire's JSON: pure, no await."""

from __future__ import annotations

from attrs import evolve

from agentcore_memory_async._wire.reading import (
    Body,
    ItemKind,
    OnUnreadable,
    id_of,
    read_each,
    read_page,
    text_of,
    time_of,
)
from agentcore_memory_async.models import ActorSummary, SessionSummary


def _read_actor(body: Body) -> ActorSummary:
    return ActorSummary(id_of(body, "actorId"))


def _read_session(body: Body) -> SessionSummary:
    return SessionSummary(
        session_id=id_of(body, "sessionId"),
        actor_id=text_of(body, "actorId") or "",
        created_at=time_of(body, "createdAt"),
    )


def read_actors(body: Body, unreadable: OnUnreadable) -> list[ActorSummary]:
    """Return a page of ListActors."""
    operation = "ListActors"
    return read_each(operation, read_page(operation, body, "actorSummaries"), _ACTOR, unreadable)


def read_sessions(body: Body, unreadable: OnUnreadable, actor_id: str) -> list[SessionSummary]:
    """Return a page of ListSessions; those that name no actor are of the one asked for."""
    operation = "ListSessions"
    items = read_page(operation, body, "sessionSummaries")
    sessions = read_each(operation, items, _SESSION, unreadable)
    return [evolve(each, actor_id=each.actor_id or actor_id) for each in sessions]


_ACTOR = ItemKind("actor", "actorId", _read_actor)
"""Actors in lists."""
_SESSION = ItemKind("session", "sessionId", _read_session)
"""Sessions in lists."""
