"""Every operation by its wire name, run in the database thread."""

from __future__ import annotations

import json
import re
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from agentcore_memory_async.local._api.errors import AwsError, validation
from agentcore_memory_async.local._api.members import child
from agentcore_memory_async.local._operations.events import milliseconds
from agentcore_memory_async.local._operations.jobs import list_jobs, start_job
from agentcore_memory_async.local._operations.memories import (
    CONTROL_OPERATIONS,
    CONTROL_WRITES,
    Control,
    check_variables,
    refuse_in_transition,
)
from agentcore_memory_async.local._operations.record_batches import (
    batch_create,
    batch_delete,
    batch_update,
)
from agentcore_memory_async.local._storage.delays import Delays
from agentcore_memory_async.local._storage.pending import queue_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async.local._database.store import Store, Transaction
    from agentcore_memory_async.local._operations.events import Events
    from agentcore_memory_async.local._storage.memories import Memories, Memory
    from agentcore_memory_async.local._storage.pending import SessionKey
    from agentcore_memory_async.local._storage.records import Records
    from agentcore_memory_async.local.clock import Clock


Params = dict[str, Any]

_WRITING = CONTROL_WRITES | frozenset(
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


_NEEDS_A_READY_MEMORY = frozenset(
    {"BatchCreateMemoryRecords", "BatchUpdateMemoryRecords", "CreateEvent", "IngestData"}
)
_NOT_READY = frozenset({"CREATING", "FAILED"})
_GONE = frozenset({"DELETING"})
_INGEST_BYTES = 100 * 1024


@attrs.frozen
class Operations:
    """
    The operations of the data plane, and those of the control plane by way of its own class.

    Attributes:
        store: Runs them.
        memories: Which memories there are.
        control: Makes and changes memories.
        events: Short-term memory.
        records: Long-term memory.
        clock: Dates what is written.
        notice: Told which session has events that are due for extraction, and when.
        delays: From an event to its extraction.
        filter_lag_ms: For how long metadata filters do not see a new event.
        event_lag_ms: For how long no list sees a new event.
        stale_reads: How many filtered lists of a session do not see a new event.
        record_lag_ms: For how long lists and searches do not see a new record.
        update_lag_ms: For how long reads by id, updates and deletes do not see a new record.
    """

    store: Store
    memories: Memories
    control: Control
    events: Events
    records: Records
    clock: Clock
    notice: Callable[[SessionKey, int], None]
    delays: Delays = attrs.field(factory=Delays)
    filter_lag_ms: int = 0
    event_lag_ms: int = 0
    stale_reads: int = 0
    record_lag_ms: int = 0
    update_lag_ms: int = 0
    _stale: dict[SessionKey, tuple[int, int]] = attrs.field(
        factory=dict["SessionKey", "tuple[int, int]"], init=False
    )

    async def perform(self, name: str, memory_id: str, params: Params) -> Params:
        """Do the operation *name*, its input checked already, and return its output."""
        handler = _METHODS.get(name)
        control = CONTROL_OPERATIONS.get(name)

        def run(transaction: Transaction) -> Params:
            now_ms = int(self.clock.now() * 1000)
            if control is not None:
                return control(self.control, transaction, params, now_ms)
            if handler is None:
                raise AwsError("UnknownOperationException", f"Unknown operation: {name}")
            memory = self.memories.use(transaction, memory_id, now_ms)
            refuse_in_transition(memory, _spoken(name), _GONE)
            if name in _NEEDS_A_READY_MEMORY:
                refuse_in_transition(memory, _spoken(name), _NOT_READY)
            return handler(self, transaction, memory, params, now_ms)

        if name == "RetrieveMemoryRecords":
            await self.records.finder.ready(
                self.store, memory_id, params["searchCriteria"]["searchQuery"]
            )
        return await (self.store.write(run) if name in _WRITING else self.store.read(run))

    def create_event(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Store an event, and queue it for extraction."""
        check_variables(memory, child(params, "extractionConfig").get("namespaceVariables"))
        event, new = self.events.create(transaction, memory, params, now_ms)
        if new and self.stale_reads:
            key = (memory.memory_id, str(event["actorId"]), str(event["sessionId"]))
            since = self._stale.get(key, (0, now_ms))[1]
            self._stale[key] = (self.stale_reads, since)
        if new:
            skip = params.get("extractionMode") == "SKIP"
            self._queue(transaction, memory, event, params["payload"], now_ms, skip=skip)
        return {"event": event}

    def ingest_data(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Queue content for extraction; it is no event that could be listed."""
        payload = params["source"]["inline"]["payload"]
        check_variables(memory, child(params, "extractionConfig").get("namespaceVariables"))
        if len(json.dumps(payload, ensure_ascii=False).encode()) > _INGEST_BYTES:
            text = "The content to ingest is larger than 100 KB"
            raise validation(text, field="source.inline.payload")
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
        if child(params, "filter").get("eventMetadata"):
            key = (memory.memory_id, params["actorId"], params["sessionId"])
            left, since = self._stale.get(key, (0, 0))
            if left:
                before = since - 1
                if left > 1:
                    self._stale[key] = (left - 1, since)
                else:
                    self._stale.pop(key, None)
        return self.events.page(
            transaction,
            memory,
            params,
            now_ms,
            filterable_before_ms=before,
            visible_before_ms=now_ms - self.event_lag_ms if self.event_lag_ms else None,
        )

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
        before = now_ms - self.update_lag_ms
        return {"memoryRecord": self.records.get(transaction, memory, params, now_ms, before)}

    def delete_memory_record(
        self, transaction: Transaction, memory: Memory, params: Params, now_ms: int
    ) -> Params:
        """Delete one record."""
        before = now_ms - self.update_lag_ms
        return {"memoryRecordId": self.records.delete(transaction, memory, params, now_ms, before)}

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
        *,
        skip: bool = False,
    ) -> None:
        key = (memory.memory_id, str(event["actorId"]), str(event["sessionId"]))
        due = queue_event(
            transaction, memory, key, event["eventId"], payload, now_ms, self.delays, skip=skip
        )
        for due_ms in due:
            transaction.on_commit(partial(self.notice, key, due_ms))


def _spoken(name: str) -> str:
    """Return an operation's name in words, as the service's texts have it: create event."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


_METHODS: dict[str, Callable[[Operations, Transaction, Memory, Params, int], Params]] = {
    "BatchCreateMemoryRecords": Operations.batch_create,
    "BatchDeleteMemoryRecords": Operations.batch_delete,
    "BatchUpdateMemoryRecords": Operations.batch_update,
    "CreateEvent": Operations.create_event,
    "DeleteEvent": Operations.delete_event,
    "DeleteMemoryRecord": Operations.delete_memory_record,
    "GetEvent": Operations.get_event,
    "GetMemoryRecord": Operations.get_memory_record,
    "IngestData": Operations.ingest_data,
    "ListActors": Operations.list_actors,
    "ListEvents": Operations.list_events,
    "ListMemoryExtractionJobs": Operations.list_jobs,
    "ListMemoryRecords": Operations.list_memory_records,
    "ListSessions": Operations.list_sessions,
    "RetrieveMemoryRecords": Operations.retrieve_memory_records,
    "StartMemoryExtractionJob": Operations.start_job,
}
