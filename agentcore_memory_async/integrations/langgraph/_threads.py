"""
Threads as sessions of one actor: written in batches, read newest first.

Everything here is awaited in the manager's own loop. What is written to a thread while another
write of it is under way goes together, as one event: the tasks of a step finish at the same time,
and the service takes ten such events per second of a session.
"""

from __future__ import annotations

import logging
import time
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from anyio import Event, Lock
from attrs import Factory, define, field, frozen

from agentcore_memory_async import AsyncMemorySession, encode_actor_id, encode_session_id
from agentcore_memory_async.errors import NotFoundError
from agentcore_memory_async.integrations._deletions import delete_session
from agentcore_memory_async.integrations._documents import Reader, pack
from agentcore_memory_async.integrations._recent import Recent
from agentcore_memory_async.integrations.langgraph._history import Conflict, History, Written
from agentcore_memory_async.integrations.langgraph._ledger import Ledger, Put
from agentcore_memory_async.integrations.langgraph._records import (
    FORMAT,
    Record,
    WritesRecord,
    read_document,
    to_document,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from agentcore_memory_async import AsyncMemorySessionManager
    from agentcore_memory_async.integrations.langgraph._history import Found
    from agentcore_memory_async.models import Event as StoredEvent

_LOG = logging.getLogger("agentcore_memory_async")
PAGE = 50
"""Events of a page: what a saver reads for the newest checkpoint of a thread."""


@define(eq=False)
class _Batch:
    """Records that are written together."""

    records: list[Put | WritesRecord]
    is_done: Event = Factory(Event)
    error: BaseException | None = None


@define(eq=False)
class _Thread:
    """
    One thread.

    Attributes:
        session: Its session.
        ledger: What is known of it.
        lock: Held while it is being changed.
        batch: Records that wait for the lock.
    """

    session: AsyncMemorySession
    ledger: Ledger = Factory(Ledger)
    lock: Lock = Factory(Lock)
    batch: _Batch | None = None


class Threads:
    """
    The threads of a saver.

    Args:
        manager: Manager.
        actor_id: Name of the actor that has the threads.
    """

    def __init__(self, manager: AsyncMemorySessionManager, actor_id: str) -> None:
        self.manager = manager
        self.actor_id = encode_actor_id(actor_id)
        self._recent = Recent(_Thread)

    async def append(self, thread_id: str, record: Put | WritesRecord) -> None:
        """Write a record, together with those that come while it waits for its turn."""
        thread = self._thread(thread_id)
        if thread.batch is not None:
            batch = thread.batch
            batch.records.append(record)
            await batch.is_done.wait()
            if batch.error is not None:
                raise batch.error
            return
        batch = thread.batch = _Batch([record])
        try:
            async with thread.lock:
                thread.batch = None  # what comes from now on is the next batch
                await self._write(thread_id, thread, batch.records)
        except BaseException as error:
            batch.error = error
            raise
        finally:
            batch.is_done.set()

    async def _write(
        self, thread_id: str, thread: _Thread, records: list[Put | WritesRecord]
    ) -> None:
        try:
            written = [self._compose(thread_id, thread.ledger, record) for record in records]
            thread.ledger.add_event()
            await write(thread.session, thread_id, written)
        except BaseException:
            thread.ledger = Ledger()  # what it knows may not have been stored
            raise

    def _compose(self, thread_id: str, ledger: Ledger, record: Put | WritesRecord) -> Record:
        if isinstance(record, WritesRecord):
            ledger.note_writes(record)
            return record
        composed, conflict = ledger.compose(record, time.time())
        if conflict is not None:
            report(thread_id, conflict)
        return composed

    async def read_checkpoint(
        self, thread_id: str, namespace: str, checkpoint_id: str | None
    ) -> Found | None:
        """Return a checkpoint of a thread, the newest one of the namespace without an id."""
        thread, history = self._thread(thread_id), History(namespace)
        reading = self.reading(thread_id, history)
        try:
            while not history.is_whole:
                await reading.read_page()
                id_ = checkpoint_id or history.newest(namespace)
                found = history.find((namespace, id_)) if id_ else None
                if found is not None:
                    for conflict in thread.ledger.note_read(found, history):
                        report(thread_id, conflict)
                    return found
        finally:
            await reading.aclose()
        if not checkpoint_id:
            thread.ledger.note_absence(namespace)
        return None

    def reading(self, thread_id: str, history: History) -> Reading:
        """Return what reads a thread into a history."""
        return Reading(self._session(thread_id), history)

    async def thread_ids(self) -> list[str]:
        """Return the ids of all threads, each from the newest document of its session."""
        found: list[str] = []
        async for summary in self.manager.iter_actor_sessions(self.actor_id, has_events=True):
            session = AsyncMemorySession(self.manager, self.actor_id, summary.session_id)
            async with aclosing(documents(session, page_size=10)) as newest:
                async for document in newest:
                    found.append(document.thread_id)
                    break
        return found

    async def read_all(self, thread_id: str) -> list[StoredDocument]:
        """Return all documents of a thread, oldest first."""
        found = [each async for each in documents(self._session(thread_id))]
        return found[::-1]

    async def write_records(self, thread_id: str, records: list[Record]) -> None:
        """Write records as they are."""
        async with self._changed(thread_id) as thread:
            await write(thread.session, thread_id, records)

    async def replace(
        self, thread_id: str, decide: Callable[[list[StoredDocument]], list[Replacement]]
    ) -> None:
        """Replace documents of a thread: what is left of one is written before it is deleted."""
        async with self._changed(thread_id) as thread:
            for each in decide(await self.read_all(thread_id)):
                if each.records:
                    await write(thread.session, thread_id, each.records, each.stored.event)
                for event_id in each.stored.event_ids:
                    with suppress(NotFoundError):  # it is gone already
                        await thread.session.delete_event(event_id)

    async def delete(self, thread_id: str) -> None:
        """Delete all of a thread."""
        async with self._changed(thread_id) as thread:
            await delete_session(thread.session)

    @asynccontextmanager
    async def _changed(self, thread_id: str) -> AsyncGenerator[_Thread]:
        """Keep others from writing a thread; what was known of it no longer is."""
        thread = self._thread(thread_id)
        async with thread.lock:
            thread.ledger = Ledger()
            yield thread

    def _session(self, thread_id: str) -> AsyncMemorySession:
        return AsyncMemorySession(self.manager, self.actor_id, encode_session_id(thread_id))

    def _thread(self, thread_id: str) -> _Thread:
        return self._recent.of(self._session(thread_id))


@frozen
class StoredDocument:
    """
    Records that were stored together.

    Attributes:
        thread_id: Id of their thread.
        records: The records, in the order in which they were written.
        event: The event in which they begin.
        event_ids: Ids of all their events.
    """

    thread_id: str
    records: list[Record] = field(repr=False)
    event: StoredEvent = field(repr=False)
    event_ids: tuple[str, ...]


@frozen
class Replacement:
    """
    A document that is to be replaced.

    Attributes:
        stored: The document.
        records: What replaces it; nothing if it is empty.
    """

    stored: StoredDocument
    records: list[Record] = field(repr=False)


class Reading:
    """
    Reads a session page by page into a history.

    Args:
        session: Session of a thread.
        history: Where the records go.
    """

    def __init__(self, session: AsyncMemorySession, history: History) -> None:
        self._events = session.iter_events(page_size=PAGE)
        self._reader = Reader(FORMAT)
        self._history = history
        self._depth = 0

    async def read_page(self) -> None:
        """Read as many events as a page has."""
        for _ in range(PAGE):
            event = await anext(self._events, None)
            if event is None:
                self._history.is_whole = True
                return
            document = await self._reader.read(event)
            if document is not None:
                written = Written(self._depth, event.timestamp.timestamp())
                for record in reversed(read_document(document.value)):
                    self._history.add(record, written)
            self._depth += 1

    async def aclose(self) -> None:
        """End."""
        await self._events.aclose()


async def documents(
    session: AsyncMemorySession, page_size: int = PAGE
) -> AsyncGenerator[StoredDocument]:
    """Iterate over the documents of a session, newest first."""
    reader = Reader(FORMAT)
    events = session.iter_events(page_size=page_size)
    try:
        async for event in events:
            found = await reader.read(event)
            if found is not None:
                records = read_document(found.value)
                yield StoredDocument(found.value["thread"], records, found.event, found.event_ids)
    finally:
        await events.aclose()


async def write(
    session: AsyncMemorySession,
    thread_id: str,
    records: list[Record],
    like: StoredEvent | None = None,
) -> None:
    """Write records as one document, with the time of another event if that is given."""
    document = to_document(thread_id, records)
    for items in await pack(FORMAT, document):
        await session.add_turns(items, extract=False, timestamp=like.timestamp if like else None)


def report(thread_id: str, conflict: Conflict) -> None:
    """Log that a thread has two writers."""
    _LOG.warning(
        "thread %r has two writers: its checkpoints %s and %s were written by runs that did not "
        "know of one another (both follow %s); let one run at a time go on with a thread",
        thread_id,
        conflict.key[1],
        conflict.other,
        conflict.base or "an empty thread",
    )
