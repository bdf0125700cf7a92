"""An actor, without ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    with_options = blocking_view(AsyncActor.with_options)
    list_sessions = blocking(AsyncActor.list_sessions)
    iter_sessions = blocking_iterator(AsyncActor.iter_sessions)
    list_long_term_memory_records = blocking(AsyncActor.list_long_term_memory_records)
    iter_long_term_memory_records = blocking_iterator(AsyncActor.iter_long_term_memory_records)
    search_long_term_memories = blocking(AsyncActor.search_long_term_memories)
    get_memory_record = blocking(AsyncActor.get_memory_record)
    delete_memory_record = blocking(AsyncActor.delete_memory_record)
    batch_create_memory_records = blocking(AsyncActor.batch_create_memory_records)
    batch_update_memory_records = blocking(AsyncActor.batch_update_memory_records)
    batch_delete_memory_records = blocking(AsyncActor.batch_delete_memory_records)
    delete_namespace = blocking_factory(AsyncActor.delete_namespace, BlockingForgetting)
    retrieve_context = blocking(AsyncActor.retrieve_context)
    extraction_poller = blocking_factory(AsyncActor.extraction_poller, BlockingExtractionPoller)
    wait_for_extraction = blocking(AsyncActor.wait_for_extraction)
    list_memory_extraction_jobs = blocking(AsyncActor.list_memory_extraction_jobs)
    iter_memory_extraction_jobs = blocking_iterator(AsyncActor.iter_memory_extraction_jobs)
    start_memory_extraction_job = blocking(AsyncActor.start_memory_extraction_job)
    ingest_data = blocking(AsyncActor.ingest_data)

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
