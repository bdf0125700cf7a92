"""What a store sends: the events of a namespace, the records of its items, and their removal."""

from __future__ import annotations

import logging
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from anyio import Event, Lock
from attrs import define, field

from agentcore_memory_async.errors import AgentCoreMemoryError, NotFoundError
from agentcore_memory_async.integrations._documents import pack
from agentcore_memory_async.integrations._together import gather
from agentcore_memory_async.integrations.langgraph._store_log import (
    FORMAT,
    Log,
    changes_in,
    to_value,
)
from agentcore_memory_async.integrations.langgraph._store_names import (
    labels_of,
    path_of,
    record_path,
    session_of,
)
from agentcore_memory_async.integrations.langgraph._store_query import texts_of
from agentcore_memory_async.models import NewMemoryRecord
from agentcore_memory_async.session import AsyncMemorySession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.integrations.langgraph._store_log import Stale
    from agentcore_memory_async.integrations.langgraph._store_names import Labels
    from agentcore_memory_async.manager import AsyncMemorySessionManager
    from agentcore_memory_async.models import MemoryRecord

Put = tuple[dict[str, Any] | None, Literal[False] | list[str] | None]
"""A value that is stored and its fields that are searched, or None where the item goes."""

_LOG = logging.getLogger("agentcore_memory_async")
AT_ONCE = 20
"""Calls of one operation that are under way at once."""
_MOST_FOUND = 100
"""Largest number of records that a search of the service finds."""
_PEEK = 10
"""Events of a page where one that is not gone is looked for."""
_PAGE = 100
"""Events of a page."""
_PUTS = 20
"""Number of calls that put, after which a namespace of one page is tidied up."""
_MOST_STALE = 100
"""Largest number of documents that are deleted at a time."""
MOST_REMEMBERED = 10_000
"""
Number of deleted records, of namespaces that were written to, and of long names, from which on they
are forgotten: then records are deleted once more, writes counted anew, and names read again.
"""
_UNSEEN = timedelta(minutes=10)
"""How long a record may not be found by its id; AWS takes about a minute and a half."""


@define
class _Group:
    """Writes to one namespace that are sent together, and how they ended."""

    puts: dict[str, Put]
    done: Event = field(factory=Event)
    error: BaseException | None = None


