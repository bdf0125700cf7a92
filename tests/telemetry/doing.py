"""Something to do with each public method, on a local service."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from agentcore_memory_async import (
    AsyncActor,
    AsyncMemoryControl,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    Conversation,
    Event,
    ExtractionJob,
    HistoryMessage,
    HistoryRecord,
    Memory,
    MemoryRecord,
    MemoryRecordUpdate,
    MessageRole,
    NewMemoryRecord,
    OutcomeUnknownError,
    RetryPolicy,
    SemanticStrategy,
)
from agentcore_memory_async.local import AutoClock, LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable

    from agentcore_memory_async import Telemetry

MEMORY = "chat-a1B2c3D4e5"
TIME = datetime(2026, 1, 1, tzinfo=UTC)
NAMESPACE = "/facts/anna/"
NAMESPACES = {"facts": "/facts/{actorId}/"}
SAID = [{"role": "user", "content": "I only fly window seats."}]
NEW = NewMemoryRecord(namespace=NAMESPACE, content="She flies window seats.", timestamp=TIME)
HISTORY: list[Conversation | HistoryRecord] = [
    Conversation("ben", "s", [HistoryMessage("I live in Turin.", MessageRole.USER, TIME)]),
    HistoryRecord("/facts/ben/", "He lives in Turin.", TIME),
]


@frozen
class World:
    """What there is to do something with; everything exists on the service."""

    manager: AsyncMemorySessionManager
    actor: AsyncActor
    session: AsyncMemorySession
    control: AsyncMemoryControl
    memory: Memory
    event: Event
    record: MemoryRecord
    job: ExtractionJob


@asynccontextmanager
async def world(telemetry: Telemetry | None) -> AsyncGenerator[World]:
    """Yield a world, whose managers have *telemetry*."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        service = await enter(LocalMemoryService(clock=AutoClock(), extraction_delay=5))
        manager = await enter(service.manager(MEMORY, telemetry=telemetry, namespaces=NAMESPACES))
        control = await enter(service.control(telemetry=telemetry))
        strategy = SemanticStrategy("facts", "/facts/{actorId}/")
        memory = await control.create_memory("other", strategies=[strategy])
        session = await manager.create_memory_session("anna", "s")
        event = await session.add_turns(SAID)
        records = await session.wait_for_extraction(NAMESPACE, since=event)
        failing = await manager.create_memory_session("carl", "s")
        service.fail_extraction(times=1, strategy="facts")
        await failing.add_turns(SAID)
        await service.drain(include_future=True)
        jobs = await manager.list_memory_extraction_jobs()
        actor = manager.actor("anna")
        yield World(manager, actor, session, control, memory, event, records[0], jobs[0])


async def _iterate(items: AsyncIterable[object]) -> None:
    async for _ in items:
        pass


async def _buffer(w: World) -> None:
    async with w.session.buffered() as buffer:
        await buffer.add(SAID[0])


async def _record(w: World) -> None:
    await _iterate(w.session.record_turn("Which seat?", ["A window ", "seat."]))
    while len(await w.session.list_events()) < 2:
        await anyio.sleep(0.01)  # the manager stores it in a task of its own


async def _resolve(w: World) -> None:
    content = {"conversational": {"role": "USER", "content": {"text": "hi"}}}
    request = {
        "memoryId": MEMORY,
        "actorId": "anna",
        "sessionId": "s",
        "payload": [content],
        "eventTimestamp": TIME.timestamp(),
        "clientToken": "t" * 40,
    }
    await w.session.resolve(OutcomeUnknownError("CreateEvent", "t" * 40, 1, request))


async def _open(w: World) -> None:
    manager = w.control.manager(w.memory)
    await manager.open()
    await manager.aclose()


async def _get_or_create(w: World) -> None:
    await w.control.get_or_create_memory("other")  # there
    await w.control.get_or_create_memory("another")


async def _nothing(make: Callable[[World], object], w: World) -> None:
    make(w)


def quiet(make: Callable[[World], object]) -> Callable[[World], Awaitable[object]]:
    """Return what calls a method that is not awaited."""
    return partial(_nothing, make)


