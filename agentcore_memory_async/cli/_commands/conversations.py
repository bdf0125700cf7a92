"""Conversations of a memory: ``actors``, ``sessions``, ``turns`` and ``events``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from agentcore_memory_async.cli._command import Call, add
from agentcore_memory_async.cli._output import Column, as_json

if TYPE_CHECKING:
    from typer import Typer

    from agentcore_memory_async.models import ActorSummary, Event, SessionSummary, Turn

_ACTOR: tuple[Column[ActorSummary], ...] = (
    Column("ACTOR", lambda actor: actor.actor_id, is_id=True),
)
"""What is shown of an actor."""
_SESSION: tuple[Column[SessionSummary], ...] = (
    Column("SESSION", lambda session: session.session_id, is_id=True),
    Column("CREATED", lambda session: session.created_at, is_id=True),
)
"""What is shown of a session."""
_TURN: tuple[Column[Turn], ...] = (
    Column("TIME", lambda turn: turn.timestamp, is_id=True),
    Column("ROLE", lambda turn: turn.role, is_id=True),
    Column("TEXT", lambda turn: turn.text),
)
"""What is shown of a message."""
_EVENT: tuple[Column[Event], ...] = (
    Column("TIME", lambda event: event.timestamp, is_id=True),
    Column("EVENT", lambda event: event.event_id, is_id=True),
    Column("BRANCH", lambda event: event.branch.name if event.branch else "main"),
    Column("METADATA", lambda event: event.metadata),
    Column("CONTENT", lambda event: content_of(event)),
)
"""What is shown of an event."""
Actor = Annotated[str, Argument(metavar="ACTOR", help="Actor id.")]
"""An actor, as an argument."""
Session = Annotated[str, Argument(metavar="SESSION", help="Session id.")]
"""A session of it, as an argument."""


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(app, actors, examples=("agentcore-memory actors -m chat-a1B2c3D4e5",))
    add(app, sessions, examples=("agentcore-memory sessions user123",))
    add(
        app,
        turns,
        examples=(
            "agentcore-memory turns user123 chat001 -k 20",
            "agentcore-memory turns user123 chat001 --json | jq -r .text",
        ),
    )
    add(
        app,
        events,
        examples=(
            "agentcore-memory events user123 chat001 | head",
            "agentcore-memory events user123 chat001 --branch retry --json",
        ),
    )


async def actors(call: Call) -> None:
    """List the actors that the memory has events of."""
    async with call.connection.manager() as manager:
        await call.output.stream(manager.iter_actors(), _ACTOR, "the memory has no actors")


async def sessions(call: Call, actor: Actor) -> None:
    """List the sessions of an actor."""
    async with call.connection.manager(allow_hierarchical_actor_ids=True) as manager:
        found = manager.iter_actor_sessions(actor)
        await call.output.stream(found, _SESSION, "the actor has no sessions")


async def turns(
    call: Call,
    actor: Actor,
    session: Session,
    k: Annotated[int, Option("-k", metavar="N", min=1, help="Number of messages.")] = 10,
    branch: Annotated[
        str | None,
        Option(metavar="NAME", help="Branch, with what it forks from; the main one if omitted."),
    ] = None,
) -> None:
    """Show the newest messages of a conversation, oldest first."""
    async with call.connection.manager(allow_hierarchical_actor_ids=True) as manager:
        opened = await manager.create_memory_session(actor, session, verify=False)
        found = await opened.get_last_k_turns(k, branch=branch)
        call.output.show(found, _TURN, "the session has no messages")


async def events(
    call: Call,
    actor: Actor,
    session: Session,
    branch: Annotated[str | None, Option(metavar="NAME", help="Branch; else the main one.")] = None,
    parents: Annotated[
        bool, Option("--parents", metavar="", help="Also what the branch forks from.")
    ] = False,
) -> None:
    """Show the events of a conversation, of all kinds, newest first."""
    async with call.connection.manager(allow_hierarchical_actor_ids=True) as manager:
        opened = await manager.create_memory_session(actor, session, verify=False)
        found = opened.iter_events(branch=branch, include_parent_branches=parents)
        await call.output.stream(found, _EVENT, "the session has no events")


def content_of(event: Event) -> str:
    """Return the content of an event for people: its messages, a line each, and its data."""
    lines = [f"{message.role.value}: {message.text}" for message in event.messages]
    if event.payload is not None:
        lines.append(as_json(event.payload))
    return "\n".join(lines)
