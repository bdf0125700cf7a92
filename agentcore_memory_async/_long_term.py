"""
What was learnt: the long-term records below a prefix, listed, searched, waited for.

The half of a session that reads what the service extracts in the background.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from agentcore_memory_async import _codec
from agentcore_memory_async import _validation as check
from agentcore_memory_async._pages import MAX_PAGE, Pages
from agentcore_memory_async.errors import DecodeError
from agentcore_memory_async.extraction import ExtractionPoller
from agentcore_memory_async.namespaces import is_under, resolve_prefix, resolve_template
from agentcore_memory_async.policies import check_retry

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from datetime import timedelta

    from agentcore_memory_async._retry import Retrier
    from agentcore_memory_async.models import MemoryRecord
    from agentcore_memory_async.policies import RetryPolicy


class LongTermMemory:
    """
    The long-term half of a session.

    Args:
        retrier: Sends the requests.
        memory_id: The memory.
        actor_id: What ``{actorId}`` stands for in templates.
        session_id: What ``{sessionId}`` stands for.
    """

    def __init__(self, retrier: Retrier, memory_id: str, actor_id: str, session_id: str) -> None:
        self._retrier = retrier
        self.memory_id = memory_id
        self.actor_id = actor_id
        self.session_id = session_id

    async def list_long_term_memory_records(
        self,
        namespace_prefix: str = "/",
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        max_results: int | None = None,
        page_size: int = MAX_PAGE,
        retry: RetryPolicy | None = None,
    ) -> list[MemoryRecord]:
        """
        Give the long-term records below a prefix: all of them, page after page.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.
        ``iter_long_term_memory_records`` gives the same one by one.

        Args:
            namespace_prefix: A path such as ``/facts/{actorId}/``; the session fills in
                ``{actorId}`` and ``{sessionId}``. ``/users/1`` does not reach ``/users/10``.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.
            max_results: Stop after so many; all if omitted.
            page_size: How many the service gives at a time, 1 to 100.
            retry: How long and how often each request is tried; the manager's policy if omitted.

        Returns:
            Records in the service's order; ``score`` is None.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operation: ``ListMemoryRecords``.
        """
        records: list[MemoryRecord] = []
        if max_results is not None:
            check.check_int("max_results", max_results)
        async with aclosing(
            self.iter_long_term_memory_records(
                namespace_prefix,
                namespace=namespace,
                memory_strategy_id=memory_strategy_id,
                page_size=page_size,
                retry=retry,
            )
        ) as found:
            async for record in found:
                records.append(record)
                if len(records) == max_results:
                    break
        return records

    async def iter_long_term_memory_records(
        self,
        namespace_prefix: str = "/",
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        page_size: int = MAX_PAGE,
        retry: RetryPolicy | None = None,
    ) -> AsyncGenerator[MemoryRecord]:
        """
        Go through the long-term records below a prefix.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.
        ``list_long_term_memory_records`` gives them as a list.

        Args:
            namespace_prefix: As in ``list_long_term_memory_records``.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.
            page_size: How many the service gives at a time, 1 to 100.
            retry: How long and how often each request is tried; the manager's policy if omitted.

        AWS operation: ``ListMemoryRecords``.
        """
        size = check.check_int("page_size", page_size, MAX_PAGE)
        scope = self._scope(namespace_prefix, namespace, memory_strategy_id)
        params = {"memoryId": self.memory_id, **scope}
        if memory_strategy_id is not None:
            params["memoryStrategyId"] = memory_strategy_id

        def read(body: Mapping[str, Any]) -> list[MemoryRecord]:
            return _codec.read_records("ListMemoryRecords", body)

        async for records in Pages(
            self._retrier, "ListMemoryRecords", params, read, size, check_retry(retry)
        ):
            for record in records:
                if _is_within(record, scope):
                    yield record

    async def search_long_term_memories(
        self,
        query: str,
        namespace_prefix: str = "/",
        top_k: int = 5,
        *,
        namespace: str | None = None,
        memory_strategy_id: str | None = None,
        retry: RetryPolicy | None = None,
    ) -> list[MemoryRecord]:
        """
        Search the long-term records below a prefix by meaning, best first.

        The default ``"/"`` reads the records of every actor: give a prefix of one actor instead.

        Args:
            query: What to look for, 1 to 10,000 characters.
            namespace_prefix: As in ``list_long_term_memory_records``.
            top_k: How many records at most, 1 to 100.
            namespace: One exact namespace instead of a prefix.
            memory_strategy_id: Only the records of this strategy.
            retry: How long and how often each request is tried; the manager's policy if omitted.

        Returns:
            Records with a ``score``: higher is better, and it is not a percentage.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operation: ``RetrieveMemoryRecords``.
        """
        criteria: dict[str, Any] = {
            "searchQuery": check.check_query(query),
            "topK": check.check_int("top_k", top_k, 100),
        }
        scope = self._scope(namespace_prefix, namespace, memory_strategy_id)
        if memory_strategy_id is not None:
            criteria["memoryStrategyId"] = memory_strategy_id
        params = {"memoryId": self.memory_id, **scope, "searchCriteria": criteria}
        found: list[MemoryRecord] = []
        async for records in Pages(
            self._retrier, "RetrieveMemoryRecords", params, _read_scored, top_k, check_retry(retry)
        ):
            found += [record for record in records if _is_within(record, scope)]
            if len(found) >= top_k:
                break
        return sorted(found, key=lambda record: record.score or 0.0, reverse=True)[:top_k]

    def extraction_poller(
        self,
        namespace_prefix: str | Sequence[str],
        *,
        timeout: float | timedelta = 180.0,
        min_records: int = 1,
        settle: float | timedelta = 0.0,
    ) -> ExtractionPoller:
        """
        Wait for the long-term records that the service learns from a conversation.

        Args:
            namespace_prefix: One prefix or several, such as ``/facts/{actorId}/``; the session
                fills in ``{actorId}`` and ``{sessionId}``. What comes is merged.
            timeout: How long one wait may last, in seconds (or a timedelta), above 0.
            min_records: How many new records are enough, 1 or more.
            settle: For how long nothing new may have come before it is over, in seconds.

        Returns:
            A poller to ``await``, ``async for`` over, or enter by ``async with`` before the
            conversation is stored, so that all that is new since then counts.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operation: ``ListMemoryRecords``.
        """
        given = [namespace_prefix] if isinstance(namespace_prefix, str) else namespace_prefix
        if not isinstance(given, list | tuple) or not given:
            what = "empty" if given == [] or given == () else check.kind(given)
            check.refuse(
                f"namespace_prefix is {what}; give a str such as '/facts/{{actorId}}/', or a list "
                "of one or more"
            )
        scopes = [self._scope(prefix, None, None)["namespacePath"] for prefix in given]
        prefixes = tuple(dict.fromkeys(scopes))

        async def look() -> list[MemoryRecord]:
            found: dict[str, MemoryRecord] = {}
            for prefix in prefixes:
                for record in await self.list_long_term_memory_records(prefix):
                    found[record.memory_record_id] = record
            return list(found.values())

        return ExtractionPoller(
            look,
            prefixes,
            timeout_s=check.check_duration("timeout", timeout, least=0.001),
            min_records=check.check_int("min_records", min_records),
            settle_s=check.check_duration("settle", settle),
        )

    def _scope(
        self, prefix: str, namespace: str | None, memory_strategy_id: str | None
    ) -> dict[str, Any]:
        """Give the member that says which records: an exact namespace, or a path."""
        if memory_strategy_id is not None:
            check.check_memory_strategy_id(memory_strategy_id)
        values = {
            "actorId": self.actor_id,
            "sessionId": self.session_id,
            "memoryStrategyId": memory_strategy_id,
        }
        if namespace is None:
            return {"namespacePath": resolve_prefix(prefix, values)}
        if prefix != "/":
            check.refuse(
                "namespace and namespace_prefix are both given; give one of them: namespace is "
                "exact, namespace_prefix has all below it"
            )
        return {"namespace": resolve_template(namespace, values, argument="namespace")}


def _is_within(record: MemoryRecord, scope: Mapping[str, str]) -> bool:
    """Tell whether *record* belongs: the service's old prefixes took ``/u/10`` for ``/u/1``."""
    if "namespace" in scope:
        return record.namespace == scope["namespace"]
    return is_under(record.namespace, scope["namespacePath"])


def _read_scored(body: Mapping[str, Any]) -> list[MemoryRecord]:
    records = _codec.read_records("RetrieveMemoryRecords", body)
    if any(record.score is None for record in records):
        raise DecodeError("RetrieveMemoryRecords", "a record has no score")
    return records
