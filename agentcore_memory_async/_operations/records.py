"""
What was learnt: the long-term records below a prefix, listed, searched, waited for.

The half of a session that reads what the service extracts in the background.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages, collect
from agentcore_memory_async._extraction.wait_options import read_wait
from agentcore_memory_async._wire import codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.namespaces import is_under, resolve_prefix, resolve_template
from agentcore_memory_async.extraction import ExtractionPoller
from agentcore_memory_async.policies import check_retry

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from datetime import timedelta

    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._extraction.shared_polls import Polls
    from agentcore_memory_async.models import Event, MemoryRecord
    from agentcore_memory_async.policies import PollPolicy, RetryPolicy


class LongTermMemory:
    """
    The long-term half of a session.

    Args:
        retrier: Sends the requests.
        memory_id: The memory.
        actor_id: What ``{actorId}`` stands for in templates.
        session_id: What ``{sessionId}`` stands for.
        polls: The looks of the manager.
    """

    def __init__(
        self, retrier: Retrier, memory_id: str, actor_id: str, session_id: str, polls: Polls
    ) -> None:
        self._retrier = retrier
        self._polls = polls
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
        found = self.iter_long_term_memory_records(
            namespace_prefix,
            namespace=namespace,
            memory_strategy_id=memory_strategy_id,
            page_size=page_size,
            retry=retry,
        )
        return await collect(found, max_results)

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
            return codec.read_records("ListMemoryRecords", body)

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
        min_records: int | Mapping[str, int] = 1,
        settle: float | timedelta = 0.0,
        since: Event | None = None,
        until: Callable[[list[MemoryRecord]], bool] | None = None,
        memory_strategy_id: str | Mapping[str, str] | None = None,
        on_timeout: Literal["raise", "return"] = "raise",
        polling: PollPolicy | None = None,
    ) -> ExtractionPoller:
        """
        Wait for the long-term records that the service learns from a conversation.

        Args:
            namespace_prefix: One prefix or several, such as ``/facts/{actorId}/``; the session
                fills in ``{actorId}`` and ``{sessionId}``. What comes is merged.
            timeout: How long one wait may last, in seconds (or a timedelta), above 0.
            min_records: How many new records are enough, 1 or more, over all prefixes; or, as a
                mapping from prefixes as they are given, under each of them.
            settle: For how long nothing new may have come before it is over, in seconds.
            since: The event, as ``add_turns`` returned it, after which records are new: by the
                service's clock, less 2 s. A listed event does not tell when it was accepted; then
                a baseline is taken when the wait begins.
            until: Given the list of new records after each look: whether they are enough.
            memory_strategy_id: Only the records of this strategy; or, as a mapping from prefixes,
                of another one for each. Then only its failed jobs count.
            on_timeout: ``"return"`` gives what has come when the time is over, which may be
                nothing: silence is an answer too.
            polling: When to look, such as ``PollPolicy(expected_s=30)``; the manager's policy if
                omitted.

        Returns:
            A poller to ``await``, ``async for`` over, or enter by ``async with`` before the
            conversation is stored, so that all that is new since then counts. Its outcomes are
            the records, ``ExtractionFailedError`` and ``ExtractionTimeoutError``; errors of the
            service that can't pass are raised at once, others are waited out.

        Raises:
            InvalidInputError: An argument can't be right.

        AWS operations: ``ListMemoryRecords``, and now and then ``ListMemoryExtractionJobs``.
        """
        wait = read_wait(
            namespace_prefix,
            policy=self._polls.policy,
            ids={"actorId": self.actor_id, "sessionId": self.session_id},
            timeout=timeout,
            min_records=min_records,
            settle=settle,
            since=since,
            until=until,
            memory_strategy_id=memory_strategy_id,
            on_timeout=on_timeout,
            polling=polling,
        )
        return ExtractionPoller(self._polls, wait)

    async def wait_for_extraction(
        self,
        namespace_prefix: str | Sequence[str],
        *,
        since: Event,
        timeout: float | timedelta = 180.0,  # noqa: ASYNC109 - waiting is what it is for
        min_records: int | Mapping[str, int] = 1,
        settle: float | timedelta = 0.0,
        until: Callable[[list[MemoryRecord]], bool] | None = None,
        memory_strategy_id: str | Mapping[str, str] | None = None,
        on_timeout: Literal["raise", "return"] = "raise",
        polling: PollPolicy | None = None,
    ) -> list[MemoryRecord]:
        """
        Wait for what is learnt after *since*: the short form of ``extraction_poller``.

        Safe to cancel: nothing is left behind.

        Args:
            namespace_prefix: As in ``extraction_poller``.
            since: The event that ``add_turns`` returned.
            timeout: As in ``extraction_poller``.
            min_records: As in ``extraction_poller``.
            settle: As in ``extraction_poller``.
            until: As in ``extraction_poller``.
            memory_strategy_id: As in ``extraction_poller``.
            on_timeout: As in ``extraction_poller``.
            polling: As in ``extraction_poller``.

        Returns:
            The new records, oldest first.

        Raises:
            ExtractionFailedError: Extraction failed for this event or later ones of the session.
            ExtractionTimeoutError: Too few came in time; it has what had come.
            InvalidInputError: An argument can't be right.

        AWS operations: ``ListMemoryRecords``, and now and then ``ListMemoryExtractionJobs``.
        """
        if since is None:  # pyright: ignore[reportUnnecessaryComparison]
            check.refuse("since is None; give the Event that add_turns() returned")
        return await self.extraction_poller(
            namespace_prefix,
            timeout=timeout,
            min_records=min_records,
            settle=settle,
            since=since,
            until=until,
            memory_strategy_id=memory_strategy_id,
            on_timeout=on_timeout,
            polling=polling,
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
    return codec.read_records("RetrieveMemoryRecords", body)
