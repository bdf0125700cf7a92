"""Long-term records: listed and searched below a prefix, read and deleted by their ids."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, overload

from agentcore_memory_async._calls.observer import observed
from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages, collect
from agentcore_memory_async._calls.settling import settle_deletion
from agentcore_memory_async._core import View
from agentcore_memory_async._models.origins import ORIGIN_KEY
from agentcore_memory_async._operations.together import run_together
from agentcore_memory_async._wire import queries, record_codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.filters import check_record_filters, encode_filters
from agentcore_memory_async._wire.namespaces import resolve_template
from agentcore_memory_async._wire.origins import check_trusted
from agentcore_memory_async._wire.synonyms import EVERYWHERE, merged
from agentcore_memory_async.filters import Filter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Collection, Mapping, Sequence

    from agentcore_memory_async.models import MemoryRecord, MetadataValue, Origin

SEARCH = "RetrieveMemoryRecords"
"""Wire name of a search."""


class RecordOperations(View):
    """The long-term records of a memory, as its manager or a session sees them."""

    @overload
    async def get_memory_record(
        self, memory_record_id: str, *, namespace: str | None = None
    ) -> MemoryRecord: ...
    @overload
    async def get_memory_record(
        self, *, record_id: str, namespace: str | None = None
    ) -> MemoryRecord: ...
    async def get_memory_record(
        self,
        memory_record_id: str | None = None,
        *,
        namespace: str | None = None,
        record_id: str | None = None,
    ) -> MemoryRecord:
        """
        Return one long-term record, whole; only here is its ``expires_at`` known.

        Args:
            memory_record_id: Record id.
            namespace: Namespace of the record, where the permissions are limited to namespaces; the
                service finds it by its id alone.
            record_id: The official SDK's name of *memory_record_id*.

        Raises:
            NotFoundError: There is no such record, or it is so new that it cannot be seen yet.
            InvalidInputError: An argument is invalid.

        AWS operation: ``GetMemoryRecord``.
        """
        return await self._core.retrier.read(
            "GetMemoryRecord",
            self._record_params(merged(memory_record_id, None, record_id=record_id), namespace),
            lambda answer: record_codec.read_record(answer.body),
            self._core.retry,
        )

    @overload
    async def delete_memory_record(
        self, memory_record_id: str, *, namespace: str | None = None
    ) -> str: ...
    @overload
    async def delete_memory_record(
        self, *, record_id: str, namespace: str | None = None
    ) -> str: ...
    async def delete_memory_record(
        self,
        memory_record_id: str | None = None,
        *,
        namespace: str | None = None,
        record_id: str | None = None,
    ) -> str:
        """
        Delete one long-term record for good, and return its id.

        Safe to cancel and to call again. Where an answer was lost, a record that is not found
        afterwards counts as deleted; it may also be so new that it cannot be seen yet.
        ``batch_delete_memory_records`` deletes many.

        Args:
            memory_record_id: Record id.
            namespace: As in ``get_memory_record``.
            record_id: The official SDK's name of *memory_record_id*.

        Raises:
            NotFoundError: There is no such record, or it is so new that it cannot be seen yet.
            OutcomeUnknownError: It may have been deleted: no answer tells.
            InvalidInputError: An argument is invalid.

        AWS operation: ``DeleteMemoryRecord``.
        """
        params = self._record_params(merged(memory_record_id, None, record_id=record_id), namespace)
        deleted_id: str = params["memoryRecordId"]
        operation, retrier = "DeleteMemoryRecord", self._core.retrier
        deleted = retrier.change(
            operation,
            params,
            lambda answer: record_codec.read_deleted_record(answer.body),
            self._core.retry,
            settle=partial(settle_deletion, deleted_id),
        )
        return await observed(retrier.observer, operation, params, deleted)

    async def list_long_term_memory_records(
        self,
        namespace_prefix: str = EVERYWHERE,
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        filters: Sequence[Filter | Mapping[str, Any]] | None = None,
        metadata: Mapping[str, MetadataValue] | None = None,
        max_results: int | None = None,
        page_size: int = MAX_PAGE,
        namespace_path: str | None = None,
        strategy_id: str | None = None,
        metadata_filters: Sequence[Filter | Mapping[str, Any]] | None = None,
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
            filters: Conditions on the metadata, all of which must hold, such as ``where("topic") ==
                "billing"``; or mappings as the service writes them. It evaluates them, and takes
                keys that the memory indexes.
            metadata: Entries of the metadata that must be equal. Together with *filters* these are
                five conditions at most.
            max_results: Largest number of records; all if omitted.
            page_size: Records per request, 1 to 100.
            namespace_path: The official SDK's name of *namespace_prefix*.
            strategy_id: The official SDK's name of *memory_strategy_id*.
            metadata_filters: The official SDK's name of *filters*.

        Returns:
            Records in the service's order; ``score`` is None.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListMemoryRecords``.
        """
        pages = self._listed_records(
            merged(namespace_prefix, EVERYWHERE, namespace_path=namespace_path),
            namespace,
            merged(memory_strategy_id, None, strategy_id=strategy_id),
            merged(filters, None, metadata_filters=metadata_filters),
            metadata,
            page_size,
        )
        return await collect(pages, max_results)

    async def iter_long_term_memory_records(
        self,
        namespace_prefix: str = EVERYWHERE,
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        filters: Sequence[Filter | Mapping[str, Any]] | None = None,
        metadata: Mapping[str, MetadataValue] | None = None,
        page_size: int = MAX_PAGE,
        namespace_path: str | None = None,
        strategy_id: str | None = None,
        metadata_filters: Sequence[Filter | Mapping[str, Any]] | None = None,
    ) -> AsyncGenerator[MemoryRecord]:
        """
        Iterate over the long-term records below a prefix.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.
        ``list_long_term_memory_records`` returns them as a list.

        Args:
            namespace_prefix: As in ``list_long_term_memory_records``.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.
            filters: As in ``list_long_term_memory_records``.
            metadata: As in ``list_long_term_memory_records``.
            page_size: Records per request, 1 to 100.
            namespace_path: The official SDK's name of *namespace_prefix*.
            strategy_id: The official SDK's name of *memory_strategy_id*.
            metadata_filters: The official SDK's name of *filters*.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListMemoryRecords``.
        """
        pages = self._listed_records(
            merged(namespace_prefix, EVERYWHERE, namespace_path=namespace_path),
            namespace,
            merged(memory_strategy_id, None, strategy_id=strategy_id),
            merged(filters, None, metadata_filters=metadata_filters),
            metadata,
            page_size,
        )
        async for page in pages:
            for record in page:
                yield record

    async def search_long_term_memories(
        self,
        query: str,
        namespace_prefix: str = EVERYWHERE,
        top_k: int = 5,
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        filters: Sequence[Filter | Mapping[str, Any]] | None = None,
        metadata: Mapping[str, MetadataValue] | None = None,
        min_score: float | None = None,
        trusted: Sequence[str | Origin] | None = None,
        namespace_path: str | None = None,
        strategy_id: str | None = None,
        metadata_filters: Sequence[Filter | Mapping[str, Any]] | None = None,
        max_results: int | None = None,
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
            filters: As in ``list_long_term_memory_records``.
            metadata: As in ``list_long_term_memory_records``.
            min_score: Least score of a record. It is applied here, to the *top_k* best ones.
            trusted: Only records of these origins, such as ``["user", "tool"]``, 1 or more; the
                memory has to index ``originSource``. It takes one of the five conditions, and a
                request for each.
            namespace_path: The official SDK's name of *namespace_prefix*.
            strategy_id: The official SDK's name of *memory_strategy_id*.
            metadata_filters: The official SDK's name of *filters*.
            max_results: The official SDK's other limit beside *top_k*; the smaller one counts.

        Returns:
            Records with a ``score``: higher is better, and it is not a percentage. One to which the
            service gave none has 0.0 and comes last.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``RetrieveMemoryRecords``, for each origin where *trusted* names any.
        """
        criteria: dict[str, Any] = {
            "searchQuery": check.check_query(query),
            "topK": check.check_int("top_k", top_k, 100),
        }
        if max_results is not None:
            criteria["topK"] = min(criteria["topK"], check.check_int("max_results", max_results))
        namespace_prefix = merged(namespace_prefix, EVERYWHERE, namespace_path=namespace_path)
        memory_strategy_id = merged(memory_strategy_id, None, strategy_id=strategy_id)
        filters = merged(filters, None, metadata_filters=metadata_filters)
        if memory_strategy_id is not None:
            memory_strategy_id = check.check_memory_strategy_id(memory_strategy_id)
            criteria["memoryStrategyId"] = memory_strategy_id
        sources = check_trusted(trusted)
        own = () if sources is None else ("trusted",)
        wanted = check_record_filters(filters, metadata, own)
        least = -inf if min_score is None else check.check_number("min_score", min_score)
        scope = self._record_scope(namespace_prefix, namespace, memory_strategy_id)
        return await self._search_from(criteria, scope, wanted, sources, least)

    def _search_from(
        self,
        criteria: Mapping[str, Any],
        scope: Mapping[str, str],
        wanted: Sequence[Filter],
        sources: Collection[str] | None,
        least: float = -inf,
    ) -> Awaitable[list[MemoryRecord]]:
        """Search for the origins *sources*, or for all: all arguments are checked."""
        request = {"memoryId": self.memory_id, "searchCriteria": criteria}
        found = self._search_each(criteria, scope, wanted, sources, least)
        return observed(self._core.retrier.observer, SEARCH, request, found)

    async def _search_each(
        self,
        criteria: Mapping[str, Any],
        scope: Mapping[str, str],
        wanted: Sequence[Filter],
        sources: Collection[str] | None,
        least: float,
    ) -> list[MemoryRecord]:
        # The service cannot combine conditions by "or", so each origin is searched by itself.
        origins: list[tuple[Filter, ...]] = [()]
        if sources is not None:
            origins = [(Filter(ORIGIN_KEY, "EQUALS_TO", source),) for source in sources]
        found = await run_together(
            [partial(self._search, criteria, scope, (*wanted, *origin)) for origin in origins]
        )
        records = [record for each in found for record in each]
        if sources is not None:
            records = [each for each in records if each.origin and each.origin.source in sources]
        return queries.ranked(records, least)[: criteria["topK"]]

    async def _search(
        self, criteria: Mapping[str, Any], scope: Mapping[str, str], filters: Sequence[Filter]
    ) -> list[MemoryRecord]:
        """Return what one search finds."""
        if filters:
            criteria = {**criteria, "metadataFilters": encode_filters(filters)}
        top_k: int = criteria["topK"]
        params = {"memoryId": self.memory_id, **scope, "searchCriteria": criteria}
        found: list[MemoryRecord] = []
        async for records in self._record_pages(SEARCH, params, scope, top_k):
            found += records
            if len(found) >= top_k:
                break
        return found

    def _listed_records(
        self,
        prefix: str,
        namespace: str | None,
        memory_strategy_id: str | None,
        filters: object,
        metadata: object,
        page_size: int,
    ) -> Pages[MemoryRecord]:
        """Return the pages of a list."""
        size = check.check_int("page_size", page_size, MAX_PAGE)
        if memory_strategy_id is not None:
            memory_strategy_id = check.check_memory_strategy_id(memory_strategy_id)
        scope = self._record_scope(prefix, namespace, memory_strategy_id)
        params: dict[str, Any] = {"memoryId": self.memory_id, **scope}
        if memory_strategy_id is not None:
            params["memoryStrategyId"] = memory_strategy_id
        if wanted := check_record_filters(filters, metadata):
            params["metadataFilters"] = encode_filters(wanted)
        return self._record_pages("ListMemoryRecords", params, scope, size)

    def _record_params(self, memory_record_id: str | None, namespace: str | None) -> dict[str, Any]:
        """Return the members of a request for one record."""
        record_id = check.check_memory_record_id("memory_record_id", memory_record_id)
        params = {"memoryId": self.memory_id, "memoryRecordId": record_id}
        if namespace is not None:
            values = self._namespace_values()
            params["namespace"] = resolve_template(namespace, values, argument="namespace")
        return params

    def _record_scope(
        self, prefix: str, namespace: str | None, memory_strategy_id: str | None
    ) -> dict[str, str]:
        scope = queries.record_scope(prefix, namespace, self._namespace_values(memory_strategy_id))
        given = prefix if namespace is None else namespace
        (resolved,) = scope.values()
        self._warn_of_unwritten({given: resolved})
        return scope

    def _record_pages(
        self, operation: str, params: Mapping[str, Any], scope: Mapping[str, str], size: int
    ) -> Pages[MemoryRecord]:
        """Return the pages of *operation*, less the records outside of *scope*."""

        def read(body: Mapping[str, Any]) -> list[MemoryRecord]:
            records = record_codec.read_records(operation, body, self._core.unreadable)
            return queries.belonging(records, scope)

        return Pages(self._core.retrier, operation, params, read, size, self._core.retry)
