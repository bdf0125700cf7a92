"""
What an operation costs does not grow with what the service holds.

Nothing is timed: SQLite's steps are counted, at few rows and at many.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local import LocalMemoryService, ManualClock
from agentcore_memory_async.local._operations.dispatch import perform
from agentcore_memory_async.local._storage import sessions
from agentcore_memory_async.local._storage.memories import new_document
from agentcore_memory_async.local._storage.pending import FailedJob, add_failed_job
from agentcore_memory_async.local._storage.records import NewRecord
from agentcore_memory_async.local._storage.sessions import Branch, Event, SessionKey

if TYPE_CHECKING:
    from agentcore_memory_async.local._database.store import Transaction

MEMORY = "chat-a1B2c3D4e5"
START = 1_767_225_600.0
KEY = SessionKey(MEMORY, "ann", "s1")
FEW, MANY = 60, 3_000
"""Rows of each kind in the two services that are compared."""


def event_of(number: int, branch: str | None = None) -> Event:
    """Return an event; higher numbers are newer."""
    at = int(START * 1000) + number
    payload = [{"conversational": {"role": "USER", "content": {"text": f"I own car {number}."}}}]
    return Event(f"{at:019d}#{number:08x}", at, branch, json.dumps(payload), None, at)


class Counted:
    """A service whose steps are counted."""

    def __init__(self, service: LocalMemoryService, rows: int) -> None:
        self.context = service._context
        self.service = service
        self.rows = rows
        self.steps = 0

    async def fill(self) -> None:
        """Write the same number of rows of each kind, and one old row apart from each."""
        await self.perform("ListActors")
        await self.context.store.write(self._fill)

    def _fill(self, transaction: Transaction) -> None:
        def add(key: SessionKey, event: Event, *, hidden: bool = False) -> None:
            sessions.add_event(
                transaction, key, event, variables=None, expires_ms=1 << 61, hidden=hidden
            )

        records = self.context.records
        now_ms = int(START * 1000)
        self.context.memories.require(transaction, MEMORY, now_ms)
        add(KEY, event_of(0, "side"))
        sessions.add_branch(transaction, KEY, "side", Branch(event_of(0).event_id, None))
        self.record_ids = [
            records.add(transaction, MEMORY, NewRecord("I own a boat.", name, "facts-x", 1), 1)
            for name in ("/few/a/b/", "/facts/ann/")
        ]
        for number in range(FEW):  # 150 memories are the most that there can be
            document = new_document(f"m-{number:010}", f"m{number}", [], now_ms, 30)
            self.context.memories.put(transaction, document)
        for number in range(1, self.rows):
            actor, session = f"actor{number}", f"session{number}"
            add(KEY, event_of(number, None if number % 2 else f"branch{number}"))
            sessions.add_branch(
                transaction, KEY, f"branch{number}", Branch(event_of(number).event_id, None)
            )
            add(SessionKey(MEMORY, "ann", session), event_of(number))
            add(SessionKey(MEMORY, actor, "s1"), event_of(number))
            add(KEY, event_of(self.rows + number), hidden=True)
            for name in ("/facts/ann/", f"/facts/{actor}/", None):
                text = f"I own car {number} with {'wheels ' * (number % 9)} in {number % 50}."
                new = NewRecord(text, name, "facts-x", 1, session_id=session)
                records.add(transaction, MEMORY, new, now_ms + number)
            job = FailedJob(KEY, f"strategy{number}", ["x"], [], "LTM_RATE_EXCEEDED")
            add_failed_job(transaction, job)
        job = FailedJob(SessionKey(MEMORY, "bob", "s9"), "last", ["x"], [], "LTM_RATE_EXCEEDED")
        add_failed_job(transaction, job)

    async def perform(self, operation: str, **params: Any) -> dict[str, Any]:
        """Perform an operation."""
        return await perform(self.context, operation, MEMORY, params)

    async def count(self, operation: str, **params: Any) -> int:
        """Return the steps that an operation takes."""
        await self.watch()
        before = self.steps
        await self.perform(operation, **params)
        return self.steps - before

    async def watch(self) -> None:
        """Begin to count."""
        await self.context.store.read(self._watch)

    async def count_rows(self, table: str) -> int:
        """Return the number of rows of a table."""
        found: int = await self.context.store.read(
            lambda transaction: transaction.db.execute(f"SELECT count(*) FROM {table}").fetchone()[
                0
            ]
        )
        return found

    async def add_talk(self, count: int, first: int) -> None:
        """Store messages of the session, of which each third is a fact; higher ones are newer."""
        for number in range(count):
            role = "USER" if number % 3 else "ASSISTANT"
            text = f"I own car {first + number} with {'wheels ' * (number % 9)} in {number}."
            payload = [{"conversational": {"role": role, "content": {"text": text}}}]
            await self.perform(
                "CreateEvent",
                actorId="ann",
                sessionId="s1",
                eventTimestamp=START + (first + number) / 1000,
                payload=payload,
            )

    def operations(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return all operations to count, by their descriptions."""
        return OF_EVENTS | of_records(*self.record_ids)

    def _watch(self, transaction: Transaction) -> None:
        def step() -> int:
            self.steps += 1
            return 0

        transaction.db.set_progress_handler(step, 1)


