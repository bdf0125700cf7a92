"""
Waiting for extraction: an awaitable poller.

No call says when extraction is done. What can be seen is which records are new under a prefix
since a baseline. Records name no event, so new does not mean caused by one's own.
``docs/extraction.md`` says what can be known.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Self

from agentcore_memory_async._extraction.wait_pass import WaitPass
from agentcore_memory_async._extraction.wait_state import WaitState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from types import TracebackType

    from agentcore_memory_async._extraction.coordinator import PollCoordinator
    from agentcore_memory_async._extraction.wait_options import WaitOptions
    from agentcore_memory_async.models import MemoryRecord

__all__ = ("ExtractionPoller",)


class ExtractionPoller:
    """
    Waits for new long-term records; ``extraction_poller`` of a session or manager makes it.

    ``async with`` takes the baseline on entry, so that records extracted from then on count.
    With ``since=event`` records written after that event count, and no baseline is needed.
    With neither, the baseline is taken when the wait begins, and earlier records are missed.

    ``await poller`` returns the new records, oldest first; again, the same list.
    ``async for`` yields them as they come, and ends when there are enough.
    Both have three outcomes: the records, ``ExtractionFailedError`` where extraction failed, and
    ``ExtractionTimeoutError``, with the records so far, where too few came in time. After an
    error, waiting again goes on from the same baseline.

    All pollers of a manager with the same prefix and strategy share their requests. A wait may be
    cancelled at any time; that ends no other wait.

    Attributes:
        namespaces: Resolved prefixes.
    """

    def __init__(self, polls: PollCoordinator, options: WaitOptions) -> None:
        self.namespaces: tuple[str, ...] = options.namespaces
        self._state = WaitState(polls, options)
        self._passes: set[WaitPass] = set()

    def __repr__(self) -> str:
        records, targets = self._state.records, self._state.options.targets
        has_polled = any(records.polled_at(target) > -inf for target in targets)
        state = "done" if self.done else "waiting" if has_polled else "not started"
        count = len(records.current)
        return f"<ExtractionPoller {', '.join(self.namespaces)}, {state}, {count} new>"

    @property
    def done(self) -> bool:
        """Whether the wait is over, so that awaiting returns its list at once."""
        return self._state.result is not None

    @property
    def records(self) -> list[MemoryRecord]:
        """New records so far, oldest first."""
        result = self._state.result
        return self._state.records.current if result is None else result.copy()

    @property
    def updates(self) -> list[MemoryRecord]:
        """
        New records that replaced older ones: they say in other words what was known before.

        Consolidation writes a new record and removes the old one. That shows only while old
        records are listed: with a baseline of up to 100 records. Beyond that, and with ``since=``,
        it shows only for records that came during the wait.
        """
        return self._state.records.updates

    @property
    def replaced(self) -> list[MemoryRecord]:
        """Records that ``updates`` replaced; they are not among ``records``."""
        return self._state.records.replaced

    async def __aenter__(self) -> Self:
        if not self._state.has_baseline:
            window = self._state.window(self._state.clock.now(), is_baseline=True)
            delivered = len(self._state.records.new)
            await WaitPass(self._state, self._passes, window, delivered).run()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing: a poller runs only while a caller waits for it, so nothing needs stopping."""

    def __await__(self) -> Generator[Any, Any, list[MemoryRecord]]:
        return self._all().__await__()

    async def _all(self) -> list[MemoryRecord]:
        async for _ in self:
            pass
        return self.records

    async def __aiter__(self) -> AsyncGenerator[MemoryRecord]:
        state = self._state
        began = self._state.clock.now()
        delivered = 0
        while True:
            while delivered < len(state.records.new):
                delivered += 1
                paused_at = self._state.clock.now()
                yield state.records.new[delivered - 1]
                began += self._state.clock.now() - paused_at  # the caller's own time does not count
            if self.done:
                return
            state.date_conversation(self._state.clock.now())
            await WaitPass(state, self._passes, state.window(began), delivered).run()
