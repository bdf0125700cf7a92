"""An actor, without ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agentcore_memory_async._blocking.forgetting import BlockingForgetting
from agentcore_memory_async._blocking.managers import inner_of
from agentcore_memory_async._blocking.poller import BlockingExtractionPoller
from agentcore_memory_async._sync.derive import (
    BlockingFacade,
    blocking,
    blocking_factory,
    blocking_iterator,
    blocking_view,
)
from agentcore_memory_async.actor import AsyncActor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.manager import AsyncMemorySessionManager


class Actor(BlockingFacade[AsyncActor]):
    """
    One actor of a memory; ``actor()`` of the manager makes it.

    Making one sends nothing. It may be used from any thread.

    Args:
        manager: The manager that sends for it.
        actor_id: Actor id.

    Raises:
        InvalidInputError: An id that the service would refuse.
    """

    def __init__(self, manager: BlockingFacade[AsyncMemorySessionManager], actor_id: str) -> None:
        inner = inner_of(manager, "actor()")
        self._backing = manager._backing  # noqa: SLF001 - of the same facade
        self._inner = self._backing.make("AsyncActor", lambda: AsyncActor(inner, actor_id))

    with_options: Final = blocking_view(AsyncActor.with_options)
    list_sessions: Final = blocking(AsyncActor.list_sessions)
    iter_sessions: Final = blocking_iterator(AsyncActor.iter_sessions)
    list_long_term_memory_records: Final = blocking(AsyncActor.list_long_term_memory_records)
    iter_long_term_memory_records: Final = blocking_iterator(
        AsyncActor.iter_long_term_memory_records
    )
    search_long_term_memories: Final = blocking(AsyncActor.search_long_term_memories)
    get_memory_record: Final = blocking(AsyncActor.get_memory_record)
    delete_memory_record: Final = blocking(AsyncActor.delete_memory_record)
    batch_create_memory_records: Final = blocking(AsyncActor.batch_create_memory_records)
    batch_update_memory_records: Final = blocking(AsyncActor.batch_update_memory_records)
    batch_delete_memory_records: Final = blocking(AsyncActor.batch_delete_memory_records)
    delete_namespace: Final = blocking_factory(AsyncActor.delete_namespace, BlockingForgetting)
    retrieve_context: Final = blocking(AsyncActor.retrieve_context)
    extraction_poller: Final = blocking_factory(
        AsyncActor.extraction_poller, BlockingExtractionPoller
    )
    wait_for_extraction: Final = blocking(AsyncActor.wait_for_extraction)
    list_memory_extraction_jobs: Final = blocking(AsyncActor.list_memory_extraction_jobs)
    iter_memory_extraction_jobs: Final = blocking_iterator(AsyncActor.iter_memory_extraction_jobs)
    start_memory_extraction_job: Final = blocking(AsyncActor.start_memory_extraction_job)
    ingest_data: Final = blocking(AsyncActor.ingest_data)

    @property
    def memory_id(self) -> str:
        """Id or ARN of the memory."""
        return self._inner.memory_id

    @property
    def namespaces(self) -> Mapping[str, str]:
        """Prefixes of the namespaces that the manager knows, by name."""
        return self._inner.namespaces

    @property
    def actor_id(self) -> str:
        """Actor id."""
        return self._inner.actor_id
