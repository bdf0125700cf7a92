"""
The sync facade: the same memory from scripts, threads and notebooks, without ``await``.

Every method is that of the async class, run on one background loop that all facades share. A
manager opens at first use and needs no ``with``: it is closed when its last reference is gone, and
at exit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from agentcore_memory_async._sync.derive import (
    BlockingFacade,
    blocking,
    blocking_factory,
    blocking_into,
    blocking_iterator,
    blocking_view,
    constructing,
)
from agentcore_memory_async._sync.iterator import BlockingIterator
from agentcore_memory_async._sync.loop_thread import warn_in_a_running_loop
from agentcore_memory_async._sync.shared_resource import SharedResource
from agentcore_memory_async._sync.twins import BlockingExtractionFailedError
from agentcore_memory_async._wire.validation import check_type
from agentcore_memory_async.errors import ClosedError, ExtractionFailedError
from agentcore_memory_async.extraction import ExtractionPoller
from agentcore_memory_async.manager import AsyncMemorySessionManager
from agentcore_memory_async.session import AsyncMemorySession

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from agentcore_memory_async.models import MemoryRecord

__all__ = (
    "BlockingExtractionFailedError",
    "BlockingExtractionPoller",
    "BlockingIterator",
    "MemorySession",
    "MemorySessionManager",
)


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


class BlockingExtractionPoller(BlockingFacade[ExtractionPoller]):
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

    _entered: SharedResource | None = None

    wait = blocking(_wait)
    restart = blocking(_restart)
    __iter__ = blocking_iterator(ExtractionPoller.__aiter__)

    def __enter__(self) -> Self:
        self._entered = SharedResource(self._inner, "poller")
        self._backing.enter("ExtractionPoller", self._entered)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        entered, self._entered = self._entered, None
        if entered is not None:
            entered.close("ExtractionPoller")

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


class MemorySession(BlockingFacade[AsyncMemorySession]):
    """
    The session of one actor; ``create_memory_session`` of the manager makes it.

    Making one directly sends nothing. It may be kept, or made anew for each request, and be used
    from any thread.

    Args:
        manager: The manager that sends for it.
        actor_id: Actor id.
        session_id: Session id.

    Raises:
        InvalidInputError: An id that the service would refuse.
    """

    def __init__(self, manager: MemorySessionManager, actor_id: str, session_id: str) -> None:
        advice = "give a MemorySessionManager, or use its create_memory_session()"
        check_type("manager", manager, MemorySessionManager, advice)
        inner = manager._inner  # noqa: SLF001 - of the same facade
        self._backing = manager._backing  # noqa: SLF001 - likewise
        self._inner = self._backing.make(
            "AsyncMemorySession", lambda: AsyncMemorySession(inner, actor_id, session_id)
        )

    with_options = blocking_view(AsyncMemorySession.with_options)
    verify = blocking(AsyncMemorySession.verify)
    add_turns = blocking(AsyncMemorySession.add_turns)
    resolve = blocking(AsyncMemorySession.resolve)
    get_last_k_turns = blocking(AsyncMemorySession.get_last_k_turns)
    create_event = blocking(AsyncMemorySession.create_event)
    list_events = blocking(AsyncMemorySession.list_events)
    iter_events = blocking_iterator(AsyncMemorySession.iter_events)
    list_long_term_memory_records = blocking(AsyncMemorySession.list_long_term_memory_records)
    iter_long_term_memory_records = blocking_iterator(
        AsyncMemorySession.iter_long_term_memory_records
    )
    search_long_term_memories = blocking(AsyncMemorySession.search_long_term_memories)
    extraction_poller = blocking_factory(
        AsyncMemorySession.extraction_poller, BlockingExtractionPoller
    )
    wait_for_extraction = blocking(AsyncMemorySession.wait_for_extraction)

    @property
    def memory_id(self) -> str:
        """Id or ARN of the memory."""
        return self._inner.memory_id

    @property
    def actor_id(self) -> str:
        """Actor id."""
        return self._inner.actor_id

    @property
    def session_id(self) -> str:
        """Session id."""
        return self._inner.session_id


class MemorySessionManager(BlockingFacade[AsyncMemorySessionManager]):
    """
    Sessions of one AgentCore Memory, for scripts and threads.

    It opens at first use. ``with`` and ``close()`` are for callers that want to decide when it
    closes; otherwise it closes when the last reference to it and its sessions is gone, and at exit.
    Any number of threads may use it. It belongs to the process that opened it.

    The arguments are those of ``AsyncMemorySessionManager``. Called where an event loop runs, it
    works, blocks that loop, and warns once (``BlockingCallWarning``).
    """

    @constructing(AsyncMemorySessionManager)
    def __init__(self) -> None:
        self._backing = SharedResource(self._inner)
        self._entered = False

    with_options = blocking_view(AsyncMemorySessionManager.with_options)
    create_memory_session = blocking_into(
        AsyncMemorySessionManager.create_memory_session, MemorySession
    )
    extraction_poller = blocking_factory(
        AsyncMemorySessionManager.extraction_poller, BlockingExtractionPoller
    )
    wait_for_extraction = blocking(AsyncMemorySessionManager.wait_for_extraction)

    def open(self) -> Self:
        """Open the client now instead of at first use; ``with`` does so, too."""
        warn_in_a_running_loop("MemorySessionManager.open", "AsyncMemorySessionManager.open")
        self._backing.open("AsyncMemorySessionManager.open")
        return self

    def close(self) -> None:
        """Close the client and wait for it; closing again does nothing."""
        warn_in_a_running_loop("MemorySessionManager.close", "AsyncMemorySessionManager.aclose")
        self._backing.close("AsyncMemorySessionManager.aclose")

    def __enter__(self) -> Self:
        if self._entered:  # leaving the inner block would close it for the outer one
            message = "this manager is entered already, and closes when that block is left"
            raise ClosedError(message)
        self.open()
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._backing.close("AsyncMemorySessionManager.aclose")

    @property
    def memory_id(self) -> str:
        """Id or ARN of the memory."""
        return self._inner.memory_id
