"""Conversations of a memory: ``actors`` and ``turns``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from agentcore_memory_async.cli._command import Call, add
from agentcore_memory_async.cli._output import Column

if TYPE_CHECKING:
    from typer import Typer

    from agentcore_memory_async.models import ActorSummary, Turn

_ACTOR: tuple[Column[ActorSummary], ...] = (
    Column("ACTOR", lambda actor: actor.actor_id, is_id=True),
)
"""What is shown of an actor."""
_TURN: tuple[Column[Turn], ...] = (
    Column("TIME", lambda turn: turn.timestamp, is_id=True),
    Column("ROLE", lambda turn: turn.role, is_id=True),
    Column("TEXT", lambda turn: turn.text),
)
"""What is shown of a message."""


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(app, actors, examples=("agentcore-memory actors -m chat-a1B2c3D4e5",))
    add(
        app,
        turns,
        examples=(
            "agentcore-memory turns user123 chat001 -k 20",
            "agentcore-memory turns user123 chat001 --json | jq -r .text",
        ),
    )


async def actors(call: Call) -> None:
    """List the actors that the memory has events of."""
    async with call.connection.manager() as manager:
        await call.output.stream(manager.iter_actors(), _ACTOR, "the memory has no actors")


async def turns(
    call: Call,
    actor: Annotated[str, Argument(metavar="ACTOR", help="Actor id.")],
    session: Annotated[str, Argument(metavar="SESSION", help="Session id.")],
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
