"""Every public coroutine, cancelled at every request it makes, leaves nothing in flight."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    Context,
    MemoryRecord,
    RetrievalConfig,
    TransportError,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.batches import BATCHES, record_id
from tests.client.doubles import manager_on, pages, said, wire_event, wire_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer

RECORDS = "memoryRecordSummaries"


class CancelsAt(FakeTransport):
    """Cancel the caller while request number *at* is in flight."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.scope = anyio.CancelScope()
        self.under_way = 0

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request, or never."""
        self.under_way += 1
        try:
            if len(self.requests) == self.at:
                self.scope.cancel()
            await anyio.sleep(0.01)
            return await super().__call__(operation, params)
        finally:
            self.under_way -= 1


Call = Callable[[AsyncMemorySession], Awaitable[Any]]


async def iterate(session: AsyncMemorySession) -> None:
    """Iterate over all events."""
    async for _ in session.iter_events():
        pass


async def poll(session: AsyncMemorySession) -> None:
    """Wait for a new record."""
    async with session.extraction_poller("/facts/{actorId}/") as poller:
        await poller


async def answer(text: str, memories: Context) -> str:
    """Answer as a model does."""
    await anyio.sleep(0.01)
    return "ho"


async def _send_batch(session: AsyncMemorySession, operation: str) -> None:
    """Send a batch in three requests."""
    await BATCHES[operation](session, 201)


RECORD_ID = record_id(1)
EVENT = {"actorId": "a", "sessionId": "s", "eventId": "1#a"}
RECORD = MemoryRecord("/facts/a/", "fact", None, datetime(2026, 1, 1, tzinfo=UTC))
CONFIG = RetrievalConfig()
CALLS: dict[str, Call] = {
    "add_turns": lambda session: session.add_turns([said("hi")]),
    "create_event": lambda session: session.create_event("order", {}),
    "get_last_k_turns": lambda session: session.get_last_k_turns(5),
    "get_last_k_exchanges": lambda session: session.get_last_k_exchanges(5),
    "fork_conversation": lambda session: session.fork_conversation([said("hi")], "1#a", "b"),
    "list_branches": lambda session: session.list_branches(),
    "explain": lambda session: session.explain(RECORD),
    "get_conversation_tree": lambda session: session.get_conversation_tree(),
    "list_events": lambda session: session.list_events(),
    "iter_events": iterate,
    "list_records": lambda session: session.list_long_term_memory_records("/facts/{actorId}/"),
    "search": lambda session: session.search_long_term_memories("q", "/facts/{actorId}/"),
    "context": lambda session: session.retrieve_context("q", {"/facts/{actorId}/": CONFIG}),
    "turn with a model": lambda session: session.process_turn_with_llm(
        "q", answer, {"/facts/{actorId}/": CONFIG}, on_search_error="degrade"
    ),
    "poller": poll,
    "verify": lambda session: session.verify(),
    "get_event": lambda session: session.get_event("1#a"),
    "delete_event": lambda session: session.delete_event("1#a"),
    "ingest_data": lambda session: session.ingest_data([said("hi")]),
    "list_jobs": lambda session: session.list_memory_extraction_jobs(),
    "start_job": lambda session: session.start_memory_extraction_job("job-1"),
    "get_memory_record": lambda session: session.get_memory_record(RECORD_ID),
    "delete_memory_record": lambda session: session.delete_memory_record(RECORD_ID),
    **{operation: partial(_send_batch, operation=operation) for operation in BATCHES},
    "list_sessions": lambda session: session.get_actor().list_sessions(),
}
MANAGER_CALLS: dict[str, Callable[[AsyncMemorySessionManager], Awaitable[Any]]] = {
    "list_actors": lambda manager: manager.list_actors(),
    "list_actor_sessions": lambda manager: manager.list_actor_sessions("a"),
    "call": lambda manager: manager.call("DeleteEvent", EVENT),
}


def prepared(at: int) -> CancelsAt:
    """Return a service with a few pages of everything, and faults before some of them."""
    transport = CancelsAt(at)
    events = [[wire_event(3, "c")], [], [wire_event(2, "b")], [wire_event(1, "a")]]
    transport.reply("CreateEvent", *[TransportError("CreateEvent", "lost")] * 2)
    transport.reply("ListEvents", *pages("events", *events))
    transport.reply("GetEvent", {"event": wire_event(1, "a", eventId="1#a")})
    transport.reply("GetMemoryRecord", {"memoryRecord": wire_record(1)})
    changes = ("DeleteEvent", "DeleteMemoryRecord", "IngestData", "StartMemoryExtractionJob")
    for operation in (*changes, *BATCHES):
        transport.reply(operation, TransportError(operation, "lost"))
    for operation, member in (("ListActors", "actor"), ("ListSessions", "session")):
        transport.reply(operation, *pages(f"{member}Summaries", [], [], []))
    for operation in ("ListMemoryRecords", "RetrieveMemoryRecords"):
        listed = [[wire_record(n, score=0.5)] for n in range(3)]
        transport.reply(operation, *pages(RECORDS, *listed), *[{RECORDS: []}] * 3)
        transport.reply(operation, {RECORDS: [wire_record(9)]})
    return transport


@pytest.mark.parametrize("at", range(9))
@pytest.mark.parametrize("call", [*CALLS, *MANAGER_CALLS])
@virtual_time
async def test_cancelled_at_any_request_nothing_is_left(call: str, at: int) -> None:
    """A cancelled call ends at once with no request in flight, and its session remains usable."""
    transport = prepared(at)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        finished = False
        with transport.scope:
            await (CALLS[call](session) if call in CALLS else MANAGER_CALLS[call](manager))
            finished = True
        sent = len(transport.requests)
        assert transport.under_way == 0
        assert finished == (not transport.scope.cancel_called)
        assert finished or sent == at
        await anyio.sleep(100)
        assert sent == len(transport.requests)

        transport.at = -1
        with anyio.fail_after(60):
            event = await session.add_turns([said("after")])
        assert event.messages == (said("after"),)


@virtual_time
async def test_cancelled_while_waiting_in_the_queue_others_go_on() -> None:
    """A write that is cancelled in the queue is removed, and the others keep their order."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        scopes = [anyio.CancelScope() for _ in range(12)]

        async def write(number: int) -> None:
            with scopes[number]:
                await session.add_turns([said(f"{number}")])

        async with anyio.create_task_group() as tasks:
            for number in range(12):
                tasks.start_soon(write, number)
            await anyio.sleep(0.5)
            for number in (6, 7, 11):
                scopes[number].cancel()
    texts = [
        request["payload"][0]["conversational"]["content"]["text"]
        for request in transport.sent("CreateEvent")
    ]

    assert texts == ["0", "1", "2", "3", "4", "5", "8", "9", "10"]


@virtual_time
async def test_closing_waits_for_requests_in_flight() -> None:
    """Closing lets a write that was sent get its answer."""
    transport = CancelsAt(-1)
    manager = await manager_on(transport).open()
    session = await manager.create_memory_session("a", "s", verify=False)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.add_turns, [said("hi")])
        await anyio.sleep(0.005)
        await manager.aclose()

    assert len(transport.sent("CreateEvent")) == 1
