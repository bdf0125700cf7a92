"""Long-term records: ``records`` and ``search``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from agentcore_memory_async.cli._command import Call, add
from agentcore_memory_async.cli._output import Column

if TYPE_CHECKING:
    from typer import Typer

    from agentcore_memory_async.models import MemoryRecord

_RECORD: tuple[Column[MemoryRecord], ...] = (
    Column("CREATED", lambda record: record.created_at, is_id=True),
    Column("RECORD", lambda record: record.memory_record_id, is_id=True),
    Column("NAMESPACE", lambda record: record.namespace),
    Column("TEXT", lambda record: record.text),
)
"""What is shown of a record."""
_FOUND: tuple[Column[MemoryRecord], ...] = (
    Column("SCORE", lambda record: f"{record.score or 0:.3f}", is_id=True),
    *_RECORD[1:],
)
"""What is shown of a record that was found."""
Prefix = Annotated[
    str, Argument(metavar="PREFIX", help="Path such as /facts/user123/; / is everybody's.")
]
"""A prefix of namespaces, as an argument."""
Strategy = Annotated[
    str | None, Option(metavar="ID", help="Only the records of the strategy of this id.")
]
"""A strategy, as an option."""


def register(app: Typer) -> None:
    """Add the commands to *app*."""
    add(
        app,
        records,
        examples=(
            "agentcore-memory records /facts/user123/",
            "agentcore-memory records / --json | jq -r .namespace | sort | uniq -c",
        ),
    )
    add(
        app,
        search,
        examples=("agentcore-memory search 'which seat?' /facts/user123/ -k 3",),
    )


async def records(call: Call, prefix: Prefix, strategy: Strategy = None) -> None:
    """List the long-term records at and below a prefix."""
    async with call.connection.manager() as manager:
        found = manager.iter_long_term_memory_records(prefix, memory_strategy_id=strategy)
        await call.output.stream(found, _RECORD, f"there are no records below {prefix}")


async def search(
    call: Call,
    query: Annotated[str, Argument(metavar="QUERY", help="What to search for.")],
    prefix: Prefix,
    k: Annotated[int, Option("-k", metavar="N", min=1, max=100, help="Number of records.")] = 5,
    min_score: Annotated[float | None, Option(metavar="X", help="Least score.")] = None,
    strategy: Strategy = None,
) -> None:
    """Search the long-term records below a prefix by meaning, best first."""
    async with call.connection.manager() as manager:
        found = await manager.search_long_term_memories(
            query, prefix, k, min_score=min_score, memory_strategy_id=strategy
        )
        call.output.show(found, _FOUND, f"nothing was found below {prefix}")
