"""What the fixtures ``local_memory`` and ``local_memory_sync`` give to a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from agentcore_memory_async.local import (
        AutoClock,
        BlockingLocalMemoryService,
        Fault,
        LocalMemoryService,
    )
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.session import AsyncMemorySession
    from agentcore_memory_async.sync import MemorySession, MemorySessionManager

__all__ = ("BlockingLocalMemory", "LocalMemory")


@frozen
class LocalMemory:
    """
    A memory of one test, empty at first: what the fixture ``local_memory`` gives.

    Attributes:
        service: Local service that the memory is in.
        manager: Manager of the memory, open on the loop of the test.
        clock: Clock of both; it moves by itself while code waits for an extraction.
    """

    service: LocalMemoryService
    manager: AsyncMemorySessionManager
    clock: AutoClock

    async def session(self, actor_id: str, session_id: str | None = None) -> AsyncMemorySession:
        """
        Return a session of the memory; nothing is sent.

        Args:
            actor_id: Actor id.
            session_id: Session id; a new UUID if omitted.
        """
        return await self.manager.create_memory_session(actor_id, session_id, verify=False)

    async def drain(self) -> None:
        """Extract all that was stored, and move the clock to the time of that."""
        await self.service.drain()

    def fail(self, code: str, *, operation: str | None = None, times: int | None = None) -> Fault:
        """
        Answer requests with an error; ``service`` has the other faults.

        Args:
            code: Error code, such as ``ThrottledException``.
            operation: Wire name of the operation that fails, such as ``CreateEvent``; all if
                omitted.
            times: Number of requests that fail; until the fault is cancelled if omitted.

        Returns:
            The fault: ``fault.met`` counts, ``fault.cancel()`` ends it.
        """
        return self.service.fail(code, operation=operation, times=times)


@frozen
class BlockingLocalMemory:
    """
    A memory of one test, empty at first: what the fixture ``local_memory_sync`` gives.

    Attributes:
        service: Local service that the memory is in, on a thread of its own.
        manager: Manager of the sync facade, of the memory.
        clock: Clock of both; it moves by itself while code waits for an extraction.
    """

    service: BlockingLocalMemoryService
    manager: MemorySessionManager
    clock: AutoClock

    def session(self, actor_id: str, session_id: str | None = None) -> MemorySession:
        """Return a session of the memory; see ``LocalMemory.session``."""
        return self.manager.create_memory_session(actor_id, session_id, verify=False)

    def drain(self) -> None:
        """Extract all that was stored, and move the clock to the time of that."""
        self.service.drain()

    def fail(self, code: str, *, operation: str | None = None, times: int | None = None) -> Fault:
        """Answer requests with an error; see ``LocalMemory.fail``."""
        return self.service.fail(code, operation=operation, times=times)
