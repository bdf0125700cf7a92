"""Measure each operation of the local service at some sizes of whatever it can grow with."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import anyio
from attrs import define

from agentcore_memory_async import __version__
from agentcore_memory_async.local import LocalMemoryService, ManualClock
from agentcore_memory_async.local._operations.dispatch import perform
from agentcore_memory_async.local._storage import sessions
from agentcore_memory_async.local._storage.pending import FailedJob, add_failed_job
from agentcore_memory_async.local._storage.records import NewRecord
from agentcore_memory_async.local._storage.sessions import Branch, Event, SessionKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local._database.store import Transaction

MEMORY = "bench-a1B2c3D4e5"
START = 1_767_225_600
KEY = SessionKey(MEMORY, "ann", "s1")
CHUNK = 5_000
FLAT = 1.5
PLACES = ["Oslo", "Paris", "Berlin", "Madrid", "Lima", "Quito", "Cairo", "Seoul", "Porto"]
TALK = (
    ("USER", "I live in {place} and I need help with order #{number}."),
    ("ASSISTANT", "Let me look up order #{number} for you."),
    ("USER", "I prefer a window seat when I travel to {place}."),
    ("ASSISTANT", "Your order #{number} has been shipped to {place}."),
)


def message(number: int) -> dict[str, Any]:
    """Return a message of a conversation."""
    role, text = TALK[number % 4]
    said = text.format(place=PLACES[number // 4 % len(PLACES)], number=number)
    return {"conversational": {"role": role, "content": {"text": said}}}


@define
class Bench:
    """One service and its size."""

    service: LocalMemoryService
    clock: ManualClock
    size: int
    added: int = 0

    async def perform(self, operation: str, **params: Any) -> dict[str, Any]:
        """Perform an operation, past HTTP."""
        return await perform(self.service._context, operation, MEMORY, params)

    async def create(self, actor: str = "ann", session: str = "s1", **members: Any) -> Any:
        """Store the next message."""
        self.added += 1
        return await self.perform(
            "CreateEvent",
            actorId=actor,
            sessionId=session,
            eventTimestamp=START + self.size + self.added,
            payload=[message(self.size + self.added)],
            **members,
        )

    async def extract(self, actor: str = "ann", session: str = "s1") -> None:
        """Store ten messages and extract them."""
        for _ in range(10):
            await self.create(actor, session)
        await self.settle()

    async def settle(self) -> None:
        """Extract what was stored."""
        self.clock.advance(1)
        await self.service.drain(include_future=False)

    async def fill(self, row: Callable[[Bench, Transaction, int], None]) -> None:
        """Write a row of each number, some thousand in a transaction."""
        for first in range(0, self.size, CHUNK):

            def write(transaction: Transaction, first: int = first) -> None:
                for number in range(first, min(first + CHUNK, self.size)):
                    row(self, transaction, number)

            await self.service._context.store.write(write)

    def add_event(
        self, transaction: Transaction, key: SessionKey, number: int, branch: str | None = None
    ) -> str:
        """Write an event that was extracted long ago."""
        at = (START + number) * 1000
        event_id = f"{at:019d}#{number:08x}"
        payload = json.dumps([message(number)])
        event = Event(event_id, at, branch, payload, None, at)
        sessions.add_event(transaction, key, event, variables=None, expires_ms=1 << 61)
        return event_id

    def add_record(self, transaction: Transaction, namespace: str, number: int) -> None:
        """Write a fact."""
        text = message(number)["conversational"]["content"]["text"]
        new = NewRecord(text, namespace, "facts-x", START)
        self.service._context.records.add(transaction, MEMORY, new, START * 1000 + number)


# What grows.


def event_of_a_session(bench: Bench, transaction: Transaction, number: int) -> None:
    """Write an event of one session."""
    bench.add_event(transaction, KEY, number)


def branch_of_a_session(bench: Bench, transaction: Transaction, number: int) -> None:
    """Write an event that a branch begins at."""
    name = f"b{number}"
    root = bench.add_event(transaction, KEY, number, name)
    sessions.add_branch(transaction, KEY, name, Branch(root, None))


def session_of_an_actor(bench: Bench, transaction: Transaction, number: int) -> None:
    """Write a session of one event."""
    bench.add_event(transaction, SessionKey(MEMORY, "ann", f"old{number}"), number)


def actor(bench: Bench, transaction: Transaction, number: int) -> None:
    """Write an actor with one event."""
    bench.add_event(transaction, SessionKey(MEMORY, f"actor{number}", "s1"), number)


def record_of_a_namespace(bench: Bench, transaction: Transaction, number: int) -> None:
    """Write a fact of one actor."""
    bench.add_record(transaction, "/facts/ann/" if number > 9 else "/facts/bob/", number)


def namespace(bench: Bench, transaction: Transaction, number: int) -> None:
    """Write a fact of an actor of its own."""
    bench.add_record(transaction, f"/facts/actor{number}/", number)


def pending_event(bench: Bench, transaction: Transaction, number: int) -> None:
    """Write an event that is due much later: half of the session's own, half of others'."""
    key = KEY if number % 2 else SessionKey(MEMORY, f"actor{number}", "s1")
    event_id = bench.add_event(transaction, key, number)
    transaction.db.execute(
        "INSERT INTO pending (memory_id, actor_id, session_id, event_id, strategies, due_ms) "
        "VALUES (?, ?, ?, ?, '[]', ?)",
        (*key, event_id, 1 << 61),
    )
    if key != KEY:
        transaction.on_commit(lambda: bench.service._on_due(key, 1 << 61))


def failed_job(_: Bench, transaction: Transaction, number: int) -> None:
    """Write a failed job."""
    key = SessionKey(MEMORY, f"actor{number}", "s1")
    add_failed_job(transaction, FailedJob(key, "facts-x", ["none"], [], "LTM_RATE_EXCEEDED"))


Operation = "Callable[[Bench], Awaitable[Any]]"
OF_EVENTS: dict[str, Any] = {
    "ListEvents, a page": lambda b: b.perform("ListEvents", actorId="ann", sessionId="s1"),
    "CreateEvent": lambda b: b.create(),
    "CreateEvent of a new session": lambda b: b.create("zoe", f"s{b.added}"),
    "ListSessions, a page": lambda b: b.perform("ListSessions", actorId="ann"),
    "ListActors, a page": lambda b: b.perform("ListActors"),
    "10 events extracted": lambda b: b.extract(),
    "10 events of another actor extracted": lambda b: b.extract("zoe"),
}
OF_BRANCHES: dict[str, Any] = OF_EVENTS | {
    "ListEvents of an old branch": lambda b: b.perform(
        "ListEvents",
        actorId="ann",
        sessionId="s1",
        filter={"branch": {"name": "b0", "includeParentBranches": True}},
    ),
    "CreateEvent of an old branch": lambda b: b.create(branch={"name": "b0"}),
}


def search(query: str, **where: str) -> Any:
    """Return the operation that searches some namespaces."""
    criteria = {"searchQuery": query, "topK": 10}
    return lambda b: b.perform("RetrieveMemoryRecords", searchCriteria=criteria, **where)


def list_records(**where: str) -> Any:
    """Return the operation that lists some namespaces."""
    return lambda b: b.perform("ListMemoryRecords", **where)


OF_RECORDS: dict[str, Any] = {
    "ListMemoryRecords, a namespace": list_records(namespace="/facts/ann/"),
    "ListMemoryRecords, a small namespace": list_records(namespace="/facts/bob/"),
    "ListMemoryRecords, below a path": list_records(namespacePath="/facts/"),
    "ListMemoryRecords, below a small path": list_records(namespacePath="/facts/bob"),
    "ListMemoryRecords, below /": list_records(namespacePath="/"),
    "BatchCreateMemoryRecords": lambda b: b.perform(
        "BatchCreateMemoryRecords",
        records=[
            {
                "requestIdentifier": "r",
                "namespaces": ["/facts/ann/"],
                "content": {"text": f"I own boat {b.added}."},
                "timestamp": START,
            }
        ],
    ),
    "RetrieveMemoryRecords, a rare word": search("order #5", namespacePath="/facts/"),
    "RetrieveMemoryRecords, common words": search("travel seat", namespacePath="/facts/"),
    "RetrieveMemoryRecords, a small namespace": search("travel", namespace="/facts/bob/"),
    "10 events extracted": lambda b: b.extract(),
}
OF_JOBS: dict[str, Any] = {
    "ListMemoryExtractionJobs, a page": lambda b: b.perform("ListMemoryExtractionJobs"),
    "ListMemoryExtractionJobs of an actor": lambda b: b.perform(
        "ListMemoryExtractionJobs", filter={"actorId": "actor5"}
    ),
}
GROWS: dict[str, tuple[Any, dict[str, Any]]] = {
    "events of a session": (event_of_a_session, OF_EVENTS),
    "branches of a session": (branch_of_a_session, OF_BRANCHES),
    "sessions of an actor": (session_of_an_actor, OF_EVENTS),
    "actors": (actor, OF_EVENTS),
    "records of a namespace": (record_of_a_namespace, OF_RECORDS),
    "namespaces": (namespace, OF_RECORDS),
    "pending events": (pending_event, OF_EVENTS),
    "failed jobs": (failed_job, OF_JOBS),
}


async def cpu_ms(bench: Bench, operation: Any, times: int) -> list[float]:
    """Return the CPU time of the process for each of some runs of an operation."""
    took: list[float] = []
    for _ in range(times):
        start = time.process_time()
        await operation(bench)
        took.append((time.process_time() - start) * 1e3)
    return took


async def measure(name: str, sizes: list[int], times: int) -> int:
    """Print the table rows of what grows; return how many operations are not flat."""
    row, operations = GROWS[name]
    grown = 0
    async with AsyncExitStack() as stack:
        benches: list[Bench] = []
        for size in sizes:
            clock = ManualClock(START * 2)
            service = LocalMemoryService(clock=clock, extraction_delay=1)
            bench = Bench(await stack.enter_async_context(service), clock, size)
            await bench.create()
            await bench.fill(row)
            await bench.extract()
            benches.append(bench)
        for title, operation in operations.items():
            took: list[list[float]] = [[] for _ in benches]
            # In turns, so that whatever else runs here disturbs all sizes alike.
            for _ in range(times):
                for bench, found in zip(benches, took, strict=True):
                    found += await cpu_ms(bench, operation, 3)
                    await bench.settle()
            medians = [statistics.median(found) for found in took]
            ratio = medians[-1] / medians[0]
            grown += ratio > FLAT
            columns = " | ".join(f"{item:.2f}" for item in medians)
            mark = " *" if ratio > FLAT else ""
            print(f"| {name} | {title} | {columns} | {ratio:.1f}{mark} |", flush=True)
    return grown


async def main(sizes: list[int], times: int, names: list[str]) -> None:
    """Measure all that grows and print the table of the README."""
    print(
        f"agentcore-memory-async {__version__}, Python {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}\n"
    )
    columns = " | ".join(f"{size:,}" for size in sizes)
    print(f"| what grows | CPU ms of | {columns} | ratio |")
    print("|---|---|" + "---|" * (len(sizes) + 1))
    grown = 0
    for name in names:
        grown += await measure(name, sizes, times)
    print(f"\n{grown} operations grew by more than {FLAT}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 10_000, 100_000])
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=GROWS, default=list(GROWS))
    given = parser.parse_args()
    sys.exit(anyio.run(main, given.sizes, given.times, given.only))
