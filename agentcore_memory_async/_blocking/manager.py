"""The manager, without ``await``: it opens at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from agentcore_memory_async._blocking.actor import Actor
from agentcore_memory_async._blocking.background import BlockingBackgroundWork
from agentcore_memory_async._blocking.forgetting import BlockingForgetting
from agentcore_memory_async._blocking.poller import BlockingExtractionPoller
from agentcore_memory_async._blocking.session import MemorySession
from agentcore_memory_async._blocking.transfer import BlockingExport, BlockingImport
from agentcore_memory_async._sync.derive import (
    BlockingFacade,
    blocking,
    blocking_factory,
    blocking_into,
    blocking_iterator,
    blocking_view,
    constructing,
)
from agentcore_memory_async._sync.loop_thread import warn_in_a_running_loop
from agentcore_memory_async._sync.shared_resource import SharedResource
from agentcore_memory_async._wire.validation import kind, refuse
from agentcore_memory_async.control import AsyncMemoryControl
from agentcore_memory_async.errors import ClosedError
from agentcore_memory_async.manager import AsyncMemorySessionManager

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from types import TracebackType

    from agentcore_memory_async.models import Memory, Usage


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

    with_options: Final = blocking_view(AsyncMemorySessionManager.with_options)
    create_memory_session: Final = blocking_into(
        AsyncMemorySessionManager.create_memory_session, MemorySession
    )
    list_long_term_memory_records: Final = blocking(
        AsyncMemorySessionManager.list_long_term_memory_records
    )
    iter_long_term_memory_records: Final = blocking_iterator(
        AsyncMemorySessionManager.iter_long_term_memory_records
    )
    search_long_term_memories: Final = blocking(AsyncMemorySessionManager.search_long_term_memories)
    get_memory_record: Final = blocking(AsyncMemorySessionManager.get_memory_record)
    delete_memory_record: Final = blocking(AsyncMemorySessionManager.delete_memory_record)
    batch_create_memory_records: Final = blocking(
        AsyncMemorySessionManager.batch_create_memory_records
    )
    batch_update_memory_records: Final = blocking(
        AsyncMemorySessionManager.batch_update_memory_records
    )
    batch_delete_memory_records: Final = blocking(
        AsyncMemorySessionManager.batch_delete_memory_records
    )
    extraction_poller: Final = blocking_factory(
        AsyncMemorySessionManager.extraction_poller, BlockingExtractionPoller
    )
    wait_for_extraction: Final = blocking(AsyncMemorySessionManager.wait_for_extraction)
    background: Final = blocking_factory(
        AsyncMemorySessionManager.background, BlockingBackgroundWork
    )
    actor: Final = blocking_factory(AsyncMemorySessionManager.actor, Actor)
    list_actors: Final = blocking(AsyncMemorySessionManager.list_actors)
    iter_actors: Final = blocking_iterator(AsyncMemorySessionManager.iter_actors)
    list_actor_sessions: Final = blocking(AsyncMemorySessionManager.list_actor_sessions)
    iter_actor_sessions: Final = blocking_iterator(AsyncMemorySessionManager.iter_actor_sessions)
    list_memory_extraction_jobs: Final = blocking(
        AsyncMemorySessionManager.list_memory_extraction_jobs
    )
    iter_memory_extraction_jobs: Final = blocking_iterator(
        AsyncMemorySessionManager.iter_memory_extraction_jobs
    )
    start_memory_extraction_job: Final = blocking(
        AsyncMemorySessionManager.start_memory_extraction_job
    )
    forget_actor: Final = blocking_factory(
        AsyncMemorySessionManager.forget_actor, BlockingForgetting
    )
    delete_session: Final = blocking_factory(
        AsyncMemorySessionManager.delete_session, BlockingForgetting
    )
    delete_namespace: Final = blocking_factory(
        AsyncMemorySessionManager.delete_namespace, BlockingForgetting
    )
    import_conversations: Final = blocking_factory(
        AsyncMemorySessionManager.import_conversations, BlockingImport
    )
    export: Final = blocking_factory(AsyncMemorySessionManager.export, BlockingExport)
    call: Final = blocking(AsyncMemorySessionManager.call)

    def describe(self, control: BlockingFacade[AsyncMemoryControl]) -> Memory:
        """
        Read the memory's strategies and namespaces into this manager.

        Afterwards a prefix under which no strategy writes is warned of at once
        (`UnwrittenNamespaceWarning`), where a list, a search or an extraction poller is given one;
        so is a declared namespace, here. Each is warned of once, as it was given. Nothing but this
        method asks the control plane.

        Args:
            control: `MemoryControl` of the same account and region.

        Returns:
            The memory.

        Raises:
            NotFoundError: There is no such memory in the region of *control*.
            AccessDeniedError: The credentials may not read it.

        AWS operation: ``GetMemory``.
        """
        inner = getattr(control, "_inner", None)
        if not isinstance(inner, AsyncMemoryControl):
            refuse(f"control is {kind(control)}; give a MemoryControl")
        name = "AsyncMemorySessionManager.describe"
        warn_in_a_running_loop("MemorySessionManager.describe", name)
        memory = control._backing.call(name, lambda: inner.get_memory(self.memory_id))  # noqa: SLF001 - of the same facade
        self._backing.make(name, lambda: self._inner._take_over(memory))  # noqa: SLF001 - its facade
        return memory

    def usage(self) -> Usage:
        """
        Return what was sent through this manager, its sessions and its views, by operation.

        It counts calls that have ended. It may be read at any time, also before the manager is open
        and after it is closed.
        """
        return self._inner.usage()

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
    def async_manager(self) -> AsyncMemorySessionManager:
        """The manager behind this one, whose methods are awaited in ``loop``."""
        return self._inner

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """
        The event loop of the background thread, in which the manager is open.

        Raises:
            ClosedError: While reading it: it is not open; ``open()`` opens it before its first use.
            ForkedError: While reading it: the parent of this process opened it.
        """
        return self._inner.loop

    @property
    def memory_id(self) -> str:
        """Id or ARN of the memory."""
        return self._inner.memory_id

    @property
    def namespaces(self) -> Mapping[str, str]:
        """Prefixes of the namespaces that the manager knows, by name."""
        return self._inner.namespaces


def manager_around(manager: AsyncMemorySessionManager) -> MemorySessionManager:
    """Return the facade of *manager*, which is not open yet."""
    made = MemorySessionManager.__new__(MemorySessionManager)
    vars(made).update(_inner=manager, _backing=SharedResource(manager), _entered=False)
    return made