SESSION = {"actorId": "ann", "sessionId": "s1"}
SIDE = {"branch": {"name": "side"}}
NEW = {
    "eventTimestamp": START + 3600,
    "payload": [{"conversational": {"role": "USER", "content": {"text": "I own a car."}}}],
}
OLD = {"eventId": event_of(0).event_id}
LAST = {"actorId": "bob", "sessionId": "s9", "strategyId": "last"}
OF_EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "events, a page": ("ListEvents", SESSION),
    "events of a branch": ("ListEvents", SESSION | {"filter": SIDE}),
    "events of a branch and its parent": (
        "ListEvents",
        SESSION | {"filter": {"branch": {"name": "side", "includeParentBranches": True}}},
    ),
    "an old event": ("GetEvent", SESSION | OLD),
    "a new event": ("CreateEvent", SESSION | NEW | {"clientToken": "t"}),
    "a new event again": ("CreateEvent", SESSION | NEW | {"clientToken": "t"}),
    "a new event of a branch": ("CreateEvent", SESSION | NEW | SIDE),
    "a new session": ("CreateEvent", {"actorId": "zoe", "sessionId": "s"} | NEW),
    "sessions, a page": ("ListSessions", {"actorId": "ann"}),
    "sessions with events": (
        "ListSessions",
        {"actorId": "ann", "filter": {"eventFilter": "HAS_EVENTS"}},
    ),
    "actors, a page": ("ListActors", {}),
    "a deleted event": ("DeleteEvent", SESSION | OLD),
    "failed jobs": ("ListMemoryExtractionJobs", {}),
    "failed jobs of a session": ("ListMemoryExtractionJobs", {"filter": LAST}),
    "memories": ("ListMemories", {}),
    "a memory": ("GetMemory", {"memoryId": MEMORY}),
    "a new memory": ("CreateMemory", {"name": "new", "eventExpiryDuration": 30}),
}
"""Operations, by their descriptions."""
SEARCH = {"searchCriteria": {"searchQuery": "a boat", "topK": 1}}
RECORD = {
    "requestIdentifier": "r",
    "namespaces": ["/facts/ann/"],
    "content": {"text": "I own a plane."},
    "timestamp": START,
}


def of_records(few_id: str, ann_id: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the operations on records, by their descriptions."""
    change = {"memoryRecordId": ann_id, "timestamp": START}
    none = {"searchQuery": "a boat", "memoryStrategyId": "none"}
    return {
        "records of a large namespace": ("ListMemoryRecords", {"namespace": "/facts/ann/"}),
        "records of an empty namespace": ("ListMemoryRecords", {"namespace": "/none/"}),
        "records of an old namespace": ("ListMemoryRecords", {"namespace": "/few/a/b/"}),
        "records below /": ("ListMemoryRecords", {"namespacePath": "/"}),
        "records below a large path": ("ListMemoryRecords", {"namespacePath": "/facts"}),
        "records below an old path": ("ListMemoryRecords", {"namespacePath": "/few/"}),
        "records below an empty path": ("ListMemoryRecords", {"namespacePath": "/none"}),
        "a record": ("GetMemoryRecord", {"memoryRecordId": few_id}),
        "a new record": ("BatchCreateMemoryRecords", {"records": [RECORD]}),
        "a changed record": ("BatchUpdateMemoryRecords", {"records": [change]}),
        "search below /": ("RetrieveMemoryRecords", SEARCH | {"namespacePath": "/"}),
        "search of a namespace": ("RetrieveMemoryRecords", SEARCH | {"namespace": "/few/a/b/"}),
        "search of a namespace, filtered": (
            "RetrieveMemoryRecords",
            {"namespace": "/few/a/b/", "searchCriteria": none},
        ),
        "a deleted record": ("DeleteMemoryRecord", {"memoryRecordId": few_id}),
    }


async def test_no_operation_steps_through_what_it_does_not_answer() -> None:
    """Each takes about as many steps among 3,000 rows of each kind as among 60."""
    found: list[dict[str, int]] = []
    for rows in (FEW, MANY):
        async with LocalMemoryService(clock=ManualClock(START)) as service:
            counted = Counted(service, rows)
            await counted.fill()
            # The index is loaded, and the memory of first use written, outside of the count.
            await counted.perform(
                "RetrieveMemoryRecords",
                namespace="/none/",
                searchCriteria={"searchQuery": "x"},
            )
            found.append(
                {
                    name: await counted.count(operation, **params)
                    for name, (operation, params) in counted.operations().items()
                }
            )
    few, many = found
    assert all(few.values())
    grown = {name: (few[name], many[name]) for name in few if many[name] > 1.25 * few[name] + 30}
    assert grown == {}
