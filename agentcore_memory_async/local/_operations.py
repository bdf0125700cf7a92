"""Every operation by its wire name, run in the database thread."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import attrs

from agentcore_memory_async.local._batch import batch_create, batch_delete, batch_update
from agentcore_memory_async.local._errors import AwsError
from agentcore_memory_async.local._events import milliseconds
from agentcore_memory_async.local._extraction import queue_event
from agentcore_memory_async.local._jobs import list_jobs, start_job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async.local._clock import Clock
    from agentcore_memory_async.local._events import Events
    from agentcore_memory_async.local._extraction import SessionKey
    from agentcore_memory_async.local._memories import Memories, Memory
    from agentcore_memory_async.local._records import Records
    from agentcore_memory_async.local._store import Store, Transaction

__all__ = ("Operations",)

Params = dict[str, Any]

_WRITING = frozenset(
    {
        "BatchCreateMemoryRecords",
        "BatchDeleteMemoryRecords",
        "BatchUpdateMemoryRecords",
        "CreateEvent",
        "DeleteEvent",
        "DeleteMemoryRecord",
        "IngestData",
        "StartMemoryExtractionJob",
    }
)


@attrs.frozen
class Operations:
    """
    The operations of the data plane.

    Attributes:
        store: Runs them.
        memories: Which memories there are.
        events: Short-term memory.
        records: Long-term memory.
        clock: Dates what is written.
        notice: Told which session has events that are due for extraction, and when.
        delay_ms: From an event to its extraction.
        filter_lag_ms: For how long metadata filters do not see a new event.
        record_lag_ms: For how long lists and searches do not see a new record.
        update_lag_ms: For how long updates and deletes do not see a new record.
    """

    store: Store
    memories: Memories
    events: Events
    records: Records
    clock: Clock
    notice: Callable[[SessionKey, int], None]
    delay_ms: int = 0
    filter_lag_ms: int = 0
    record_lag_ms: int = 0
    update_lag_ms: int = 0

    async def perform(self, name: str, memory_id: str, params: Params) -> Params:
        """Do the operation *name*, its input checked already, and return its output."""
        handler = getattr(self, _METHODS.get(name, ""), None)
        if handler is None:
            raise AwsError("UnknownOperationException", f"Unknown operation: {name}")
        writes = name in _WRITING

        def run(transaction: Transaction) -> Params:
            now_ms = int(self.clock.now() * 1000)
            memory = self.memories.use(transaction, memory_id, now_ms)
            answer: Params = handler(transaction, memory, params, now_ms)
            return answer

        return await (self.store.write(run) if writes else self.store.read(run))

    def create_event(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Store an event, and queue it for extraction."""
        event, new = self.events.create(transaction, memory, params, now_ms)
        if new and params.get("extractionMode") != "SKIP":
            self._queue(transaction, memory, event, params["payload"], now_ms)
        return {"event": event}

    def ingest_data(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Queue content for extraction; it is no event that could be listed."""
        payload = params["source"]["inline"]["payload"]
        session_id = params.get("sessionId") or str(uuid.uuid4())
        token = params.get("clientToken")
        if token is not None:
            row = transaction.db.execute(
                "SELECT answer FROM tokens WHERE memory_id = ? AND operation = 'IngestData' "
                "AND token = ?",
                (memory.memory_id, token),
            ).fetchone()
            if row is not None:
                return {"sessionId": json.loads(row[0])}
            transaction.db.execute(
                "INSERT INTO tokens VALUES (?, 'IngestData', ?, '', ?)",
                (memory.memory_id, token, json.dumps(session_id)),
            )
        event = self.events.hide(
            transaction,
            memory,
            params | {"sessionId": session_id, "payload": payload},
            milliseconds(params["contentTimestamp"]),
            now_ms,
        )
        self._queue(transaction, memory, event, payload, now_ms)
        return {"sessionId": session_id}

    def get_event(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Return one event."""
        return {"event": self.events.get(transaction, memory, params, now_ms)}

    def delete_event(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Delete one event."""
        return {"eventId": self.events.delete(transaction, memory, params, now_ms)}

    def list_events(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Return a page of a session's events."""
        before = now_ms - self.filter_lag_ms if self.filter_lag_ms else None
        return self.events.page(transaction, memory, params, now_ms, filterable_before_ms=before)

    def list_actors(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Return a page of the memory's actors."""
        return self.events.actors(transaction, memory, params, now_ms)

    def list_sessions(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Return a page of an actor's sessions."""
        return self.events.sessions(transaction, memory, params, now_ms)

    def list_memory_records(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Return a page of a namespace's records."""
        before = now_ms - self.record_lag_ms if self.record_lag_ms else None
        return self.records.page(transaction, memory, params, now_ms, visible_before_ms=before)

    def retrieve_memory_records(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Return a page of what matches a query."""
        before = now_ms - self.record_lag_ms if self.record_lag_ms else None
        return self.records.retrieve(transaction, memory, params, now_ms, visible_before_ms=before)

    def get_memory_record(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Return one record."""
        return {"memoryRecord": self.records.get(transaction, memory, params, now_ms)}

    def delete_memory_record(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Delete one record."""
        return {"memoryRecordId": self.records.delete(transaction, memory, params, now_ms)}

    def batch_create(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Write records of the caller's own."""
        return batch_create(transaction, self.records, memory, params, now_ms)

    def batch_update(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Change records."""
        return batch_update(
            transaction, self.records, memory, params, now_ms, now_ms - self.update_lag_ms
        )

    def batch_delete(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Delete records."""
        return batch_delete(
            transaction, self.records, memory, params, now_ms, now_ms - self.update_lag_ms
        )

    def list_jobs(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Return a page of the failed extraction jobs."""
        del now_ms
        return list_jobs(transaction, memory, params)

    def start_job(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Queue a failed job again."""
        key = start_job(transaction, memory, params, now_ms)
        if key is not None:
            transaction.on_commit(lambda: self.notice(key, now_ms))
        return {"jobId": params["extractionJob"]["jobId"]}

    def _queue(
        self,
        transaction: Transaction,
        memory: Memory,
        event: Mapping[str, Any],
        payload: list[Params],
        now_ms: int,
    ) -> None:
        key = (memory.memory_id, str(event["actorId"]), str(event["sessionId"]))
        due_ms = now_ms + self.delay_ms
        if queue_event(transaction, memory, key, event["eventId"], payload, due_ms):
            transaction.on_commit(lambda: self.notice(key, due_ms))


_METHODS = {
    "BatchCreateMemoryRecords": "batch_create",
    "BatchDeleteMemoryRecords": "batch_delete",
    "BatchUpdateMemoryRecords": "batch_update",
    "CreateEvent": "create_event",
    "DeleteEvent": "delete_event",
    "DeleteMemoryRecord": "delete_memory_record",
    "GetEvent": "get_event",
    "GetMemoryRecord": "get_memory_record",
    "IngestData": "ingest_data",
    "ListActors": "list_actors",
    "ListEvents": "list_events",
    "ListMemoryExtractionJobs": "list_jobs",
    "ListMemoryRecords": "list_memory_records",
    "ListSessions": "list_sessions",
    "RetrieveMemoryRecords": "retrieve_memory_records",
    "StartMemoryExtractionJob": "start_job",
}
