"""What a manager is told of its memory by the control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agentcore_memory_async._core import View
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.declared_namespaces import written_by

if TYPE_CHECKING:
    from agentcore_memory_async.models import Memory


class ReadsMemories(Protocol):
    """A control plane, as far as a manager knows it."""

    async def get_memory(self, memory: str, /) -> Memory:
        """Return a memory."""
        ...


class DescriptionOperations(View):
    """The memory itself: its strategies, and the namespaces under which they write."""

    async def describe(self, control: ReadsMemories) -> Memory:
        """
        Read the memory's strategies and namespaces into this manager.

        Afterwards a prefix under which no strategy writes is warned of at once
        (`UnwrittenNamespaceWarning`), where a list, a search or an extraction poller is given one;
        so is a declared namespace, here. Each is warned of once, as it was given. Nothing but this
        method asks the control plane.

        Args:
            control: `AsyncMemoryControl` of the same account and region.

        Returns:
            The memory.

        Raises:
            NotFoundError: There is no such memory in the region of *control*.
            AccessDeniedError: The credentials may not read it.

        AWS operation: ``GetMemory``.
        """
        if not callable(getattr(control, "get_memory", None)):
            check.refuse(f"control is {check.kind(control)}; give an open AsyncMemoryControl")
        memory = await control.get_memory(self.memory_id)
        self._take_over(memory)
        return memory

    def _take_over(self, memory: Memory) -> None:
        namespaces = self._core.namespaces
        namespaces.describe(written_by(memory))
        self._warn_of_unwritten({each: each for each in namespaces.declared.values()})
