"""Blocking work in a thread of an executor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from anyio import CancelScope

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

T = TypeVar("T")


async def run_in_thread(
    function: Callable[..., T], *args: object, executor: Executor | None = None
) -> T:
    """
    Run *function* in a thread and return its result; a cancellation waits for the thread.

    Without an *executor* the thread is one of the loop's own executor.

    Not by ``anyio.to_thread``: its threads end with a callback of the task that the loop runs. A
    loop that nest_asyncio patched stops before that callback, and the process would never exit.
    """
    future = asyncio.get_running_loop().run_in_executor(executor, function, *args)
    with CancelScope(shield=True):
        await asyncio.wait([future])
    return future.result()


async def run_apart(function: Callable[..., T], *args: object, large: bool) -> T:
    """Run *function* in a thread where its data is *large*, else at once."""
    return await run_in_thread(function, *args) if large else function(*args)
