"""Calls for many items at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from anyio import create_task_group

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

T = TypeVar("T")
R = TypeVar("R")


async def gather(
    call: Callable[[T], Awaitable[R]], items: Iterable[T], *, most: int = 10
) -> list[R]:
    """
    Return what *call* returns for each item, in their order; *most* calls are under way at once.

    After an error no more is begun; what is under way ends, and the first error is raised by
    itself.
    """
    found: dict[int, R] = {}
    errors: list[Exception] = []
    left = enumerate(items)

    async def work() -> None:
        for at, item in left:
            if errors:
                return
            try:
                found[at] = await call(item)
            except Exception as error:  # noqa: BLE001 - raised below, not as one of a group
                errors.append(error)

    async with create_task_group() as tasks:
        for _ in range(most):
            tasks.start_soon(work)
    if errors:
        raise errors[0]
    return [found[at] for at in range(len(found))]
