"""The control plane, without ``await``: it opens at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from agentcore_memory_async._blocking.manager import MemorySessionManager, manager_around
from agentcore_memory_async._sync.derive import (
    BlockingFacade,
    blocking,
    blocking_factory,
    blocking_iterator,
    constructing,
)
from agentcore_memory_async._sync.loop_thread import warn_in_a_running_loop
from agentcore_memory_async._sync.shared_resource import SharedResource
from agentcore_memory_async.control import AsyncMemoryControl, MemoryWait

if TYPE_CHECKING:
    from types import TracebackType

    from agentcore_memory_async.models import Memory, MemorySummary, Usage


async def _wait(wait: MemoryWait) -> Memory:
    """
    Wait until the memory and all its strategies are active, and return it.

    Raises:
        MemoryFailedError: It, or a strategy, is ``FAILED``; the error has the reason.
        MemoryTimeoutError: It was not active in time.
    """
    return await wait


class BlockingMemoryWait(BlockingFacade[MemoryWait]):
    """
    A wait until a memory is active; ``wait_until_active`` makes it.

    ``wait()`` returns the memory once it and all its strategies are active; ``for`` shows it at
    each poll.
    """

    wait: Final = blocking(_wait)
    __iter__: Final = blocking_iterator(MemoryWait.__aiter__)

    @property
    def done(self) -> bool:
        """Whether it has ended, so that ``wait()`` returns the memory at once."""
        return self._inner.done


class MemoryControl(BlockingFacade[AsyncMemoryControl]):
    """
    The memories of an account in a region, for scripts and threads.

    It opens at first use. ``with`` and ``close()`` are for callers that want to decide when it
    closes; otherwise it closes when the last reference to it is gone, and at exit. Any number of
    threads may use it. It belongs to the process that opened it.

    The arguments are those of ``AsyncMemoryControl``.
    """

    @constructing(AsyncMemoryControl)
    def __init__(self) -> None:
        self._backing = SharedResource(self._inner, "control")

    create_memory: Final = blocking(AsyncMemoryControl.create_memory)
    get_or_create_memory: Final = blocking(AsyncMemoryControl.get_or_create_memory)
    get_memory: Final = blocking(AsyncMemoryControl.get_memory)
    list_memories: Final = blocking(AsyncMemoryControl.list_memories)
    iter_memories: Final = blocking_iterator(AsyncMemoryControl.iter_memories)
    update_memory: Final = blocking(AsyncMemoryControl.update_memory)
    add_strategy: Final = blocking(AsyncMemoryControl.add_strategy)
    modify_strategy: Final = blocking(AsyncMemoryControl.modify_strategy)
    delete_strategy: Final = blocking(AsyncMemoryControl.delete_strategy)
    wait_until_active: Final = blocking_factory(
        AsyncMemoryControl.wait_until_active, BlockingMemoryWait
    )
    delete_memory: Final = blocking(AsyncMemoryControl.delete_memory)
    list_tags: Final = blocking(AsyncMemoryControl.list_tags)
    tag_memory: Final = blocking(AsyncMemoryControl.tag_memory)
    untag_memory: Final = blocking(AsyncMemoryControl.untag_memory)

    def manager(
        self,
        memory: Memory | MemorySummary | str | None = None,
        *,
        memory_id: str | None = None,
        **options: Any,
    ) -> MemorySessionManager:
        """
        Make a manager of *memory* with the settings of this object; it sends nothing.

        It opens and closes by itself, as every ``MemorySessionManager``. Of a `Memory` it knows the
        namespaces; of an id or a summary it knows them after ``manager.describe(control)``.

        Args:
            memory: A memory, its id, or its ARN.
            memory_id: The official SDK's name of *memory*.
            options: Arguments of ``MemorySessionManager``.

        Raises:
            InvalidInputError: An argument is invalid.
        """
        return manager_around(self._inner.manager(memory, memory_id=memory_id, **options))

    def usage(self) -> Usage:
        """Return what was sent through this control, by operation, as the manager does."""
        return self._inner.usage()

    def open(self) -> Self:
        """Open the client now instead of at first use; ``with`` does so, too."""
        warn_in_a_running_loop("MemoryControl.open", "AsyncMemoryControl.open")
        self._backing.open("AsyncMemoryControl.open")
        return self

    def close(self) -> None:
        """Close the client and wait for it; closing again does nothing."""
        warn_in_a_running_loop("MemoryControl.close", "AsyncMemoryControl.aclose")
        self._backing.close("AsyncMemoryControl.aclose")

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._backing.close("AsyncMemoryControl.aclose")
