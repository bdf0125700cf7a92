"""What is entered by ``with``, beside the manager that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from agentcore_memory_async._sync.derive import BlockingFacade
from agentcore_memory_async._sync.loop_thread import CLEANUP_TIMEOUT_S
from agentcore_memory_async._sync.shared_resource import SharedResource

if TYPE_CHECKING:
    from types import TracebackType

A_co = TypeVar("A_co", bound=Any, covariant=True)


class BlockingContext(BlockingFacade[A_co]):
    """A facade that is entered once, on the loop of the manager, and left there."""

    _entered: SharedResource | None = None

    def _close_timeout(self) -> float:
        """Return how long leaving the block may take, in seconds."""
        return CLEANUP_TIMEOUT_S

    def __enter__(self) -> Self:
        name = type(self._inner).__name__
        entered = SharedResource(self._inner, name, self._close_timeout())
        self._backing.enter(name, entered)
        self._entered = entered
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        entered, self._entered = self._entered, None
        if entered is not None:
            entered.close(type(self._inner).__name__)
