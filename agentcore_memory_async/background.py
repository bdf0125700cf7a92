"""Background work: a server answers, and extracted records are handled later."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

import anyio
import anyio.abc

from agentcore_memory_async._wire import validation as check
from agentcore_memory_async.errors import AgentCoreMemoryError, ClosedError
from agentcore_memory_async.extraction import ExtractionPoller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from agentcore_memory_async.models import MemoryRecord

__all__ = ("BackgroundWork",)

_LOG = logging.getLogger("agentcore_memory_async")


class BackgroundWork:
    """
    Waits that go on while the caller does something else; ``background()`` of a manager makes it.

    Use it as ``async with``, where the application starts and stops, such as in the lifespan of a
    web server. Leaving the block, or closing the manager, cancels all waits at once.

    Args:
        check_open: Raises where the manager is not open.
        forget: Called when the block is left.
    """

    def __init__(
        self, check_open: Callable[[], None], forget: Callable[[BackgroundWork], None]
    ) -> None:
        self._check_open = check_open
        self._forget = forget
        self._tasks: anyio.abc.TaskGroup | None = None
        self._stack = AsyncExitStack()
        self._scopes: set[anyio.CancelScope] = set()
        self._idle = anyio.Event()
        self._cancelled = False

    def __repr__(self) -> str:
        state = "cancelled" if self._cancelled else "running" if self._tasks else "not started"
        return f"<BackgroundWork {state}, {len(self._scopes)} waiting>"

    def __len__(self) -> int:
        """Return the number of waits under way."""
        return len(self._scopes)

    async def __aenter__(self) -> Self:
        self._check_open()
        if self._tasks is not None or self._cancelled:
            message = "this background work was entered already; create a new one"
            raise ClosedError(message)
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()
        try:
            await self._stack.aclose()
        finally:
            self._forget(self)

    def cancel(self) -> None:
        """Cancel all waits; none can be added any more."""
        self._cancelled = True
        for scope in self._scopes:
            scope.cancel()

    async def join(self) -> None:
        """Wait until all waits have ended."""
        while self._scopes:
            self._idle = anyio.Event()
            await self._idle.wait()

    def wait(
        self,
        poller: ExtractionPoller,
        then: Callable[[list[MemoryRecord]], Awaitable[object]] | None = None,
        *,
        on_error: Callable[[AgentCoreMemoryError], Awaitable[object]] | None = None,
    ) -> None:
        """
        Wait for *poller* in the background, and call back when it is done.

        The poller may be awaited by others meanwhile and afterwards: they get the same list.

        Args:
            poller: Poller, best with ``since=event``: without it, the baseline is taken when the
                wait begins, which may be after the records came.
            then: Async function that is called with the new records.
            on_error: Async function that is called with the error if the wait ended with one, such
                as ``ExtractionTimeoutError``. Without it, a warning is logged.

        Raises:
            ClosedError: The block is not entered, or was left; or the manager is closed.
            InvalidInputError: An argument is invalid.
        """
        check.check_type("poller", poller, ExtractionPoller, "give an extraction_poller()")
        check.check_callable("then", then, "give an async function of a list, or None")
        check.check_callable("on_error", on_error, "give an async function of an error, or None")
        self._check_open()
        if self._tasks is None or self._cancelled:
            message = "this background work is not running; use 'async with' around the server"
            raise ClosedError(message)
        scope = anyio.CancelScope()
        self._scopes.add(scope)
        self._tasks.start_soon(self._run, scope, poller, then, on_error)

    async def _run(
        self,
        scope: anyio.CancelScope,
        poller: ExtractionPoller,
        then: Callable[[list[MemoryRecord]], Awaitable[object]] | None,
        on_error: Callable[[AgentCoreMemoryError], Awaitable[object]] | None,
    ) -> None:
        try:
            with scope:
                await self._finish(poller, then, on_error)
        except Exception as error:  # noqa: BLE001 - one wait must not end the others
            context = {"message": "a callback of BackgroundWork failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
        finally:
            self._scopes.discard(scope)
            if not self._scopes:
                self._idle.set()

    async def _finish(
        self,
        poller: ExtractionPoller,
        then: Callable[[list[MemoryRecord]], Awaitable[object]] | None,
        on_error: Callable[[AgentCoreMemoryError], Awaitable[object]] | None,
    ) -> None:
        try:
            records = await poller
        except AgentCoreMemoryError as error:
            if on_error is None:
                names = ", ".join(poller.namespaces)
                _LOG.warning("waiting under %s ended: %s", names, type(error).__name__)
            else:
                await on_error(error)
        except ClosedError:
            return  # the manager closed
        else:
            if then is not None:
                await then(records)
