"""Memories of an account: ``memories``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.cli._command import Call, add
from agentcore_memory_async.cli._output import Column

if TYPE_CHECKING:
    from typer import Typer

    from agentcore_memory_async.models import MemorySummary

_COLUMNS: tuple[Column[MemorySummary], ...] = (
    Column("MEMORY", lambda memory: memory.memory_id, is_id=True),
    Column("STATUS", lambda memory: memory.status),
    Column("CREATED", lambda memory: memory.created_at),
    Column("UPDATED", lambda memory: memory.updated_at),
)
"""What is shown of a memory of a list."""


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(
        app,
        memories,
        examples=("agentcore-memory memories", "agentcore-memory memories --json | jq .memory_id"),
    )


async def memories(call: Call) -> None:
    """List the memories of the account in the region."""
    async with call.connection.control() as control:
        await call.output.stream(control.iter_memories(), _COLUMNS, "there are no memories here")
