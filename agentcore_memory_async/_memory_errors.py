"""What can be wrong with a memory as a whole; `errors` exports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._picklable import Picklable
from agentcore_memory_async._service_errors import AgentCoreMemoryError

if TYPE_CHECKING:
    from collections.abc import Sequence


class MemoryFailedError(Picklable, AgentCoreMemoryError):
    """
    The service could not make or change a memory, or one of its strategies.

    Attributes:
        memory_id: Memory id.
        reason: The service's reason; empty where it gave none.
        strategies: Names of the strategies that failed; empty where the memory itself did.
        status: ``FAILED``, or ``DELETING`` where it was to be used.
    """

    _fields = ("memory_id", "reason", "strategies", "status")

    def __init__(
        self,
        memory_id: str,
        reason: str = "",
        strategies: Sequence[str] = (),
        status: str = "FAILED",
    ) -> None:
        self.memory_id = memory_id
        self.reason = reason
        self.strategies: tuple[str, ...] = tuple(strategies)
        self.status = status
        what, advice = f"memory {memory_id}", "delete_memory() removes it"
        if status != "FAILED":
            advice = "create it anew once it is gone"
        if self.strategies:
            what = f"of memory {memory_id} strategy {', '.join(self.strategies)}"
            advice = "delete_strategy() removes it"
        super().__init__(f"{what} is {status} ({reason or 'no reason given'}); {advice}")


class MemoryTimeoutError(Picklable, AgentCoreMemoryError, TimeoutError):
    """
    A memory was not ready, or not gone, in time; the service goes on with it.

    Attributes:
        memory_id: Memory id.
        status: Its status at last, followed by those of strategies that were waited for.
        waited_s: Duration of the wait, in seconds.
        polls: Number of requests.
    """

    _fields = ("memory_id", "status", "waited_s", "polls")

    def __init__(self, memory_id: str, status: str, waited_s: float, polls: int) -> None:
        self.memory_id = memory_id
        self.status = status
        self.waited_s = waited_s
        self.polls = polls
        super().__init__(
            f"memory {memory_id} is still {status} after {waited_s:.1f} s ({polls} polls); "
            "a memory takes minutes: wait again, or give a longer timeout="
        )


class MemoryDiffersWarning(UserWarning):
    """An existing memory is not as ``get_or_create_memory`` was asked for it."""


class UnwrittenNamespaceWarning(UserWarning):
    """No strategy of the memory writes under this prefix, so no extracted record comes there."""
