"""Conversations and records brought into a memory, and taken out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from agentcore_memory_async._operations.batches import BatchOperations
from agentcore_memory_async._operations.chunks import iterate
from agentcore_memory_async._operations.exporting import Export
from agentcore_memory_async._operations.importing import Import
from agentcore_memory_async._operations.records import RecordOperations
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.forgetting import Target, actor_targets
from agentcore_memory_async._wire.resolved_namespaces import check_namespaces, templates_to_reach

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Collection, Iterable, Mapping, Sequence

    from agentcore_memory_async.models import (
        Conversation,
        HistoryRecord,
        MemoryRecord,
        NotCovered,
        SessionSummary,
    )


class TransferOperations(RecordOperations, BatchOperations):
    """Import and export of a manager."""

    def import_conversations(
        self,
        conversations: AsyncIterable[Conversation | HistoryRecord]
        | Iterable[Conversation | HistoryRecord],
        *,
        extract: bool,
        concurrency: int = 16,
        stored: Collection[int] = (),
    ) -> Import:
        """
        Store conversations that were held elsewhere: each message as an event with its own time.

        Await the result, or follow it with ``async for``. Running it again with the same
        conversations, in any process, stores nothing twice. Messages of equal times keep their
        order: each moves to the next free millisecond. It keeps to the pace of the service, which
        takes five messages of a session in a second.

        Args:
            conversations: Conversations, and records, as an async or other iterable, such as what
                ``export`` yields. One that is neither async nor a collection is iterated in
                threads.
            extract: Whether the service may extract records from the messages.
            concurrency: Conversations that are stored at once, 1 to 1,000.
            stored: Places of items that an earlier import of the same items has stored, from the
                ``places`` of its progress: they are counted and not sent.

        Raises:
            InvalidInputError: An argument is invalid. While it runs: an item is no conversation, or
                one that the service would refuse.

        AWS operations: ``CreateEvent`` and ``BatchCreateMemoryRecords``.
        """
        check.check_bool("extract", extract)
        check.check_int("concurrency", concurrency, 1000)
        places = frozenset(check.check_list("stored", stored, "places"))
        for place in places:
            check.check_type("an item of stored", place, int, "give the places of items, from 0")
        source = iterate("conversations", conversations, "Conversation")
        return Import(self, source, extract, concurrency, cast("frozenset[int]", places))

    def export(
        self,
        actor_ids: Iterable[str] | None = None,
        *,
        namespaces: Mapping[str, str] | Sequence[str] | None = None,
        skip: Callable[[SessionSummary | MemoryRecord], bool] | None = None,
    ) -> Export:
        """
        Read out conversations and records, as ``import_conversations`` takes them.

        ``async for item in manager.export()`` yields each `Conversation`, with branches, data and
        metadata, then each `HistoryRecord`, with metadata and expiry. ``item.to_dict()`` is JSON
        data. Events of equal times are a millisecond apart there, in their order.

        Args:
            actor_ids: Actors whose data is read; everything in the memory if omitted.
            namespaces: With *actor_ids*: templates of the namespaces of their records; those that
                the manager knows if omitted.
            skip: Function of each session and record that is found, before it is read: whether it
                is left out, such as one that an earlier export has read.

        Raises:
            InvalidInputError: An argument is invalid, or actors are given and no namespaces known.

        AWS operations: ``ListActors``, ``ListSessions``, ``ListEvents``, ``ListMemoryRecords`` and
        ``GetMemoryRecord``.
        """
        check.check_callable("skip", skip, "give a function of a SessionSummary or MemoryRecord")
        if actor_ids is None:
            return Export(self, None, [Target("/")], (), skip)
        hierarchical = self._core.allow_hierarchical_actor_ids
        ids = [
            check.check_actor_id(each, hierarchical=hierarchical)
            for each in check.check_list("actor_ids", actor_ids, "actor ids")
        ]
        known = self._core.namespaces if namespaces is None else check_namespaces(namespaces)
        templates = templates_to_reach(known)
        targets: list[Target] = []
        left: tuple[NotCovered, ...] = ()
        for actor_id in ids:
            of_actor, left = actor_targets(templates, actor_id, hierarchical=hierarchical)
            targets += of_actor
        return Export(self, ids, targets, left, skip)
