"""Blocking work in a thread of an executor."""

from __future__ import annotations

import asyncio
import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from anyio import CancelScope

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
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


class _Collector:
    """
    The garbage collector, which rests while a thread makes large data.

    A full collection visits every object of the process and holds the interpreter meanwhile, for
    0.2 s where there are a million. Making large data causes several, and finds no garbage.
    """

    def __init__(self) -> None:
        self._rests = False

    @contextmanager
    def resting(self) -> Generator[None]:
        """Let it rest in the block, unless somebody turned it off before."""
        if not gc.isenabled():
            yield
            return
        self._rests = True
        gc.disable()
        try:
            yield
        finally:
            self.resume()

    def resume(self) -> None:
        """Turn it on again, if it rests."""
        if self._rests:
            self._rests = False
            gc.enable()


_collector = _Collector()
if hasattr(os, "register_at_fork"):  # not on Windows
    # The thread that lets it rest does not exist in a child.
    os.register_at_fork(after_in_child=_collector.resume)


async def run_apart(function: Callable[..., T], *args: object, large: bool) -> T:
    """Run *function* in a thread where its data is *large*, else at once."""
    return await run_in_thread(_with_large_data, function, *args) if large else function(*args)


def _with_large_data(function: Callable[..., T], *args: object) -> T:
    with _collector.resting():
        return function(*args)
