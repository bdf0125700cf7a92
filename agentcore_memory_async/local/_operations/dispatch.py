"""All operations by their wire names, and how one is performed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async.local._api.errors import AwsError
from agentcore_memory_async.local._operations import (
    events,
    jobs,
    memories,
    record_batches,
    records,
)
from agentcore_memory_async.local._operations.request import MemoryRequest, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._operations.request import Params, ServiceContext


DATA_PLANE: dict[str, Callable[[MemoryRequest], Params]] = {
    "BatchCreateMemoryRecords": record_batches.create_records,
    "BatchDeleteMemoryRecords": record_batches.delete_records,
    "BatchUpdateMemoryRecords": record_batches.update_records,
    "CreateEvent": events.create_event,
    "DeleteEvent": events.delete_event,
    "DeleteMemoryRecord": records.delete_record,
    "GetEvent": events.get_event,
    "GetMemoryRecord": records.get_record,
    "IngestData": events.ingest_data,
    "ListActors": events.list_actors,
    "ListEvents": events.list_events,
    "ListMemoryExtractionJobs": jobs.list_jobs,
    "ListMemoryRecords": records.list_records,
    "ListSessions": events.list_sessions,
    "RetrieveMemoryRecords": records.retrieve_records,
    "StartMemoryExtractionJob": jobs.start_job,
}
"""The operations on the contents of a memory."""
CONTROL_PLANE: dict[str, Callable[[Request], Params]] = {
    "CreateMemory": memories.create_memory,
    "DeleteMemory": memories.delete_memory,
    "GetMemory": memories.get_memory,
    "ListMemories": memories.list_memories,
    "ListTagsForResource": memories.list_tags,
    "TagResource": memories.add_tags,
    "UntagResource": memories.remove_tags,
    "UpdateMemory": memories.update_memory,
}
"""The operations on memories."""
_READING = frozenset(
    name for name in (*DATA_PLANE, *CONTROL_PLANE) if name.startswith(("Get", "List", "Retrieve"))
)
"""Operations that only read the database."""
_NEEDS_A_READY_MEMORY = frozenset(
    {"BatchCreateMemoryRecords", "BatchUpdateMemoryRecords", "CreateEvent", "IngestData"}
)
"""Operations that write records or events, which a new or failed memory refuses."""
_NOT_READY = frozenset({"CREATING", "FAILED"})
"""States in which a memory refuses the operations of `_NEEDS_A_READY_MEMORY`."""
_DELETED = frozenset({"DELETING"})
"""States in which a memory refuses all operations on its contents."""


async def perform(service: ServiceContext, name: str, memory_id: str, params: Params) -> Params:
    """
    Perform an operation and return the members of its answer.

    Args:
        service: Parts of the service.
        name: Wire name of the operation.
        memory_id: Memory of an operation of the data plane, without the parts of an ARN.
        params: Members of the request, checked against the service model.

    Raises:
        AwsError: The error that the service answers.
    """

    def run(transaction: Transaction) -> Params:
        now_ms = int(service.clock.now() * 1000)
        request = Request(
            service=service, operation=name, params=params, transaction=transaction, now_ms=now_ms
        )
        if name in CONTROL_PLANE:
            return CONTROL_PLANE[name](request)
        if name in DATA_PLANE:
            return DATA_PLANE[name](_for_memory(request, memory_id))
        raise AwsError("UnknownOperationException", f"Unknown operation: {name}")

    if name == "RetrieveMemoryRecords":
        # An index is built, and a query embedded, outside of the database threads.
        query = params["searchCriteria"]["searchQuery"]
        await service.records.indexes.ready(service.store, memory_id, query)
    return await (service.store.read(run) if name in _READING else service.store.write(run))


def _for_memory(request: Request, memory_id: str) -> MemoryRequest:
    """Return the request with its memory, if that is in a state to serve it."""
    memory = request.service.memories.require(request.transaction, memory_id, request.now_ms)
    refused = _DELETED
    if request.operation in _NEEDS_A_READY_MEMORY:
        refused |= _NOT_READY
    memories.refuse_in_transition(memory, _in_words(request.operation), refused)
    return MemoryRequest(
        service=request.service,
        operation=request.operation,
        params=request.params,
        transaction=request.transaction,
        now_ms=request.now_ms,
        memory=memory,
    )


def _in_words(name: str) -> str:
    """Return an operation's name in words, as the service's error texts have it: create event."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
