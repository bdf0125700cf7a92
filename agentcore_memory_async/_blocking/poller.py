"""Waiting for extraction, without ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agentcore_memory_async._blocking.entered import BlockingContext
from agentcore_memory_async._sync.derive import blocking, blocking_iterator
from agentcore_memory_async.errors import ExtractionFailedError
from agentcore_memory_async.extraction import ExtractionPoller

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.models import MemoryRecord


async def _wait(poller: ExtractionPoller) -> list[MemoryRecord]:
    """
    Wait for the new records and return them, oldest first; again, the same list.

    Raises:
        ExtractionFailedError: Extraction failed; the error names the jobs.
        ExtractionTimeoutError: Too few records came in time; the error has those that did.
    """
    return await poller


async def _restart(poller: ExtractionPoller, error: ExtractionFailedError) -> None:  # noqa: ARG001 - as a method
    """
    Start the failed jobs of *error* again, once, however often it is called; then wait again.

    Raises:
        ClosedError: The manager is closed, or the error is a copy without a manager.
        ServiceError: The service refused it.
    """
    await ExtractionFailedError.restart(error)


class BlockingExtractionPoller(BlockingContext[ExtractionPoller]):
    """
    Waits for new long-term records; ``extraction_poller`` of a session makes it.

    ``with`` takes the baseline on entry, so that records extracted from then on count.
    With ``since=event`` records written after that event count, and no baseline is needed.
    With neither, the baseline is taken when the wait begins, and earlier records are missed.
    ``wait()`` returns the new records as a list, ``for`` yields them as they come. Both raise
    ``BlockingExtractionFailedError`` where extraction failed; its ``restart()`` needs no ``await``.

    Attributes:
        namespaces: Resolved prefixes.
    """

    wait: Final = blocking(_wait)
    restart: Final = blocking(_restart)
    __iter__: Final = blocking_iterator(ExtractionPoller.__aiter__)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Resolved prefixes."""
        return self._inner.namespaces

    @property
    def done(self) -> bool:
        """Whether the wait is over, so that ``wait()`` returns its list at once."""
        return self._inner.done

    @property
    def records(self) -> list[MemoryRecord]:
        """New records so far, oldest first."""
        return self._read(lambda: self._inner.records)

    @property
    def updates(self) -> list[MemoryRecord]:
        """New records that replaced older ones, see ``ExtractionPoller.updates``."""
        return self._read(lambda: self._inner.updates)

    @property
    def replaced(self) -> list[MemoryRecord]:
        """Records that ``updates`` replaced; they are not among ``records``."""
        return self._read(lambda: self._inner.replaced)

    def _read(self, function: Callable[[], list[MemoryRecord]]) -> list[MemoryRecord]:
        """Read on the loop thread, where the state changes."""
        return self._backing.make("ExtractionPoller", function)
