"""
Waiting for what a conversation has taught: an awaitable poller.

Nothing tells when extraction is done. What can be seen is which records are new under a prefix
since a baseline; records name no event, so new does not mean caused by one's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import anyio

from agentcore_memory_async._observation import Observation
from agentcore_memory_async._retry import is_passing
from agentcore_memory_async.errors import AgentCoreMemoryError, ExtractionTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from types import TracebackType

    from agentcore_memory_async.models import MemoryRecord

__all__ = ("ExtractionPoller",)

INTERVAL_S = 2.0


class ExtractionPoller:
    """
    Waits for new long-term records; ``extraction_poller`` of a session makes it.

    ``async with`` takes the baseline on entry, so that what is extracted from then on counts.
    Without it, the baseline is taken when the wait begins, and what came before that is missed.

    ``await poller`` gives the new records, oldest first; again, the same list.
    ``async for`` gives them as they come, and ends when it is enough.
    Both raise ``ExtractionTimeoutError``, with what had come, when it was not enough in time;
    waiting once more then goes on with the same baseline.
    """

    def __init__(
        self,
        look: Callable[[], Awaitable[list[MemoryRecord]]],
        namespaces: tuple[str, ...],
        *,
        timeout_s: float,
        min_records: int,
        settle_s: float,
    ) -> None:
        self._look = look
        self.namespaces = namespaces
        self._timeout_s = timeout_s
        self._observation = Observation(min_records, settle_s)
        self._has_baseline = False
        self._done = False
        self._polls = 0
        self._looked_at = 0.0
        self._absorbed: AgentCoreMemoryError | None = None
        self._turn = anyio.Lock()

    def __repr__(self) -> str:
        state = "done" if self._done else "waiting" if self._has_baseline else "not started"
        count = len(self._observation.new)
        return f"<ExtractionPoller {', '.join(self.namespaces)}, {state}, {count} new>"

    async def __aenter__(self) -> Self:
        await self._take_baseline()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is left over: a poller runs only while it is waited for."""

    def __await__(self) -> Generator[Any, Any, list[MemoryRecord]]:
        return self._all().__await__()

    async def _all(self) -> list[MemoryRecord]:
        async for _ in self:
            pass
        return self._observation.new

    async def __aiter__(self) -> AsyncGenerator[MemoryRecord]:
        began = anyio.current_time()
        given = 0
        while True:
            while given < len(self._observation.new):
                given += 1
                yield self._observation.new[given - 1]
            if self._done:
                return
            await self._step(began)

    async def _take_baseline(self) -> None:
        async with self._turn:
            if not self._has_baseline:
                self._observation.start(await self._look())
                self._has_baseline = True
                self._looked_at = anyio.current_time()

    async def _step(self, began: float) -> None:
        """Look once more, or raise when the time is over."""
        with anyio.move_on_after(began + self._timeout_s - anyio.current_time()) as scope:
            await self._take_baseline()
            async with self._turn:
                await anyio.sleep_until(self._looked_at + INTERVAL_S)
                await self._look_again()
        if scope.cancelled_caught:
            raise ExtractionTimeoutError(
                self.namespaces,
                self._observation.new,
                anyio.current_time() - began,
                self._polls,
            ) from self._absorbed

    async def _look_again(self) -> None:
        try:
            snapshot = await self._look()
            self._absorbed = None
        except AgentCoreMemoryError as error:
            if not is_passing(error):
                raise
            self._absorbed = error
            snapshot = []
        self._polls += 1
        self._looked_at = anyio.current_time()
        self._observation.look(snapshot, self._looked_at)
        self._done = self._done or self._observation.is_enough(self._looked_at)
