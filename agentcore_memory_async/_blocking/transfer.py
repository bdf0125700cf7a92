"""Import and export, without ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agentcore_memory_async._sync.derive import BlockingFacade, blocking, blocking_iterator
from agentcore_memory_async.transfer import Export, Import

if TYPE_CHECKING:
    from agentcore_memory_async.models import ExportReport, ImportProgress


async def _wait_for_import(work: Import) -> ImportProgress:
    """Store everything, and return what was stored; again, the same."""
    return await work


async def _wait_for_export(work: Export) -> ExportReport:
    """Read everything, and return what there was; again, the same."""
    return await work


class BlockingImport(BlockingFacade[Import]):
    """
    An import; ``import_conversations`` makes it.

    ``wait()`` runs it and returns what was stored; ``for`` shows how far it is. Nothing is sent
    before.
    """

    wait: Final = blocking(_wait_for_import)
    __iter__: Final = blocking_iterator(Import.__aiter__)

    @property
    def done(self) -> bool:
        """Whether it has ended, so that ``wait()`` returns at once."""
        return self._inner.done


class BlockingExport(BlockingFacade[Export]):
    """
    An export; ``export`` of a manager makes it.

    ``for`` yields conversations and records; ``wait()`` reads to the end and returns what there
    was.
    """

    wait: Final = blocking(_wait_for_export)
    __iter__: Final = blocking_iterator(Export.__aiter__)

    @property
    def done(self) -> bool:
        """Whether it has ended, so that ``wait()`` returns at once."""
        return self._inner.done
