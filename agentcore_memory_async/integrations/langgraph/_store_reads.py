"""The operations of a batch that read: what they need is read once, then they are answered."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, TypeVar

from langgraph.store.base import GetOp, Item, ListNamespacesOp, SearchItem, SearchOp

from agentcore_memory_async.integrations._together import gather
from agentcore_memory_async.integrations.langgraph._store_names import session_in, session_of
from agentcore_memory_async.integrations.langgraph._store_query import meets, page, selected
from agentcore_memory_async.integrations.langgraph._store_service import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from langgraph.store.base import Op, Result

    from agentcore_memory_async.integrations.langgraph._store_log import Stored
    from agentcore_memory_async.integrations.langgraph._store_names import Labels
    from agentcore_memory_async.integrations.langgraph._store_service import StoreService
    from agentcore_memory_async.models import MemoryRecord

AnyOp = TypeVar("AnyOp")
Found = tuple["Stored", float | None]
"""An item and its score."""


class Reads:
    """What a batch has read so far."""

    def __init__(self, service: StoreService) -> None:
        self._service = service
        self._items: dict[str, dict[str, Stored]] = {}
        self._sessions: dict[str, Labels] | None = None
        self._records: dict[tuple[str, Labels], list[MemoryRecord]] = {}

    async def run(self, ops: Sequence[Op]) -> list[Result]:
        """Return the results of *ops*; None for each that writes."""
        searches = _of_kind(ops, SearchOp)
        by_meaning = [op for op in searches if op.query and self._service.is_indexed]
        plain = [op for op in searches if op not in by_meaning]
        await self._search(by_meaning)
        gets = {session_of(tuple(op.namespace)) for op in _of_kind(ops, GetOp)}
        await self._read(gets | self._found_sessions() | await self._below(plain))
        # Fewer were found than asked for: the rest of the items follow, such as new ones.
        await self._read(await self._below([op for op in by_meaning if self._lacks(op)]))
        return [await self._result(op) for op in ops]

    async def _result(self, op: Op) -> Result:
        if isinstance(op, GetOp):
            stored = self._items[session_of(tuple(op.namespace))].get(op.key)
            return None if stored is None else _item(stored)
        if isinstance(op, SearchOp):
            found = self._found(op)[op.offset : op.offset + op.limit]
            return [_search_item(stored, score) for stored, score in found]
        if isinstance(op, ListNamespacesOp):
            return list(await self._namespaces(op))
        return None

    async def _search(self, ops: Iterable[SearchOp]) -> None:
        wanted = {(op.query or "", tuple(op.namespace_prefix)) for op in ops}

        async def search(each: tuple[str, Labels]) -> None:
            self._records[each] = await self._service.find(*each)

        await gather(search, sorted(wanted), most=AT_ONCE)

    async def _read(self, session_ids: Iterable[str]) -> None:
        async def read(session_id: str) -> None:
            self._items[session_id] = (await self._service.read(session_id)).items()

        missing = sorted(set(session_ids) - self._items.keys())
        await gather(read, missing, most=AT_ONCE)

    async def _listed(self) -> dict[str, Labels]:
        if self._sessions is None:
            self._sessions = await self._service.sessions()
        return self._sessions

    async def _below(self, ops: Sequence[SearchOp]) -> set[str]:
        """Return the sessions of the namespaces below the prefixes of searches."""
        if not ops:
            return set()
        listed = await self._listed()
        prefixes = {tuple(op.namespace_prefix) for op in ops}
        # The list may lag behind; what is asked for by its own name is read anyway.
        own = {session_of(prefix) for prefix in prefixes if prefix}
        return own.union(
            session_id
            for session_id, labels in listed.items()
            if any(labels[:length] in prefixes for length in range(len(labels) + 1))
        )

    def _found_sessions(self) -> set[str]:
        found = self._records.values()
        return {session_in(record.namespace) for records in found for record in records}

    def _lacks(self, op: SearchOp) -> bool:
        return len(self._scored(op)) < op.offset + op.limit or min(op.offset, op.limit) < 0

    def _found(self, op: SearchOp) -> list[Found]:
        """Return what a search finds: by meaning the best first, and then the newest."""
        scored = self._scored(op)
        if not self._lacks(op):
            return scored
        known = {id(stored) for stored, _ in scored}
        rest = [each for each in self._matching(op) if id(each) not in known]
        rest.sort(key=lambda each: each.updated_at, reverse=True)
        return [*scored, *((each, None) for each in rest)]

    def _scored(self, op: SearchOp) -> list[Found]:
        records = self._records.get((op.query or "", tuple(op.namespace_prefix)), [])
        by_record = {each: stored for stored in self._matching(op) for each in stored.records}
        found: dict[int, Found] = {}
        for record in records:  # best first: the best one of an item counts
            stored = by_record.get(record.memory_record_id)
            if stored is not None:
                found.setdefault(id(stored), (stored, record.score))
        return list(found.values())

    def _matching(self, op: SearchOp) -> list[Stored]:
        prefix = tuple(op.namespace_prefix)
        return [
            stored
            for items in self._items.values()
            for stored in items.values()
            if stored.labels[: len(prefix)] == prefix and meets(stored.value, op.filter)
        ]

    async def _namespaces(self, op: ListNamespacesOp) -> list[Labels]:
        """Return the namespaces that are asked for and have an item."""
        sessions = {labels: each for each, labels in (await self._listed()).items()}
        wanted = selected(sessions, op.match_conditions or ())
        asked = [sessions[labels] for labels in wanted]
        have = await gather(self._service.has_items, asked, most=AT_ONCE)
        return page((labels for labels, has in zip(wanted, have, strict=True) if has), op)


def _of_kind(ops: Sequence[Op], kind: type[AnyOp]) -> list[AnyOp]:
    return [op for op in ops if isinstance(op, kind)]


def _item(stored: Stored) -> Item:
    return Item(
        value=deepcopy(stored.value),
        key=stored.key,
        namespace=stored.labels,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def _search_item(stored: Stored, score: float | None) -> SearchItem:
    return SearchItem(
        namespace=stored.labels,
        key=stored.key,
        value=deepcopy(stored.value),
        created_at=stored.created_at,
        updated_at=stored.updated_at,
        score=score,
    )
