"""A memory store of Strands: the long-term records of one namespace."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from strands import tool  # pyright: ignore[reportUnknownVariableType] - its hint is a bare dict
from strands.memory import MemoryEntry, MemoryStore

from agentcore_memory_async import AsyncActor, encode_actor_id
from agentcore_memory_async.errors import NotFoundError
from agentcore_memory_async.integrations._by_id import find_record
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.models import NewMemoryRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from strands.memory import ExtractionConfig, SearchOptions
    from strands.types.tools import AgentTool

    from agentcore_memory_async import AsyncMemorySessionManager, MemorySessionManager
    from agentcore_memory_async.models import MemoryRecord, MetadataValue

MAX_QUERY = 10_000
"""Characters of a query (service model)."""
MAX_RESULTS = 100
"""Records of a search (service model)."""
DEFAULT_RESULTS = 10
"""Records of a search where nobody says how many, as the stores of Strands have it."""
FORGET = (
    "Delete entries from long-term memory for good, because they are wrong or the user asks for "
    "it. Search the memory first: the metadata of each result has its memory_record_id. Memory: "
)
"""What a model is told of the tool."""


class AgentCoreMemoryStore(MemoryStore):
    """
    The records of one namespace, for a `MemoryManager` of Strands.

    ``MemoryManager(stores=[AgentCoreMemoryStore(manager, actor_id="anna", name="facts",
    namespace="/facts/{actorId}/")])``

    A writable store also has a tool ``forget_<name>``, which deletes records of its namespace.

    Args:
        manager: An open `AsyncMemorySessionManager`, or a `MemorySessionManager`.
        actor_id: Id of the user, any string; it is encoded by ``encode_actor_id``.
        name: Name of the store, by which a model names it.
        namespace: Namespace that is searched, with all that is below it, and to which records are
            added; ``{actorId}`` is filled in.
        description: What is in the store, for a model.
        max_search_results: Number of results of a search without a number of its own, 1 to 100.
        writable: Whether records may be added and deleted.
        min_score: Least score of a result.

    Raises:
        InvalidInputError: An argument is invalid.

    AWS operations: ``RetrieveMemoryRecords``, ``BatchCreateMemoryRecords``; to forget
    ``GetMemoryRecord`` and ``DeleteMemoryRecord``.
    """

    def __init__(
        self,
        manager: AsyncMemorySessionManager | MemorySessionManager,
        *,
        actor_id: str,
        name: str,
        namespace: str,
        description: str | None = None,
        max_search_results: int | None = None,
        writable: bool = False,
        min_score: float | None = None,
    ) -> None:
        self.name = name
        self.description = description
        self.max_search_results = max_search_results
        self.writable = writable
        self.extraction: ExtractionConfig | bool | None = None
        self._loop = ManagerLoop(manager)
        actor = encode_actor_id(actor_id)
        self._actor = AsyncActor(self._loop.manager, actor)
        self._namespace = namespace.replace("{actorId}", actor).rstrip("/") + "/"
        self._min_score = min_score

    async def search(self, query: str, options: SearchOptions | None = None) -> list[MemoryEntry]:
        """
        Return the records that match a query, best first.

        Args:
            query: What to search for; of a longer one its last 10,000 characters.
            options: ``max_search_results``; of more than 100 the best 100 are returned.

        Returns:
            Entries with ``memory_record_id``, ``score`` and ``created_at`` in their metadata.

        Raises:
            AgentCoreMemoryError: The search failed.

        AWS operation: ``RetrieveMemoryRecords``.
        """
        asked = query[-MAX_QUERY:]
        if not asked.strip():
            return []
        wanted = (options or {}).get("max_search_results") or self.max_search_results
        records = await self._loop.read(
            self._actor.search_long_term_memories,
            asked,
            self._namespace,
            min(wanted or DEFAULT_RESULTS, MAX_RESULTS),
            min_score=self._min_score,
        )
        return [_entry(record) for record in records]

    async def add(self, content: str, metadata: Mapping[str, MetadataValue] | None = None) -> str:
        """
        Add a record, and return its id. It may take more than a minute until it is found.

        Args:
            content: Text, 1 to 16,000 characters.
            metadata: At most 20 entries, as `NewMemoryRecord` takes them.

        Raises:
            BatchError: It was refused, or may have been stored.
            AgentCoreMemoryError: The call failed.

        AWS operation: ``BatchCreateMemoryRecords``.
        """
        record = NewMemoryRecord(
            namespace=self._namespace,
            content=content,
            timestamp=datetime.now(UTC),
            metadata=metadata or {},
        )
        result = await self._loop.write(
            self._actor.batch_create_memory_records, [record], raise_on_failure=True
        )
        return result.succeeded[0].memory_record_id

    async def forget(self, memory_record_ids: list[str]) -> dict[str, list[str]]:
        """
        Delete records of the namespace for good.

        Args:
            memory_record_ids: Ids, as the metadata of results has them.

        Returns:
            The ids that were deleted as ``forgotten``; as ``not_found`` those that the namespace
            does not have, such as records of another user.

        Raises:
            AgentCoreMemoryError: A call failed; calling again is safe.

        AWS operations: ``GetMemoryRecord`` and ``DeleteMemoryRecord`` for each.
        """
        forgotten = await self._loop.write(self._forget, dict.fromkeys(memory_record_ids))
        missing = [each for each in memory_record_ids if each not in forgotten]
        return {"forgotten": forgotten, "not_found": missing}

    def get_tools(self) -> list[AgentTool]:
        """Return the tool ``forget_<name>`` of a writable store."""
        if not self.writable:
            return []

        async def forget(memory_record_ids: list[str]) -> dict[str, list[str]]:
            """
            Delete entries from long-term memory.

            Args:
                memory_record_ids: Ids of the entries, from the metadata of search results.
            """
            return await self.forget(memory_record_ids)

        name = "forget_" + re.sub(r"[^A-Za-z0-9_]", "_", self.name)
        described = FORGET + (self.description or self.name)
        return [tool(name=name[:64], description=described)(forget)]

    async def _forget(self, memory_record_ids: Mapping[str, Any]) -> list[str]:
        """Delete those records that are in the namespace, and return their ids."""
        forgotten: list[str] = []
        for memory_record_id in memory_record_ids:
            record = await find_record(self._actor, memory_record_id, [self._namespace])
            if record is None or not f"{record.namespace.rstrip('/')}/".startswith(self._namespace):
                continue
            with suppress(NotFoundError):  # somebody else has deleted it
                deleted = await self._actor.delete_memory_record(
                    memory_record_id, namespace=record.namespace
                )
                forgotten.append(deleted)
        return forgotten


def _entry(record: MemoryRecord) -> MemoryEntry:
    return MemoryEntry(
        record.text,
        metadata={
            "memory_record_id": record.memory_record_id,
            "score": record.score,
            "created_at": record.created_at.isoformat(),
        },
    )
