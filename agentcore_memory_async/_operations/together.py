"""Calls that are made at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from anyio import create_task_group

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")


async def run_together(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Return the results of all *calls*, in their order; raise the first error by itself."""
    results: dict[int, T] = {}

    async def run(at: int, call: Callable[[], Awaitable[T]]) -> None:
        results[at] = await call()

    failed: Exception | None = None
    try:
        async with create_task_group() as group:
            for at, call in enumerate(calls):
                group.start_soon(run, at, call)
    except ExceptionGroup as errors:
        failed = errors.exceptions[0]
    if failed is not None:  # outside of the handler: it keeps its own cause and context
        raise failed
    return [results[at] for at in range(len(calls))]
