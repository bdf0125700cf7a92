"""Forgetting, without ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agentcore_memory_async._sync.derive import BlockingFacade, blocking, blocking_iterator
from agentcore_memory_async.forgetting import Forgetting

if TYPE_CHECKING:
    from agentcore_memory_async.models import ForgettingReport


async def _wait(forgetting: Forgetting) -> ForgettingReport:
    """Delete until nothing comes any more, and return the report; again, the same."""
    return await forgetting


class BlockingForgetting(BlockingFacade[Forgetting]):
    """
    A deletion; ``forget_actor``, ``delete_session`` and ``delete_namespace`` make it.

    ``wait()`` runs it and returns its report; ``for`` shows how far it is. Nothing is sent before.
    """

    wait: Final = blocking(_wait)
    __iter__: Final = blocking_iterator(Forgetting.__aiter__)

    @property
    def done(self) -> bool:
        """Whether it has ended, so that ``wait()`` returns the report at once."""
        return self._inner.done
