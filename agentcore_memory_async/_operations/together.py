"""Calls that are made at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from anyio import create_task_group

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

T = TypeVar("T")


async def run_together(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Return the results of all *calls*, in their order; raise the first error by itself."""
    if len(calls) == 1:
        return [await calls[0]()]
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


async def run_each(items: Iterable[T], action: Callable[[T], Awaitable[None]], most: int) -> None:
    """
    Run *action* for each item, *most* at once.

    After an error no more is begun; what is under way ends, and the first error is raised by
    itself.
    """
    errors: list[Exception] = []
    waiting = iter(items)

    async def work() -> None:
        for item in waiting:
            if errors:
                return
            try:
                await action(item)
            except Exception as error:  # noqa: BLE001 - raised below, as itself
                errors.append(error)

    async with create_task_group() as group:
        for _ in range(most):
            group.start_soon(work)
    if errors:
        raise errors[0]