STRATEGY = SemanticStrategy("more", "/more/{actorId}/")
DO: dict[str, Callable[[World], Awaitable[object]]] = {
    "aclose": lambda w: w.control.aclose(),
    "actor": quiet(lambda w: w.manager.actor("ben")),
    "add_strategy": lambda w: w.control.add_strategy(w.memory, STRATEGY),
    "add_turns": lambda w: w.session.add_turns(SAID),
    "background": quiet(lambda w: w.manager.background()),
    "batch_create_memory_records": lambda w: w.manager.batch_create_memory_records([NEW]),
    "batch_delete_memory_records": lambda w: w.session.batch_delete_memory_records([w.record]),
    "batch_update_memory_records": lambda w: w.actor.batch_update_memory_records(
        [
            MemoryRecordUpdate(
                memory_record_id=w.record.memory_record_id, timestamp=TIME, content=NEW.content
            )
        ]
    ),
    "buffered": _buffer,
    "call": lambda w: w.manager.call(
        "RetrieveMemoryRecords",
        {"namespacePath": "/", "searchCriteria": {"searchQuery": "seats"}},
    ),
    "create_event": lambda w: w.session.create_event("click", {"page": "seats"}),
    "create_memory": lambda w: w.control.create_memory("new"),
    "create_memory_session": lambda w: w.manager.create_memory_session("ben", verify=True),
    "delete_event": lambda w: w.session.delete_event(w.event.event_id),
    "delete_memory": lambda w: w.control.delete_memory(w.memory),
    "delete_memory_record": lambda w: w.actor.delete_memory_record(w.record.memory_record_id),
    "delete_namespace": lambda w: w.manager.delete_namespace(NAMESPACE, settle=1.0),
    "delete_session": lambda w: w.session.delete_session(),
    "delete_strategy": lambda w: w.control.delete_strategy(
        w.memory, w.memory.strategies[0].memory_strategy_id
    ),
    "describe": lambda w: w.manager.describe(w.control),
    "explain": lambda w: w.session.explain(w.record),
    "export": lambda w: _iterate(w.manager.export(["anna"])),
    "extraction_poller": lambda w: w.session.extraction_poller(NAMESPACE, since=w.event),
    "forget_actor": lambda w: w.manager.forget_actor("anna", settle=1.0),
    "fork_conversation": lambda w: w.session.fork_conversation(SAID, w.event.event_id, "other"),
    "get_actor": quiet(lambda w: w.session.get_actor()),
    "get_conversation_tree": lambda w: w.session.get_conversation_tree(),
    "get_event": lambda w: w.session.get_event(w.event.event_id),
    "get_last_k_exchanges": lambda w: w.session.get_last_k_exchanges(),
    "get_last_k_turns": lambda w: w.session.get_last_k_turns(),
    "get_memory": lambda w: w.control.get_memory(w.memory),
    "get_memory_record": lambda w: w.actor.get_memory_record(w.record.memory_record_id),
    "get_or_create_memory": _get_or_create,
    "import_conversations": lambda w: w.manager.import_conversations(HISTORY, extract=True),
    "ingest_data": lambda w: w.actor.ingest_data(SAID),
    "iter_actor_sessions": lambda w: _iterate(w.manager.iter_actor_sessions("anna")),
    "iter_actors": lambda w: _iterate(w.manager.iter_actors()),
    "iter_events": lambda w: _iterate(w.session.iter_events()),
    "iter_long_term_memory_records": lambda w: _iterate(w.session.iter_long_term_memory_records()),
    "iter_memories": lambda w: _iterate(w.control.iter_memories()),
    "iter_memory_extraction_jobs": lambda w: _iterate(w.manager.iter_memory_extraction_jobs()),
    "iter_sessions": lambda w: _iterate(w.actor.iter_sessions()),
    "list_actor_sessions": lambda w: w.manager.list_actor_sessions("anna"),
    "list_actors": lambda w: w.manager.list_actors(),
    "list_branches": lambda w: w.session.list_branches(),
    "list_events": lambda w: w.session.list_events(),
    "list_long_term_memory_records": lambda w: w.actor.list_long_term_memory_records(NAMESPACE),
    "list_memories": lambda w: w.control.list_memories(),
    "list_memory_extraction_jobs": lambda w: w.session.list_memory_extraction_jobs(),
    "list_sessions": lambda w: w.actor.list_sessions(),
    "list_tags": lambda w: w.control.list_tags(w.memory),
    "manager": quiet(lambda w: w.control.manager(w.memory)),
    "modify_strategy": lambda w: w.control.modify_strategy(
        w.memory, w.memory.strategies[0].memory_strategy_id, description="d"
    ),
    "open": _open,
    "process_turn_with_llm": lambda w: w.session.process_turn_with_llm(
        "Which seat?", lambda text, context: "A window seat."
    ),
    "record_turn": _record,
    "resolve": _resolve,
    "retrieve_context": lambda w: w.session.retrieve_context("seats"),
    "search_long_term_memories": lambda w: w.session.search_long_term_memories("seats"),
    "start_memory_extraction_job": lambda w: w.manager.start_memory_extraction_job(w.job.job_id),
    "tag_memory": lambda w: w.control.tag_memory(w.memory, {"a": "b"}),
    "untag_memory": lambda w: w.control.untag_memory(w.memory, ["a"]),
    "update_memory": lambda w: w.control.update_memory(w.memory, description="d"),
    "usage": quiet(lambda w: w.manager.usage()),
    "verify": lambda w: w.session.verify(),
    "wait_for_extraction": lambda w: w.session.wait_for_extraction(NAMESPACE, since=w.event),
    "wait_until_active": lambda w: w.control.wait_until_active(w.memory),
    "with_options": quiet(lambda w: w.session.with_options(retry=RetryPolicy())),
}
"""Something to do with each method, awaited."""
