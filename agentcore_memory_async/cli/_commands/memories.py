"""Memories of an account: ``memories`` and ``create``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from agentcore_memory_async.cli._command import Call, add
from agentcore_memory_async.cli._exit_codes import WRONG_USAGE, CommandError
from agentcore_memory_async.cli._output import Column

if TYPE_CHECKING:
    from typer import Typer

    from agentcore_memory_async.models import Memory, MemoryStrategy, MemorySummary
    from agentcore_memory_async.strategies import NewStrategy

_COLUMNS: tuple[Column[MemorySummary], ...] = (
    Column("MEMORY", lambda memory: memory.memory_id, is_id=True),
    Column("STATUS", lambda memory: memory.status),
    Column("CREATED", lambda memory: memory.created_at),
    Column("UPDATED", lambda memory: memory.updated_at),
)
"""What is shown of a memory of a list."""
_MEMORY: tuple[Column[Memory], ...] = (
    Column("memory", lambda memory: memory.memory_id),
    Column("name", lambda memory: memory.name),
    Column("status", lambda memory: memory.status),
    Column("strategies", lambda memory: ", ".join(map(_strategy_text, memory.strategies))),
    Column("events kept", lambda memory: f"{memory.event_expiry_days} days"),
    Column("arn", lambda memory: memory.arn),
)
"""What is shown of a new memory."""
KINDS = ("semantic", "preference", "summary", "episodic")
"""Kinds of strategies that can be created by name alone."""
_STRATEGY = re.compile(r"(?P<kind>[a-z]+)(?::(?P<name>[^=]*))?(?:=(?P<template>.*))?")
"""A strategy as an argument: ``KIND``, ``KIND:NAME`` or ``KIND:NAME=TEMPLATE``."""


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(
        app,
        memories,
        examples=("agentcore-memory memories", "agentcore-memory memories --json | jq .memory_id"),
    )
    add(
        app,
        create,
        examples=(
            "agentcore-memory create chat --strategy semantic:facts=/facts/{actorId}/",
            "agentcore-memory create notes --strategy semantic --strategy preference --no-wait",
        ),
    )


async def memories(call: Call) -> None:
    """List the memories of the account in the region."""
    async with call.connection.control() as control:
        await call.output.stream(control.iter_memories(), _COLUMNS, "there are no memories here")


async def create(
    call: Call,
    name: Annotated[str, Argument(metavar="NAME", help="Letter, then letters, digits and _.")],
    strategy: Annotated[
        list[str] | None,
        Option(
            metavar="STRATEGY",
            help="What is extracted, and where it is filed: KIND, KIND:NAME or KIND:NAME=TEMPLATE, "
            f"of {', '.join(KINDS)}. May be repeated; without any it keeps events only.",
        ),
    ] = None,
    expiry_days: Annotated[int, Option(metavar="N", help="Days for which events are kept.")] = 90,
    description: Annotated[str | None, Option(metavar="TEXT", help="Description.")] = None,
    wait: Annotated[
        bool, Option(metavar="", help="Wait until it is active: minutes on AWS.")
    ] = True,
    wait_seconds: Annotated[float, Option(metavar="S", help="Longest wait.")] = 300.0,
) -> None:
    """Create a memory, and wait until it is active."""
    strategies = [parse_strategy(each) for each in strategy or ()]
    async with call.connection.control() as control:
        memory = await control.create_memory(
            name,
            strategies=strategies,
            event_expiry_days=expiry_days,
            description=description,
            wait=False,
        )
        if wait:
            call.output.note(f"memory {memory.memory_id} is {memory.status}")
            waiting = control.wait_until_active(memory, timeout=wait_seconds)
            with call.output.progress(f"{memory.memory_id} {memory.status}") as update:
                async for seen in waiting:
                    ready = sum(each.status == "ACTIVE" for each in seen.strategies)
                    update(f"{seen.memory_id} {seen.status}", ready, len(seen.strategies))
            memory = await waiting
        call.output.details(memory, _MEMORY)


def parse_strategy(text: str) -> NewStrategy:
    """
    Return the strategy that an argument describes.

    Raises:
        CommandError: It has another form.
    """
    from agentcore_memory_async import strategies

    classes = {
        "semantic": strategies.SemanticStrategy,
        "preference": strategies.UserPreferenceStrategy,
        "summary": strategies.SummaryStrategy,
        "episodic": strategies.EpisodicStrategy,
    }
    found = _STRATEGY.fullmatch(text)
    if found is None or found["kind"] not in classes:
        message = (
            f"--strategy {text!r} is not KIND, KIND:NAME or KIND:NAME=TEMPLATE with KIND one of "
            f"{', '.join(KINDS)}"
        )
        raise CommandError(message, WRONG_USAGE)
    return classes[found["kind"]](found["name"] or found["kind"], found["template"] or None)


def _strategy_text(strategy: MemoryStrategy) -> str:
    return f"{strategy.name} ({strategy.type}) at {', '.join(strategy.namespaces)}"
