"""Blocking work in a thread of an executor."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from anyio import CancelScope

from agentcore_memory_async._collector import RestingCollector

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


QUICK_S = 0.001
"""Time after which a thread with large data hands the interpreter on, in seconds; 0.005 else."""


class _Interpreter:
    """
    The interpreter, which other threads get sooner while a thread works on large data.

    A full collection of garbage visits every object of the process and holds the interpreter
    meanwhile, for 0.2 s where there are a million. Making large data causes several, and finds no
    garbage: the collector rests.
    """

    def __init__(self) -> None:
        self._collector = RestingCollector()
        self._interval_s: float | None = None

    @contextmanager
    def shared(self) -> Generator[None]:
        """Hand it on sooner in the block; what the program chose for itself is left as it is."""
        self._collector.rest()
        if sys.getswitchinterval() > QUICK_S:
            self._interval_s = sys.getswitchinterval()
            sys.setswitchinterval(QUICK_S)
        try:
            yield
        finally:
            self.resume()

    def resume(self) -> None:
        """Make it as it was, if it is shared."""
        self._collector.resume()
        if self._interval_s is not None:
            sys.setswitchinterval(self._interval_s)
            self._interval_s = None


_interpreter = _Interpreter()


if hasattr(os, "register_at_fork"):  # not on Windows
    # The thread that shares it does not exist in a child.
    os.register_at_fork(after_in_child=_interpreter.resume)


async def run_apart(function: Callable[..., T], *args: object, large: bool) -> T:
    """Run *function* in a thread where its data is *large*, else at once."""
    return await run_in_thread(_with_large_data, function, *args) if large else function(*args)


def _with_large_data(function: Callable[..., T], *args: object) -> T:
    with _interpreter.shared():
        return function(*args)
