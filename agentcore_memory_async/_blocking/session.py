"""A session, without ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agentcore_memory_async._blocking.actor import Actor
from agentcore_memory_async._blocking.buffer import BlockingMessageBuffer
from agentcore_memory_async._blocking.forgetting import BlockingForgetting
from agentcore_memory_async._blocking.managers import inner_of
from agentcore_memory_async._blocking.poller import BlockingExtractionPoller
from agentcore_memory_async._blocking.recording import BlockingRecordedTurn
from agentcore_memory_async._sync.derive import (
    BlockingFacade,
    blocking,
    blocking_factory,
    blocking_iterator,
    blocking_stream,
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

    with_options: Final = blocking_view(AsyncMemorySession.with_options)
    verify: Final = blocking(AsyncMemorySession.verify)
    add_turns: Final = blocking(AsyncMemorySession.add_turns)
    record_turn: Final = blocking_stream(AsyncMemorySession.record_turn, BlockingRecordedTurn)
    buffered: Final = blocking_factory(AsyncMemorySession.buffered, BlockingMessageBuffer)
    resolve: Final = blocking(AsyncMemorySession.resolve)
    get_last_k_turns: Final = blocking(AsyncMemorySession.get_last_k_turns)
    get_last_k_exchanges: Final = blocking(AsyncMemorySession.get_last_k_exchanges)
    fork_conversation: Final = blocking(AsyncMemorySession.fork_conversation)
    list_branches: Final = blocking(AsyncMemorySession.list_branches)
    get_conversation_tree: Final = blocking(AsyncMemorySession.get_conversation_tree)
    explain: Final = blocking(AsyncMemorySession.explain)
    create_event: Final = blocking(AsyncMemorySession.create_event)
    list_events: Final = blocking(AsyncMemorySession.list_events)
    iter_events: Final = blocking_iterator(AsyncMemorySession.iter_events)
    get_event: Final = blocking(AsyncMemorySession.get_event)
    delete_event: Final = blocking(AsyncMemorySession.delete_event)
    ingest_data: Final = blocking(AsyncMemorySession.ingest_data)
    list_memory_extraction_jobs: Final = blocking(AsyncMemorySession.list_memory_extraction_jobs)
    iter_memory_extraction_jobs: Final = blocking_iterator(
        AsyncMemorySession.iter_memory_extraction_jobs
    )
    start_memory_extraction_job: Final = blocking(AsyncMemorySession.start_memory_extraction_job)
    get_actor: Final = blocking_factory(AsyncMemorySession.get_actor, Actor)
    list_long_term_memory_records: Final = blocking(
        AsyncMemorySession.list_long_term_memory_records
    )
    iter_long_term_memory_records: Final = blocking_iterator(
        AsyncMemorySession.iter_long_term_memory_records
    )
    search_long_term_memories: Final = blocking(AsyncMemorySession.search_long_term_memories)
    get_memory_record: Final = blocking(AsyncMemorySession.get_memory_record)
    delete_memory_record: Final = blocking(AsyncMemorySession.delete_memory_record)
    batch_create_memory_records: Final = blocking(AsyncMemorySession.batch_create_memory_records)
    batch_update_memory_records: Final = blocking(AsyncMemorySession.batch_update_memory_records)
    batch_delete_memory_records: Final = blocking(AsyncMemorySession.batch_delete_memory_records)
    delete_session: Final = blocking_factory(AsyncMemorySession.delete_session, BlockingForgetting)
    delete_namespace: Final = blocking_factory(
        AsyncMemorySession.delete_namespace, BlockingForgetting
    )
    retrieve_context: Final = blocking(AsyncMemorySession.retrieve_context)
    process_turn_with_llm: Final = blocking(AsyncMemorySession.process_turn_with_llm)
    extraction_poller: Final = blocking_factory(
        AsyncMemorySession.extraction_poller, BlockingExtractionPoller
    )
    wait_for_extraction: Final = blocking(AsyncMemorySession.wait_for_extraction)

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