class StoreService:
    """The memory, as a store uses it; everything here is awaited in the manager's loop."""

    def __init__(
        self, manager: AsyncMemorySessionManager, actor_id: str, paths: Sequence[str]
    ) -> None:
        self.is_indexed = bool(paths)
        self._manager = manager
        self._actor_id = actor_id
        self._paths = paths
        self._long_names: dict[str, Labels] = {}
        self._due: dict[str, float] = {}
        self._deleted: set[str] = set()
        self._waiting: dict[str, _Group] = {}
        self._locks: dict[str, Lock] = {}

    async def read(self, session_id: str) -> Log:
        """Return the log of a session, whole."""
        log = Log()
        async with aclosing(self._session(session_id).iter_events()) as events:
            async for event in events:
                await log.add(event)
        return log

    async def has_items(self, session_id: str) -> bool:
        """Return whether a session has an item; the newest events tell."""
        log, gone = Log(), set[str]()
        events = self._session(session_id).iter_events(page_size=_PEEK)
        async with aclosing(events):
            async for event in events:
                document = await log.add(event)
                changes = {} if document is None else changes_in(document)
                for key, change in changes.items():
                    if change.value is None:
                        gone.add(key)
                    elif key not in gone:
                        return True
        return False

    async def sessions(self) -> dict[str, Labels]:
        """Return the namespaces that have events, by session."""
        listed = await self._manager.list_actor_sessions(self._actor_id, has_events=True)
        found = {each.session_id: self._name(each.session_id) for each in listed}
        unknown = [session_id for session_id, labels in found.items() if labels is None]
        for session_id, labels in zip(
            unknown, await gather(self._read_name, unknown, most=AT_ONCE), strict=True
        ):
            found[session_id] = labels
            if labels is not None:
                _make_room(self._long_names)
                self._long_names[session_id] = labels
        return {session_id: labels for session_id, labels in found.items() if labels is not None}

    def _name(self, session_id: str) -> Labels | None:
        return self._long_names.get(session_id) or labels_of(session_id)

    async def _read_name(self, session_id: str) -> Labels | None:
        """Return the name of a namespace that is too long for the id of its session."""
        log = Log()
        events = self._session(session_id).iter_events(page_size=1)
        async with aclosing(events):
            async for event in events:
                await log.add(event)
                if log.labels is not None:
                    break
        return log.labels

    async def find(self, query: str, labels: Labels) -> list[MemoryRecord]:
        """Return the records below a namespace that a query finds, best first."""
        path = path_of(self._actor_id, labels)
        return await self._manager.search_long_term_memories(query, path, _MOST_FOUND)

    async def write(self, labels: Labels, puts: dict[str, Put]) -> None:
        """
        Write to one namespace.

        What is called while another write is under way there is written together, after it: a
        namespace takes few events a second.
        """
        session_id = session_of(labels)
        group = self._waiting.get(session_id)
        if group is not None:
            group.puts.update(puts)
            await group.done.wait()
            if group.error is not None:
                raise group.error
            return
        group = self._waiting[session_id] = _Group(dict(puts))
        lock = self._locks.setdefault(session_id, Lock())
        try:
            async with lock:
                del self._waiting[session_id]
                await self._write(session_id, labels, group.puts)
        except BaseException as error:
            group.error = error
            if self._waiting.get(session_id) is group:  # it has not begun, and never will
                del self._waiting[session_id]
            raise
        finally:
            group.done.set()
            if session_id not in self._waiting:
                self._locks.pop(session_id, None)

    async def _write(self, session_id: str, labels: Labels, puts: dict[str, Put]) -> None:
        """Write the records first, so that the event can name them."""
        records = await self._index(labels, puts)
        changes = {
            key: None if value is None else (value, records.get(key, []))
            for key, (value, _) in puts.items()
        }
        for payload in await pack(FORMAT, to_value(labels, changes)):
            await self._session(session_id).add_turns(payload, extract=False)
        has_deleted = any(value is None for value, _ in puts.values())
        due = self._due.get(session_id, 0.0) - (1.0 if has_deleted else 1 / _PUTS)
        if session_id not in self._due:
            _make_room(self._due)
        self._due[session_id] = due
        if due <= -1.0:
            await self._tidy_up(session_id)

    async def _index(self, labels: Labels, puts: dict[str, Put]) -> dict[str, list[str]]:
        """Write the records of values; return their ids by key."""
        now, namespace = datetime.now(UTC), record_path(self._actor_id, labels)
        keys: list[str] = []
        records: list[NewMemoryRecord] = []
        for key, (value, index) in puts.items():
            if value is None or index is False or not self.is_indexed:
                continue
            for text in texts_of(value, self._paths if index is None else index):
                keys.append(key)
                records.append(NewMemoryRecord(namespace=namespace, content=text, timestamp=now))
        found: dict[str, list[str]] = {}
        if records:
            outcomes = await self._manager.batch_create_memory_records(
                records, raise_on_failure=True
            )
            for key, outcome in zip(keys, outcomes, strict=True):
                found.setdefault(key, []).append(outcome.memory_record_id)
        return found

    async def _tidy_up(self, session_id: str) -> None:
        """
        Delete what says nothing any more.

        The write before has succeeded. What is left now is found the next time.
        """
        try:
            log = await self.read(session_id)
            # About one call to read for each that writes, however large the namespace is.
            self._due[session_id] = log.size // _PAGE
            await self._delete(session_id, log)
        except AgentCoreMemoryError as error:
            _LOG.warning("session %s was not tidied up: %s", session_id, error)

    async def _delete(self, session_id: str, log: Log) -> None:
        await self._delete_records(log.replaced_records(), log.labels or ())
        found = log.stale()
        stale = [
            each
            for each in found[:_MOST_STALE]
            if each.age > _UNSEEN or self._deleted.issuperset(each.records)
        ]
        # A value that was replaced hides nothing. What hides goes at last, oldest first.
        hiding_nothing = [each for each in stale if not each.hides]
        await gather(partial(self._drop, session_id), hiding_nothing, most=AT_ONCE)
        if len(stale) < len(found):
            return
        for each in stale:
            if each.hides:
                await self._drop(session_id, each)

    async def _delete_records(self, record_ids: set[str], labels: Labels) -> None:
        """Delete records that are not known to be deleted; one may be too new to be found."""
        left = sorted(record_ids - self._deleted)
        if left:
            result = await self._manager.batch_delete_memory_records(
                left, namespace=record_path(self._actor_id, labels)
            )
            _make_room(self._deleted)
            self._deleted |= {each.memory_record_id for each in result.succeeded}

    async def _drop(self, session_id: str, stale: Stale) -> None:
        for event_id in stale.events:
            try:
                await self._session(session_id).delete_event(event_id)
            except NotFoundError:  # another store has deleted it
                continue

    def _session(self, session_id: str) -> AsyncMemorySession:
        return AsyncMemorySession(self._manager, self._actor_id, session_id)


def _make_room(known: dict[str, Any] | set[str]) -> None:
    """Forget all that is known, if it is as much as is remembered."""
    if len(known) >= MOST_REMEMBERED:
        known.clear()
