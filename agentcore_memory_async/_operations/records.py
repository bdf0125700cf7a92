"""Long-term records below a prefix: listed and searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages, collect
from agentcore_memory_async._core import View
from agentcore_memory_async._wire import queries, record_codec
from agentcore_memory_async._wire import validation as check

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from agentcore_memory_async.models import MemoryRecord


class RecordOperations(View):
    """The long-term records of a memory, as a session sees them."""

    async def list_long_term_memory_records(
        self,
        namespace_prefix: str = "/",
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        max_results: int | None = None,
        page_size: int = MAX_PAGE,
    ) -> list[MemoryRecord]:
        """
        Return the long-term records below a prefix: every page of them.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.
        ``iter_long_term_memory_records`` yields the same one by one.

        Args:
            namespace_prefix: A path such as ``/facts/{actorId}/``; the session fills in
                ``{actorId}`` and ``{sessionId}``. ``/users/1`` does not reach ``/users/10``.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.
            max_results: Largest number of records; all if omitted.
            page_size: Records per request, 1 to 100.

        Returns:
            Records in the service's order; ``score`` is None.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListMemoryRecords``.
        """
        found = self.iter_long_term_memory_records(
            namespace_prefix,
            namespace=namespace,
            memory_strategy_id=memory_strategy_id,
            page_size=page_size,
        )
        return await collect(found, max_results)

    async def iter_long_term_memory_records(
        self,
        namespace_prefix: str = "/",
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        page_size: int = MAX_PAGE,
    ) -> AsyncGenerator[MemoryRecord]:
        """
        Iterate over the long-term records below a prefix.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.
        ``list_long_term_memory_records`` returns them as a list.

        Args:
            namespace_prefix: As in ``list_long_term_memory_records``.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.
            page_size: Records per request, 1 to 100.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListMemoryRecords``.
        """
        size = check.check_int("page_size", page_size, MAX_PAGE)
        if memory_strategy_id is not None:
            memory_strategy_id = check.check_memory_strategy_id(memory_strategy_id)
        scope = self._record_scope(namespace_prefix, namespace, memory_strategy_id)
        params: dict[str, Any] = {"memoryId": self.memory_id, **scope}
        if memory_strategy_id is not None:
            params["memoryStrategyId"] = memory_strategy_id
        async for records in self._record_pages("ListMemoryRecords", params, scope, size):
            for record in records:
                yield record

    async def search_long_term_memories(
        self,
        query: str,
        namespace_prefix: str = "/",
        top_k: int = 5,
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
    ) -> list[MemoryRecord]:
        """
        Search the long-term records below a prefix by meaning, best first.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.

        Args:
            query: What to search for, 1 to 10,000 characters.
            namespace_prefix: As in ``list_long_term_memory_records``.
            top_k: Largest number of records, 1 to 100.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.

        Returns:
            Records with a ``score``: higher is better, and it is not a percentage. One to which the
            service gave none has 0.0 and comes last.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``RetrieveMemoryRecords``.
        """
        criteria: dict[str, Any] = {
            "searchQuery": check.check_query(query),
            "topK": check.check_int("top_k", top_k, 100),
        }
        if memory_strategy_id is not None:
            memory_strategy_id = check.check_memory_strategy_id(memory_strategy_id)
            criteria["memoryStrategyId"] = memory_strategy_id
        scope = self._record_scope(namespace_prefix, namespace, memory_strategy_id)
        params = {"memoryId": self.memory_id, **scope, "searchCriteria": criteria}
        found: list[MemoryRecord] = []
        async for records in self._record_pages("RetrieveMemoryRecords", params, scope, top_k):
            found += records
            if len(found) >= top_k:
                break
        return queries.ranked(found)[:top_k]

    def _record_scope(
        self, prefix: str, namespace: str | None, memory_strategy_id: str | None
    ) -> dict[str, str]:
        return queries.record_scope(prefix, namespace, self._namespace_values(memory_strategy_id))

    def _record_pages(
        self, operation: str, params: Mapping[str, Any], scope: Mapping[str, str], size: int
    ) -> Pages[MemoryRecord]:
        """Return the pages of *operation*, less the records outside of *scope*."""

        def read(body: Mapping[str, Any]) -> list[MemoryRecord]:
            records = record_codec.read_records(operation, body, self._core.unreadable)
            return [record for record in records if queries.is_within(record, scope)]

        return Pages(self._core.retrier, operation, params, read, size, self._core.retry)
