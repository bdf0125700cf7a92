"""
Waiting for what a conversation has taught: an awaitable poller.

Nothing tells when extraction is done. What can be seen is which records are new under a prefix
since a baseline; records name no event, so new does not mean caused by one's own.
"""

from __future__ import annotations

from math import inf
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
        self._interval_s = min(INTERVAL_S, timeout_s / 4)
        self._observation = Observation(min_records, settle_s)
        self._done = False
        self._looks = 0
        self._looked_at = -inf
        self._absorbed: AgentCoreMemoryError | None = None
        self._turn = anyio.Lock()

    def __repr__(self) -> str:
        state = "done" if self._done else "waiting" if self._looks else "not started"
        count = len(self._observation.new)
        return f"<ExtractionPoller {', '.join(self.namespaces)}, {state}, {count} new>"

    async def __aenter__(self) -> Self:
        async with self._turn:
            if not self._looks:
                await self._look_once()
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
        return self._observation.new.copy()

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

    async def _step(self, began: float) -> None:
        """Look once more, or raise when the time is over."""
        looks = self._looks
        with anyio.move_on_after(began + self._timeout_s - anyio.current_time()) as scope:
            async with self._turn:
                if looks != self._looks:
                    return  # another waiter has looked meanwhile
                await anyio.sleep_until(self._looked_at + self._interval_s)
                try:
                    await self._look_once()
                    self._absorbed = None
                except AgentCoreMemoryError as error:
                    if not is_passing(error):
                        raise
                    self._absorbed = error
                    self._looked_at = anyio.current_time()
        if scope.cancelled_caught:
            raise ExtractionTimeoutError(
                self.namespaces,
                self._observation.new,
                anyio.current_time() - began,
                max(0, self._looks - 1),
            ) from self._absorbed

    async def _look_once(self) -> None:
        """Take the baseline, or, where there is one, what is new since."""
        if self._done:
            return
        snapshot = await self._look()
        self._looked_at = anyio.current_time()
        self._looks += 1
        if self._looks == 1:
            self._observation.start(snapshot)
        else:
            self._observation.look(snapshot, self._looked_at)
            self._done = self._observation.is_enough(self._looked_at)
