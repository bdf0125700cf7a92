"""Background work, without ``await``."""

from __future__ import annotations

import asyncio
import inspect
from contextvars import copy_context
from typing import TYPE_CHECKING, Final, TypeVar

from anyio import move_on_after

from agentcore_memory_async._blocking.entered import BlockingContext
from agentcore_memory_async._blocking.poller import BlockingExtractionPoller
from agentcore_memory_async._sync.derive import blocking, immediate
from agentcore_memory_async._sync.loop_thread import CLEANUP_TIMEOUT_S
from agentcore_memory_async._sync.twins import make_blocking
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async.background import BackgroundWork

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agentcore_memory_async.errors import AgentCoreMemoryError
    from agentcore_memory_async.models import MemoryRecord

T = TypeVar("T")


class BlockingBackgroundWork(BlockingContext[BackgroundWork]):
    """
    Waits that go on while the caller does something else; ``background()`` of a manager makes it.

    Use it as ``with``, around the server. Leaving the block, or closing the manager, cancels all
    waits at once; a function that is being called back then is waited for, up to 5 s.
    """

    cancel: Final = immediate(BackgroundWork.cancel)
    join: Final = blocking(BackgroundWork.join)

    def __len__(self) -> int:
        """Return the number of waits under way."""
        return len(self._inner)

    def wait(
        self,
        poller: BlockingExtractionPoller,
        then: Callable[[list[MemoryRecord]], object] | None = None,
        *,
        on_error: Callable[[AgentCoreMemoryError], object] | None = None,
    ) -> None:
        """
        Wait for *poller* in the background, and call back when it is done.

        It returns at once. The functions are called in another thread, where they may use the
        facade.

        Args:
            poller: Poller, best with ``since=event``: without it, the baseline is taken when the
                wait begins, which may be after the records came.
            then: Function that is called with the new records.
            on_error: Function that is called with the error if the wait ended with one, such as
                ``ExtractionTimeoutError``. Without it, a warning is logged.

        Raises:
            ClosedError: The block is not entered, or was left; or the manager is closed.
            InvalidInputError: An argument is invalid.
        """
        check.check_type(
            "poller", poller, BlockingExtractionPoller, "give an extraction_poller() of the facade"
        )
        call = self._backing.call

        def blocks(error: AgentCoreMemoryError) -> object:
            make_blocking(error, call)
            return on_error(error) if on_error else None

        _check_function("then", then, "a list")
        _check_function("on_error", on_error, "an error")
        use = _in_a_thread(then) if then else None
        handle = _in_a_thread(blocks) if on_error else None
        inner = poller._inner  # noqa: SLF001 - of the same facade
        self._backing.make(
            "BackgroundWork.wait", lambda: self._inner.wait(inner, use, on_error=handle)
        )


def _check_function(argument: str, given: object, of: str) -> None:
    """Check a function; an async one is refused, since nothing would await it."""
    advice = f"give a function of {of}, or None"
    check.check_callable(argument, given, advice)
    if inspect.iscoroutinefunction(given):
        check.refuse(f"{argument} is an async function; {advice}")


def _in_a_thread(function: Callable[[T], object]) -> Callable[[T], Awaitable[object]]:
    """Return an async function that calls *function* in a thread, as the present caller."""
    context = copy_context()

    async def call(value: T) -> object:
        loop = asyncio.get_running_loop()
        calling = loop.run_in_executor(None, lambda: context.run(function, value))
        try:
            return await asyncio.shield(calling)
        except asyncio.CancelledError:
            with move_on_after(CLEANUP_TIMEOUT_S, shield=True):
                await asyncio.wait([calling])
            raise

    return call
