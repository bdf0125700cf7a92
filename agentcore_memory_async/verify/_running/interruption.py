"""Work that signals may end, and what is done after it in any case."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals that end the work."""


async def work_then(
    work: Callable[[], Awaitable[None]],
    afterwards: Callable[[], Awaitable[None]],
    announce: Callable[[str], None],
) -> bool:
    """
    Do *work* until it ends or a signal comes, then *afterwards*, which a second signal ends.

    Returns:
        Whether a signal came.

    Raises:
        Exception: That of *afterwards*, else that of the work.
    """
    count = 0
    failures: list[Exception] = []
    working, both = anyio.CancelScope(), anyio.CancelScope()

    async def watch(signals: AsyncIterator[signal.Signals]) -> None:
        nonlocal count
        async for _ in signals:
            count += 1
            if count == 1:
                announce("interrupted: what was made is removed; again leaves it to --clean")
            (working if count == 1 else both).cancel()

    async def attempt(part: Callable[[], Awaitable[None]]) -> None:
        try:
            await part()
        except Exception as error:  # noqa: BLE001 - raised below, outside of the task group
            failures.append(error)

    with anyio.open_signal_receiver(*SIGNALS) as signals:
        async with anyio.create_task_group() as group:
            group.start_soon(watch, signals)
            with both:
                with working:
                    await attempt(work)
                await attempt(afterwards)
            group.cancel_scope.cancel()
    if failures:
        raise failures[-1]
    return count > 0
