"""Types of the sync API; never executed, checked by mypy and pyright."""

from __future__ import annotations

import asyncio
from typing import Any, assert_type

from agentcore_memory_async import (
    Actor,
    ActorSummary,
    AsyncMemorySessionManager,
    BatchResult,
    BlockingBackgroundWork,
    BlockingExtractionPoller,
    BlockingForgetting,
    BlockingMemoryWait,
    BlockingMessageBuffer,
    BlockingRecordedTurn,
    BranchSummary,
    Context,
    Conversation,
    ConversationalMessage,
    ConversationTree,
    Event,
    Exchanges,
    Explanation,
    ExportReport,
    ExtractionJob,
    ForgettingReport,
    ForgettingStep,
    HistoryRecord,
    ImportProgress,
    Memory,
    MemoryControl,
    MemoryRecord,
    MemorySession,
    MemorySessionManager,
    MemorySummary,
    MessageRole,
    RetryPolicy,
    SemanticStrategy,
    SessionSummary,
    Turn,
    TurnResult,
    UnsentError,
    where,
)


def lifecycle() -> None:
    """Use a manager with and without ``with``."""
    manager = MemorySessionManager(memory_id="m", region_name="us-west-2", max_concurrency=5)
    assert_type(manager, MemorySessionManager)
    session = manager.create_memory_session("a", "s", verify=False)
    assert_type(session, MemorySession)
    assert_type(session.session_id, str)
    with MemorySessionManager("m") as opened:
        assert_type(opened, MemorySessionManager)
        assert_type(opened.create_memory_session(actor_id="a"), MemorySession)
    assert_type(manager.async_manager, AsyncMemorySessionManager)
    assert_type(manager.loop, asyncio.AbstractEventLoop)
    manager.close()


def events(session: MemorySession) -> None:
    """Call methods with the parameters and results of the async ones."""
    assert_type(session.with_options(namespace_variables={"tenant": "red"}), MemorySession)
    event = session.with_options(retry=RetryPolicy()).add_turns(
        messages=[ConversationalMessage("hi", MessageRole.USER)]
    )
    assert_type(event, Event)
    session.add_turns([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}])
    assert_type(session.create_event("order", {"id": 1}), str)
    assert_type(session.get_last_k_turns(k=5), list[Turn])
    assert_type(session.get_last_k_exchanges(5), Exchanges)
    assert_type(session.fork_conversation([], "1#a", "b", event_timestamp=None), Event)
    assert_type(session.list_branches(), list[BranchSummary])
    assert_type(session.get_conversation_tree(), ConversationTree)
    for found in session.search_long_term_memories("q", trusted=["user"]):
        assert_type(session.explain(found), Explanation)
    assert_type(session.list_events("order", max_results=5), list[Event])
    for each in session.iter_events(page_size=10):
        assert_type(each, Event)


def whole_service(manager: MemorySessionManager, session: MemorySession) -> None:
    """Use actors, single events, jobs, ingested content and raw calls."""
    actor = manager.actor("a")
    assert_type(actor, Actor)
    assert_type(session.get_actor(), Actor)
    assert_type(manager.list_actors(), list[ActorSummary])
    assert_type(actor.list_sessions(has_events=True), list[SessionSummary])
    for each in manager.iter_actor_sessions("a"):
        assert_type(each, SessionSummary)
    assert_type(session.list_memory_extraction_jobs(), list[ExtractionJob])
    assert_type(session.get_event("1#a"), Event)
    assert_type(actor.ingest_data([ConversationalMessage("hi", MessageRole.USER)]), str)
    assert_type(manager.call("ListActors", {}), dict[str, Any])


def beside(manager: MemorySessionManager, session: MemorySession) -> None:
    """Record, collect, and wait in the background."""
    turn = session.record_turn("hi", ["a"])
    assert_type(turn, BlockingRecordedTurn)
    for chunk in turn:
        assert_type(chunk, str)
    with session.buffered(max_messages=5) as buffer:
        assert_type(buffer, BlockingMessageBuffer)
        buffer.add({"role": "user", "content": "hi"})
        assert_type(buffer.unsent, tuple[ConversationalMessage, ...])
        assert_type(buffer.unsent_error, UnsentError | None)
    with manager.background() as work:
        assert_type(work, BlockingBackgroundWork)
        work.wait(session.extraction_poller("/"), then=lambda records: records[0].content)
        work.join()


def records(session: MemorySession) -> None:
    """List, search and wait for long-term records."""
    prefix = "/facts/{actorId}/"
    assert_type(session.list_long_term_memory_records(prefix), list[MemoryRecord])
    assert_type(session.search_long_term_memories("q", prefix, top_k=3), list[MemoryRecord])
    for record in session.iter_long_term_memory_records(namespace_prefix=prefix):
        assert_type(record, MemoryRecord)
    session.list_long_term_memory_records(prefix, filters=[where("topic") == "billing"])
    assert_type(session.get_memory_record("mem-1"), MemoryRecord)
    assert_type(session.delete_memory_record("mem-1", namespace="/facts/"), str)
    assert_type(session.get_memory_record(record_id="mem-1"), MemoryRecord)
    session.get_memory_record()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    assert_type(session.batch_delete_memory_records(["mem-1"]), BatchResult)
    poller = session.extraction_poller(prefix, timeout=5, min_records=2)
    assert_type(poller, BlockingExtractionPoller)
    with poller as entered:
        assert_type(entered.wait(), list[MemoryRecord])
    for record in poller:
        assert_type(record, MemoryRecord)


def context(session: MemorySession) -> None:
    """Retrieve context and let a model answer."""
    assert_type(session.namespaces["facts"], str)
    assert_type(session.retrieve_context("q", on_search_error="degrade"), Context)
    result = session.process_turn_with_llm("hi", lambda text, memories: text + memories[0].text)
    assert_type(result, TurnResult)
    memories, _, event = result
    assert_type(memories, Context)
    assert_type(event, Event)


def forgetting(manager: MemorySessionManager) -> None:
    """Delete, bring in and take out."""
    work = manager.forget_actor("anna", namespaces=["/facts/{actorId}/"])
    assert_type(work, BlockingForgetting)
    for step in work:
        assert_type(step, ForgettingStep)
    assert_type(work.wait(), ForgettingReport)
    done = manager.import_conversations([], extract=False).wait()
    assert_type(done, ImportProgress)
    for item in manager.export():
        assert_type(item, Conversation | HistoryRecord)
    assert_type(manager.export().wait(), ExportReport)


def mistakes(session: MemorySession) -> None:
    """Make mistakes that a type checker reports; an unused ignore would be an error."""
    session.add_turns("hi")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    session.get_last_k_turns(n=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    session.create_event("order")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def memories(control: MemoryControl) -> None:
    """Make, read, follow and delete a memory."""
    memory = control.get_or_create_memory("chat", strategies=[SemanticStrategy("facts")])
    assert_type(memory, Memory)
    assert_type(control.update_memory(memory, description="x"), Memory)
    assert_type(control.list_memories(max_results=3), list[MemorySummary])
    for summary in control.iter_memories():
        assert_type(summary, MemorySummary)
    wait = control.wait_until_active(memory.memory_id, timeout=5)
    assert_type(wait, BlockingMemoryWait)
    assert_type(wait.wait(), Memory)
    for seen in wait:
        assert_type(seen, Memory)
    assert_type(control.manager(memory), MemorySessionManager)
    assert_type(control.manager(memory).describe(control), Memory)
    control.delete_memory(memory, wait=False)
