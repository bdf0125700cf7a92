"""Calls for many items at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from anyio import create_task_group

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

T = TypeVar("T")
R = TypeVar("R")

_MOST = 10
"""Calls under way at once."""


async def gather(call: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
    """
    Return what *call* returns for each item, in their order.

    After an error no more is begun; what is under way ends, and the first error is raised.
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
        for _ in range(_MOST):
            tasks.start_soon(work)
    if errors:
        raise errors[0]
    return [found[at] for at in range(len(found))]
