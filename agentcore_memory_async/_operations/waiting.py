"""Waiting for the long-term records that the service extracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from agentcore_memory_async._core import View
from agentcore_memory_async._extraction.wait_options import parse_wait_options
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.synonyms import merged
from agentcore_memory_async.extraction import ExtractionPoller
from agentcore_memory_async.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from agentcore_memory_async.filters import Filter
    from agentcore_memory_async.models import MemoryRecord, MetadataValue
    from agentcore_memory_async.policies import PollPolicy


class WaitingOperations(View):
    """Waiting for records: of a session, of an actor, or, through the manager, of any actor."""

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
        filters: Sequence[Filter | Mapping[str, Any]] | None = None,
        metadata: Mapping[str, MetadataValue] | None = None,
        exact: tuple[str, str] | None = None,
        on_timeout: Literal["raise", "return"] = "raise",
        polling: PollPolicy | None = None,
        strategy_id: str | Mapping[str, str] | None = None,
        metadata_filters: Sequence[Filter | Mapping[str, Any]] | None = None,
    ) -> ExtractionPoller:
        """
        Wait for new long-term records.

        Args:
            namespace_prefix: One prefix or several, such as ``/facts/{actorId}/``. A session fills
                in ``{actorId}`` and ``{sessionId}``, an actor ``{actorId}``; what is missing is
                taken from *since*. The records of several prefixes are merged.
            timeout: Longest time that one wait lasts, in seconds or a timedelta, above 0.
            min_records: Number of new records that ends the wait, 1 or more, over all prefixes;
                or, as a mapping from prefixes as they are given, under each of them.
            settle: Quiet period that ends the wait, in seconds or a timedelta: the wait goes on
                until that long after the last new record.
            since: The event, as ``add_turns`` returned it, after which records are new: by the
                service's clock, less 2 s. A listed event does not tell when it was accepted; then
                a baseline is taken when the wait begins. Failed extraction jobs are those of its
                session. Without *since* they are those of the session or the actor, and the manager
                does not ask for any.
            until: Called with the list of new records after each poll; returns whether they are
                enough.
            memory_strategy_id: Only the records of this strategy; or, as a mapping from prefixes,
                of another one for each. Then only its failed jobs count.
            filters: As in ``list_long_term_memory_records``: only records that meet them.
            metadata: As in ``list_long_term_memory_records``. Together with *filters* these are
                four conditions at most, since the poller adds its own by time.
            exact: Key and value of the metadata of your events, such as ``("chat", "chat001")``:
                only records that were learned from events with this entry. It needs a memory that
                indexes the key, and a strategy whose record schema declares it
                ``STRICTLY_CONSISTENT``. It takes one of the conditions. Records of different values
                are never merged, so such a key keeps stale duplicates.
            on_timeout: ``"return"`` returns the records so far when the time is over, which may be
                none; ``"raise"`` raises ``ExtractionTimeoutError``.
            polling: When to poll, such as ``PollPolicy(expected=30)``; the manager's policy if
                omitted.
            strategy_id: The official SDK's name of *memory_strategy_id*.
            metadata_filters: The official SDK's name of *filters*.

        Returns:
            A poller to ``await``, ``async for`` over, or enter by ``async with`` before the
            conversation is stored, so that all that is new since then counts. Its outcomes are
            the records, ``ExtractionFailedError`` and ``ExtractionTimeoutError``. Errors of the
            service that a later poll could not mend are raised at once, others are waited out.

        Raises:
            InvalidInputError: An argument is invalid, or the manager was told by ``describe`` that
                the memory lacks the key of *exact*. Otherwise the wait raises `ValidationError`
                where the memory does not index it.

        AWS operations: ``ListMemoryRecords``, and now and then ``ListMemoryExtractionJobs``.
        """
        polls = self._core.polls
        options = parse_wait_options(
            namespace_prefix,
            policy=polls.policy,
            ids=self._namespace_values(),
            timeout=timeout,
            min_records=min_records,
            settle=settle,
            since=since,
            until=until,
            memory_strategy_id=merged(memory_strategy_id, None, strategy_id=strategy_id),
            filters=merged(filters, None, metadata_filters=metadata_filters),
            metadata=metadata,
            exact=exact,
            on_timeout=on_timeout,
            polling=polling,
        )
        if options.targets[0].exact is not None:
            key, _ = options.targets[0].exact
            self._core.namespaces.check_exact(
                key, options.namespaces, hierarchical=self._core.allow_hierarchical_actor_ids
            )
        self._warn_of_unwritten(options.given)
        return ExtractionPoller(polls, options)

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
        filters: Sequence[Filter | Mapping[str, Any]] | None = None,
        metadata: Mapping[str, MetadataValue] | None = None,
        exact: tuple[str, str] | None = None,
        on_timeout: Literal["raise", "return"] = "raise",
        polling: PollPolicy | None = None,
        strategy_id: str | Mapping[str, str] | None = None,
        metadata_filters: Sequence[Filter | Mapping[str, Any]] | None = None,
    ) -> list[MemoryRecord]:
        """
        Wait for the records extracted after *since*: the short form of ``extraction_poller``.

        Safe to cancel: nothing is left behind.

        Args:
            namespace_prefix: As in ``extraction_poller``.
            since: The event that ``add_turns`` returned.
            timeout: As in ``extraction_poller``.
            min_records: As in ``extraction_poller``.
            settle: As in ``extraction_poller``.
            until: As in ``extraction_poller``.
            memory_strategy_id: As in ``extraction_poller``.
            filters: As in ``extraction_poller``.
            metadata: As in ``extraction_poller``.
            exact: As in ``extraction_poller``.
            on_timeout: As in ``extraction_poller``.
            polling: As in ``extraction_poller``.
            strategy_id: The official SDK's name of *memory_strategy_id*.
            metadata_filters: The official SDK's name of *filters*.

        Returns:
            The new records, oldest first.

        Raises:
            ExtractionFailedError: Extraction failed for this event or later ones of the session.
            ExtractionTimeoutError: Too few records came in time; the error has those that did.
            InvalidInputError: An argument is invalid.

        AWS operations: ``ListMemoryRecords``, and now and then ``ListMemoryExtractionJobs``.
        """
        check.check_type("since", since, Event, "give the Event that add_turns() returned")
        return await self.extraction_poller(
            namespace_prefix,
            timeout=timeout,
            min_records=min_records,
            settle=settle,
            since=since,
            until=until,
            memory_strategy_id=memory_strategy_id,
            filters=filters,
            metadata=metadata,
            exact=exact,
            on_timeout=on_timeout,
            polling=polling,
            strategy_id=strategy_id,
            metadata_filters=metadata_filters,
        )
