"""Types of the async API; never executed, checked by mypy and pyright."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, assert_type

from agentcore_memory_async import (
    ActorSummary,
    AsyncActor,
    AsyncMemoryControl,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    BatchError,
    BatchResult,
    BlobPayload,
    Branch,
    BranchSummary,
    Context,
    Conversation,
    ConversationalMessage,
    ConversationBranch,
    ConversationTree,
    Event,
    Exchange,
    Exchanges,
    Explanation,
    ExportReport,
    ExtractionJob,
    ExtractionJobMessage,
    ExtractionPoller,
    ExtractionTimeoutError,
    Filter,
    Forgetting,
    ForgettingReport,
    ForgettingStep,
    HistoryMessage,
    HistoryRecord,
    ImportProgress,
    JsonPayload,
    Memory,
    MemoryRecord,
    MemoryRecordUpdate,
    MemorySummary,
    MessageRole,
    NewMemoryRecord,
    Origin,
    OutcomeUnknownError,
    Provenance,
    RecordOutcome,
    Remaining,
    RetrievalConfig,
    RetryPolicy,
    SemanticStrategy,
    ServiceError,
    ServiceLimits,
    SessionSummary,
    Turn,
    TurnResult,
    decode_actor_id,
    encode_actor_id,
    encode_session_id,
    to_message,
    where,
)
from agentcore_memory_async.testing import FakeTransport

if TYPE_CHECKING:
    from agentcore_memory_async.models import MetadataValue


async def lifecycle() -> None:
    """Enter or open managers."""
    async with AsyncMemorySessionManager("m") as manager:
        assert_type(manager, AsyncMemorySessionManager)
        session = await manager.create_memory_session("a", "s")
        assert_type(session, AsyncMemorySession)
        assert_type(
            await manager.create_memory_session(actor_id="a", verify=False), AsyncMemorySession
        )
    opened = await AsyncMemorySessionManager(memory_id="m", region_name="us-west-2").open()
    assert_type(opened.loop, asyncio.AbstractEventLoop)
    assert_type(opened, AsyncMemorySessionManager)
    assert_type(await opened.aclose(), None)
    assert_type(AsyncMemorySession(opened, "a", "s").session_id, str)


def options() -> AsyncMemorySessionManager:
    """Pass every option of a manager."""
    return AsyncMemorySessionManager(
        "m",
        "us-west-2",
        aws_session=object(),
        endpoint_url="http://127.0.0.1:4710",
        config=None,
        max_concurrency=10,
        limits=ServiceLimits(events_per_second=None),
        retry=RetryPolicy(max_attempts=3),
        close_timeout=timedelta(seconds=20),
        allow_hierarchical_actor_ids=True,
        transport=FakeTransport(),
        clock=lambda: 0.0,
    )


async def events(session: AsyncMemorySession) -> None:
    """Write and read events."""
    messages = [ConversationalMessage("hi", MessageRole.USER)]
    event = await session.add_turns(messages)
    assert_type(event, Event)
    assert_type(event.messages, tuple[ConversationalMessage, ...])
    assert_type(event.metadata, Mapping[str, str])
    assert_type(event.accepted_at, datetime | None)
    await session.with_options(retry=RetryPolicy()).add_turns(
        [JsonPayload({"a": [1, None]}), BlobPayload("x"), *messages],
        branch=Branch("b", event.event_id),
        metadata={"k": "v"},
        timestamp=datetime.now(UTC),
        extract=False,
        namespace_variables={"tenant": "t"},
        client_token="t",
    )
    said: list[dict[str, str]] = [{"role": "user", "content": "hi"}]
    blocks = [{"role": "user", "content": [{"text": "hi"}]}]
    await session.add_turns(said)
    await session.add_turns(blocks)
    await session.add_turns([*said, *messages])
    await session.add_turns(
        [{"role": "user", "content": "hi"}, {"role": "assistant", "content": str(event)}]
    )
    async for chunk in session.record_turn("hi", ["a"]):
        assert_type(chunk, str)
    async with session.buffered() as buffer:
        await buffer.add({"role": "user", "content": "hi"})
    assert_type(await session.create_event("order", {"id": 1}), str)
    assert_type(await session.create_event(event_type="order", payload={}), str)
    turns = await session.get_last_k_turns(k=5, branch="b")
    assert_type(turns, list[Turn])
    assert_type(turns[0].role, MessageRole)
    exchanges = await session.get_last_k_exchanges(5, branch="b", include_parent_branches=False)
    assert_type(exchanges, Exchanges)
    assert_type(exchanges[-1], Exchange)
    assert_type(exchanges[-2:], Exchanges)
    assert_type(exchanges[0].turns, tuple[Turn, ...])
    assert_type([*exchanges.to_openai(), {"role": "user", "content": "hi"}], list[dict[str, str]])
    assert_type(exchanges.to_anthropic(), list[dict[str, str | list[dict[str, str]]]])
    assert_type(exchanges[0].to_converse(), list[dict[str, str | list[dict[str, str]]]])
    assert_type(await session.fork_conversation(said, event.event_id, "c"), Event)
    assert_type(await session.list_branches(), list[BranchSummary])
    tree = await session.get_conversation_tree()
    assert_type(tree, ConversationTree)
    assert_type(tree.main.forks[event.event_id], tuple[ConversationBranch, ...])
    assert_type(await session.list_events(branch="b", include_parent_branches=True), list[Event])
    assert_type(await session.list_events(), list[Event])
    assert_type(await session.list_events("order", max_results=5), list[Event])
    async for each in session.iter_events(page_size=10):
        assert_type(each, Event)
    try:
        await session.add_turns(messages)
    except OutcomeUnknownError as error:
        assert_type(await session.resolve(error), Event)
    except ServiceError as error:
        assert_type(error.code, str)


async def whole_service(manager: AsyncMemorySessionManager, session: AsyncMemorySession) -> None:
    """Use actors, single events, jobs, ingested content and raw calls."""
    actor = manager.actor("a")
    assert_type(actor, AsyncActor)
    assert_type(session.get_actor(), AsyncActor)
    assert_type(actor.with_options(retry=RetryPolicy()), AsyncActor)
    assert_type(actor.with_options(namespace_variables={"tenant": "red"}), AsyncActor)
    assert_type(await manager.list_actors(max_results=5), list[ActorSummary])
    assert_type(await manager.list_actor_sessions("a", has_events=True), list[SessionSummary])
    assert_type(await actor.list_sessions(page_size=5), list[SessionSummary])
    async for each in actor.iter_sessions():
        assert_type(each.created_at, datetime)
    jobs = await session.list_memory_extraction_jobs(status="FAILED")
    assert_type(jobs, list[ExtractionJob])
    assert_type(jobs[0].messages, tuple[ExtractionJobMessage, ...])
    assert_type(await manager.start_memory_extraction_job("j", client_token="t"), str)
    assert_type(await session.get_event("1#a"), Event)
    assert_type(await session.delete_event("1#a"), str)
    assert_type(await session.list_events(include_payloads=False), list[Event])
    assert_type(await session.list_events(branch_name="b", include_payload=False), list[Event])
    assert_type(await session.get_memory_record(record_id="mem-1"), MemoryRecord)
    assert_type(
        await actor.search_long_term_memories("q", namespace_path="/a/", strategy_id="s"),
        list[MemoryRecord],
    )
    said: list[dict[str, str]] = [{"role": "user", "content": "hi"}]
    assert_type(await actor.ingest_data(said), str)
    assert_type(await session.ingest_data([JsonPayload({"a": 1})]), str)
    assert_type(await manager.call("ListActors", {}), dict[str, Any])
    await session.list_memory_extraction_jobs(status="DONE")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def records(session: AsyncMemorySession) -> None:
    """Read extracted records."""
    found = await session.search_long_term_memories("q", "/facts/{actorId}/", 3)
    assert_type(found, list[MemoryRecord])
    assert_type(found[0].score, float | None)
    prefix = "/facts/{actorId}/"
    assert_type(await session.list_long_term_memory_records(prefix), list[MemoryRecord])
    async for each in session.iter_long_term_memory_records(namespace=prefix):
        assert_type(each, MemoryRecord)
    filters = [where("topic") == "billing", where("n") > 1, where("tags") == ["a", "b"]]
    assert_type(filters, list[Filter])
    metadata: dict[str, MetadataValue] = {"topic": "billing", "n": 5, "at": datetime.now(UTC)}
    await session.list_long_term_memory_records(prefix, filters=filters, metadata=metadata)
    await session.search_long_term_memories("q", prefix, filters=filters, min_score=0.3)
    await session.list_events(filters=filters[:1], metadata={"topic": "billing"})
    session.extraction_poller(prefix, filters=filters, metadata=metadata)
    assert_type(where("t") < datetime.now(UTC), Filter)
    assert_type(where("t").contains("a"), Filter)
    poller = session.extraction_poller([prefix], timeout=timedelta(minutes=3), settle=5)
    assert_type(poller, ExtractionPoller)
    assert_type(await poller, list[MemoryRecord])
    async with session.extraction_poller(prefix, min_records=2) as entered:
        assert_type(entered, ExtractionPoller)
        async for record in entered:
            assert_type(record.created_at, datetime)
    try:
        await poller
    except ExtractionTimeoutError as error:
        assert_type(error.records, tuple[MemoryRecord, ...])


async def batches(manager: AsyncMemorySessionManager) -> None:
    """Write, read and delete single records and batches of them."""
    now = datetime.now(UTC)
    record = await manager.get_memory_record("mem-1", namespace="/facts/")
    assert_type(record, MemoryRecord)
    assert_type(await manager.delete_memory_record("mem-1"), str)
    assert_type(await manager.delete_memory_record(record_id="mem-1"), str)
    await manager.get_memory_record()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await manager.delete_memory_record("mem-1", record_id="mem-1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    sdk_filter = {"left": {"metadataKey": "topic"}, "operator": "EXISTS"}
    await manager.search_long_term_memories("q", metadata_filters=[sdk_filter], max_results=3)
    new = NewMemoryRecord(
        namespace="/facts/", content="text", timestamp=now, metadata={"topic": "x", "tags": ("a",)}
    )
    result = await manager.batch_create_memory_records([new], expiry_days=31, client_token="t")
    assert_type(result, BatchResult)
    assert_type([each.memory_record_id for each in result], list[str])
    assert_type(result.failed, tuple[RecordOutcome, ...])
    change = MemoryRecordUpdate(memory_record_id="mem-1", timestamp=now)
    await manager.batch_update_memory_records(iter([change]), expiry_days="REMOVE")
    try:
        await manager.batch_delete_memory_records([record, "mem-1"], raise_on_failure=True)
    except BatchError as error:
        assert_type(error.result, BatchResult)


async def ask(user_input: str, memories: Context) -> str:
    """Answer as a model does."""
    return memories.render(max_chars=100) + user_input


def ask_blocking(user_input: str, memories: Context) -> str:
    """Answer as a model does, without ``await``."""
    return memories.render(max_tokens=9, count_tokens=len) + user_input


async def context(session: AsyncMemorySession) -> None:
    """Retrieve context and let a model answer."""
    declared: Mapping[str, str] = session.namespaces
    AsyncMemorySessionManager("m", namespaces=declared)
    AsyncMemorySessionManager("m", namespaces=["/facts/{actorId}/"])
    assert_type(session.namespaces["facts"], str)
    config = {"/facts/{actorId}/": RetrievalConfig(top_k=1, relevance_score=0.5)}
    found = await session.retrieve_context("q", config)
    assert_type(found, Context)
    assert_type(found[0], MemoryRecord)
    assert_type(found[1:], Context)
    assert_type(found.provenance, tuple[Provenance, ...])
    for record in found:
        assert_type(record, MemoryRecord)
    result = await session.process_turn_with_llm("hi", ask, config, on_search_error="degrade")
    assert_type(result, TurnResult)
    assert_type(result.degraded, bool)
    memories, response, event = await session.process_turn_with_llm("hi", ask_blocking)
    assert_type(memories, Context)
    assert_type(response, str)
    assert_type(event, Event)


def values() -> None:
    """Create values by hand."""
    now = datetime.now(UTC)
    assert_type(encode_actor_id("a@b"), str)
    assert_type(decode_actor_id("enc-a_40b"), str)
    assert_type(encode_session_id("a@b"), str)
    assert_type(to_message({"role": "user", "content": [{"text": "hi"}]}), ConversationalMessage)
    assert_type(ConversationalMessage("hi", "user").role, MessageRole)
    assert_type(Turn(MessageRole.USER, "hi", now).to_openai(), dict[str, str])
    assert_type(f"{Turn(MessageRole.USER, 'hi', now).role}", str)
    MemoryRecord("/facts/", "text", None, now)
    payload: dict[str, Any] = {"any": ["json", 1, None]}
    JsonPayload(payload)


async def memories(control: AsyncMemoryControl) -> None:
    """Make, read, follow, describe and delete a memory."""
    async with AsyncMemoryControl("us-west-2", aws_session=None, retry=RetryPolicy()) as opened:
        assert_type(opened, AsyncMemoryControl)
    memory = await control.get_or_create_memory("chat", strategies=[SemanticStrategy("facts")])
    assert_type(memory, Memory)
    assert_type(memory.namespaces, dict[str, str])
    assert_type(await control.list_memories(max_results=3), list[MemorySummary])
    async for summary in control.iter_memories(page_size=10):
        assert_type(summary, MemorySummary)
    wait = control.wait_until_active(memory, timeout=timedelta(minutes=5))
    assert_type(await wait, Memory)
    async for seen in wait:
        assert_type(seen, Memory)
    manager = control.manager(memory, max_concurrency=5)
    assert_type(manager, AsyncMemorySessionManager)
    assert_type(await manager.describe(control), Memory)
    await control.create_memory("chat", strategies=["facts"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


async def forgetting(manager: AsyncMemorySessionManager, session: AsyncMemorySession) -> None:
    """Delete, bring in and take out."""
    work = manager.forget_actor("anna", namespaces=["/facts/{actorId}/"], settle=timedelta(0))
    assert_type(work, Forgetting)
    async for step in work:
        assert_type(step, ForgettingStep)
    report = await work
    assert_type(report, ForgettingReport)
    assert_type(report.remaining, tuple[Remaining, ...])
    assert_type(await session.delete_session(), ForgettingReport)
    assert_type(await manager.actor("a").delete_namespace("/facts/{actorId}/"), ForgettingReport)
    said = [HistoryMessage("hi", "user", datetime.now(UTC))]
    async for progress in manager.import_conversations(
        [Conversation("a", "s", said)], extract=False
    ):
        assert_type(progress, ImportProgress)
    async for item in manager.export():
        assert_type(item, Conversation | HistoryRecord)
    assert_type(await manager.export(["a"]), ExportReport)
    manager.import_conversations([])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def mistakes(session: AsyncMemorySession) -> None:
    """Make mistakes that a type checker reports."""
    ConversationalMessage("hi", 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await session.add_turns("hi")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await session.get_last_k_turns("5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await session.list_events(limit=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    [where("t") < "a"]  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnusedExpression]
    session.extraction_poller()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def origins(session: AsyncMemorySession) -> None:
    """Store and search by origins, and explain what is found."""
    for record in await session.search_long_term_memories("q", trusted=["user", Origin("tool")]):
        assert_type(record.origin, Origin | None)
        explanation = await session.explain(record)
        assert_type(explanation, Explanation)
        assert_type(explanation.messages, tuple[ConversationalMessage, ...])
    await session.add_turns([{"role": "user", "content": "hi"}], origin=Origin("web"))
    session.extraction_poller("/facts/{actorId}/", exact=("chat", "chat001"))
