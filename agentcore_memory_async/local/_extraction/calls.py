"""
Calls of the extractor.

Few calls begin at a time, so that short ones do not compete for the processor. A call that takes
long, as one of a model does, no longer counts: no session waits for another's.
"""

from __future__ import annotations

import asyncio
import inspect
from asyncio import CancelledError
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Self

import anyio

from agentcore_memory_async._threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from agentcore_memory_async.local._extraction.consolidation import Result
    from agentcore_memory_async.local.extractor import Consolidator, Extractor


_SHORT_CALLS = 2
"""Calls that have just begun, at a time."""
_SHORT_S = 0.1
"""Seconds after which a call no longer counts as one of them."""
_THREADS = 64
"""Threads for an extractor that is a plain function."""


class ExtractorCalls:
    """
    Calls an extractor, while it is entered as a context manager.

    Args:
        extractor: Makes the contents of records out of messages.
    """

    _short: anyio.CapacityLimiter

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        self._short = anyio.CapacityLimiter(_SHORT_CALLS)
        self._threads = ThreadPoolExecutor(_THREADS, "agentcore-local-extractor")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)

    async def run(self, results: Sequence[Result]) -> None:
        """Run the extractor for requests of one session, and keep what it returns or raises."""
        if not results:
            return
        if inspect.iscoroutinefunction(self._extractor.extract):
            await self._run_in_turn(partial(self._run_coroutines, self._extract, results))
        else:
            await self._run_in_turn(
                partial(run_in_thread, self._run_function, results, executor=self._threads)
            )

    async def consolidate(self, consolidator: Consolidator, results: Sequence[Result]) -> None:
        """Let *consolidator* decide what is written of *results*, which have similar records."""

        async def consolidate(result: Result) -> None:
            result.take_changes(await consolidator.consolidate(result.consolidation_request()))

        if results:
            await self._run_in_turn(partial(self._run_coroutines, consolidate, results))

    async def _run_in_turn(self, call: Callable[[], Awaitable[None]]) -> None:
        ended = anyio.Event()

        async def run() -> None:
            try:
                await call()
            finally:
                ended.set()

        async with anyio.create_task_group() as group, self._short:
            group.start_soon(run)
            with anyio.move_on_after(_SHORT_S):
                await ended.wait()

    async def _run_coroutines(
        self, call: Callable[[Result], Awaitable[None]], results: Sequence[Result]
    ) -> None:
        async with anyio.create_task_group() as group:
            for result in results:
                group.start_soon(self._run_coroutine, call, result)

    async def _extract(self, result: Result) -> None:
        answer = self._extractor.extract(result.request)
        result.take(await answer if inspect.isawaitable(answer) else answer)

    async def _run_coroutine(
        self, call: Callable[[Result], Awaitable[None]], result: Result
    ) -> None:
        try:
            await call(result)
        except CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled this call: something that the extractor waits for was.
            result.fail(error)
        except Exception as error:  # noqa: BLE001 - a user's extractor may raise anything
            result.fail(error)

    def _run_function(self, results: Sequence[Result]) -> None:
        for result in results:
            try:
                answer = self._extractor.extract(result.request)
                if inspect.isawaitable(answer):
                    message = "extract() returned an awaitable: declare it with async def"
                    raise TypeError(message)
                result.take(answer)
            except (Exception, CancelledError) as error:  # noqa: BLE001 - a user's may raise anything
                result.fail(error)
