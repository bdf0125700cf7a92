"""The clients that the local service makes for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from agentcore_memory_async._sync.derive import BlockingFacade
from agentcore_memory_async.control import AsyncMemoryControl
from agentcore_memory_async.manager import AsyncMemorySessionManager
from agentcore_memory_async.sync import MemoryControl, MemorySessionManager

if TYPE_CHECKING:
    from collections.abc import Callable

    Options = dict[str, Any]


class Clients:
    """What a local service makes for callers that ``await``."""

    _manager_options: Callable[[Options], Options]
    _control_options: Callable[[Options], Options]

    def manager(self, memory_id: str, **options: Any) -> AsyncMemorySessionManager:
        """
        Return a manager for this service, not yet opened; it reads no environment variables.

        With a ManualClock or an AutoClock it waits for extraction by that clock.

        Args:
            memory_id: Memory id.
            **options: Arguments of AsyncMemorySessionManager.
        """
        return AsyncMemorySessionManager(memory_id, **self._manager_options(options))

    def control(self, **options: Any) -> AsyncMemoryControl:
        """
        Return a control plane client for this service, as ``manager`` does.

        Args:
            **options: Arguments of AsyncMemoryControl.
        """
        return AsyncMemoryControl(**self._control_options(options))


ClientsT_co = TypeVar("ClientsT_co", bound=Clients, covariant=True)


class BlockingClients(BlockingFacade[ClientsT_co]):
    """What a local service makes for code without ``await``."""

    def manager(self, memory_id: str, **options: Any) -> MemorySessionManager:
        """
        Return a manager of the sync facade for this service; it reads no environment variables.

        Args:
            memory_id: Memory id.
            **options: Arguments of MemorySessionManager.
        """
        options = self._inner._manager_options(options)  # noqa: SLF001 - of the same service
        return MemorySessionManager(memory_id, **options)

    def control(self, **options: Any) -> MemoryControl:
        """
        Return a control plane client of the sync facade for this service, as ``manager`` does.

        Args:
            **options: Arguments of MemoryControl.
        """
        return MemoryControl(**self._inner._control_options(options))  # noqa: SLF001 - as above
