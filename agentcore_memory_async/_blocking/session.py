"""A session, without ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._blocking.actor import Actor
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
from agentcore_memory_async.session import AsyncMemorySession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.manager import AsyncMemorySessionManager


class MemorySession(BlockingFacade[AsyncMemorySession]):
    """
    The session of one actor; ``create_memory_session`` of the manager makes it.

    Making one directly sends nothing. It may be kept, or made anew for each request, and be used
    from any thread.

    Args:
        manager: The manager that sends for it.
        actor_id: Actor id.
        session_id: Session id.

    Raises:
        InvalidInputError: An id that the service would refuse.
    """

    def __init__(
        self, manager: BlockingFacade[AsyncMemorySessionManager], actor_id: str, session_id: str
    ) -> None:
        inner = inner_of(manager, "methods actor() and create_memory_session()")
        self._backing = manager._backing  # noqa: SLF001 - of the same facade
        self._inner = self._backing.make(
            "AsyncMemorySession", lambda: AsyncMemorySession(inner, actor_id, session_id)
        )

    with_options = blocking_view(AsyncMemorySession.with_options)
    verify = blocking(AsyncMemorySession.verify)
    add_turns = blocking(AsyncMemorySession.add_turns)
    resolve = blocking(AsyncMemorySession.resolve)
    get_last_k_turns = blocking(AsyncMemorySession.get_last_k_turns)
    get_last_k_exchanges = blocking(AsyncMemorySession.get_last_k_exchanges)
    fork_conversation = blocking(AsyncMemorySession.fork_conversation)
    list_branches = blocking(AsyncMemorySession.list_branches)
    get_conversation_tree = blocking(AsyncMemorySession.get_conversation_tree)
    explain = blocking(AsyncMemorySession.explain)
    create_event = blocking(AsyncMemorySession.create_event)
    list_events = blocking(AsyncMemorySession.list_events)
    iter_events = blocking_iterator(AsyncMemorySession.iter_events)
    get_event = blocking(AsyncMemorySession.get_event)
    delete_event = blocking(AsyncMemorySession.delete_event)
    ingest_data = blocking(AsyncMemorySession.ingest_data)
    list_memory_extraction_jobs = blocking(AsyncMemorySession.list_memory_extraction_jobs)
    iter_memory_extraction_jobs = blocking_iterator(AsyncMemorySession.iter_memory_extraction_jobs)
    start_memory_extraction_job = blocking(AsyncMemorySession.start_memory_extraction_job)
    get_actor = blocking_factory(AsyncMemorySession.get_actor, Actor)
    list_long_term_memory_records = blocking(AsyncMemorySession.list_long_term_memory_records)
    iter_long_term_memory_records = blocking_iterator(
        AsyncMemorySession.iter_long_term_memory_records
    )
    search_long_term_memories = blocking(AsyncMemorySession.search_long_term_memories)
    get_memory_record = blocking(AsyncMemorySession.get_memory_record)
    delete_memory_record = blocking(AsyncMemorySession.delete_memory_record)
    batch_create_memory_records = blocking(AsyncMemorySession.batch_create_memory_records)
    batch_update_memory_records = blocking(AsyncMemorySession.batch_update_memory_records)
    batch_delete_memory_records = blocking(AsyncMemorySession.batch_delete_memory_records)
    delete_session = blocking_factory(AsyncMemorySession.delete_session, BlockingForgetting)
    delete_namespace = blocking_factory(AsyncMemorySession.delete_namespace, BlockingForgetting)
    retrieve_context = blocking(AsyncMemorySession.retrieve_context)
    process_turn_with_llm = blocking(AsyncMemorySession.process_turn_with_llm)
    extraction_poller = blocking_factory(
        AsyncMemorySession.extraction_poller, BlockingExtractionPoller
    )
    wait_for_extraction = blocking(AsyncMemorySession.wait_for_extraction)

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

    @property
    def session_id(self) -> str:
        """Session id."""
        return self._inner.session_id
