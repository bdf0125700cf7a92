"""
The defects of the official SDK, by their numbers in the list of service facts, and none of them.

Each test is one defect of ``bedrock_agentcore.memory`` 1.25.0, and shows the right behavior here.
"""

from __future__ import annotations

import copy
import inspect
import json
import logging
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import botocore.config
import pytest
from anyio import create_task_group

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    Branch,
    Event,
    ExtractionTimeoutError,
    InvalidInputError,
    JsonPayload,
    MemorySessionManager,
    NewMemoryRecord,
    RetrievalConfig,
    RetryPolicy,
    ThrottledError,
)
from agentcore_memory_async.local import AutoClock, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on, pages, said, wire_event, wire_record

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from pathlib import Path

    from agentcore_memory_async import Context
    from agentcore_memory_async._transport.base import Answer

CONVERSATION = [("u1", "USER"), ("a1", "ASSISTANT"), ("u2", "USER"), ("a2", "ASSISTANT")]
CONVERSATION += [("t2", "TOOL"), ("u3", "USER"), ("a3", "ASSISTANT")]
"""Three exchanges: what was said, and by whom."""
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCORED = "facts-0123456789"
QUERY = "the diagnosis of my doctor"


@pytest.fixture
async def session() -> AsyncGenerator[AsyncMemorySession]:
    """Return a session of a local service whose clock runs ahead."""
    async with LocalMemoryService(clock=AutoClock()) as service, service.manager(MEMORY) as manager:
        yield await manager.create_memory_session("a", "s", verify=False)


async def remember(session: AsyncMemorySession, count: int, namespace: str) -> None:
    """Store *count* records of one's own."""
    result = await session.batch_create_memory_records(
        [
            NewMemoryRecord(namespace=namespace, content=f"the fact number {at}", timestamp=NOW)
            for at in range(count)
        ]
    )
    assert result


@pytest.mark.parametrize("sizes", [[1] * 7, [2, 3, 2], [7], [1, 3, 3], [3, 4], [6, 1]], ids=str)
async def test_defect_1_turns_are_grouped_and_ordered(
    session: AsyncMemorySession, sizes: list[int]
) -> None:
    """Exchanges and messages are the newest, oldest first, however they are stored as events."""
    messages = iter(CONVERSATION)
    for count in sizes:
        items = [next(messages) for _ in range(count)]
        await session.add_turns([{"role": role, "content": text} for text, role in items])
    whole = [["u1", "a1"], ["u2", "a2", "t2"], ["u3", "a3"]]
    for k in (1, 2, 3, 9):
        found = await session.get_last_k_exchanges(k)
        assert whole[-k:] == [[each.text for each in exchange.turns] for exchange in found]
        turns = await session.get_last_k_turns(k)
        assert [text for text, _ in CONVERSATION][-k:] == [each.text for each in turns]


async def test_defect_2_a_branch_is_read_by_its_name_alone(session: AsyncMemorySession) -> None:
    """Its last turns need no second argument, and are those of its parents before it, too."""
    root = await session.add_turns([said("root")])
    await session.add_turns([said("main")])
    await session.fork_conversation([said("forked")], root.event_id, "b")
    turns = await session.get_last_k_turns(branch_name="b")
    assert ["root", "forked"] == [each.text for each in turns]


async def test_defect_3_the_order_of_events_is_as_documented(session: AsyncMemorySession) -> None:
    """Events are newest first, and the docstring says so."""
    for text in "abc":
        await session.add_turns([said(text)])
    events = await session.list_events()
    assert ["c", "b", "a"] == [each.messages[0].text for each in events]
    assert "newest first" in str(AsyncMemorySession.list_events.__doc__)


async def test_defect_4_empty_pages_are_followed() -> None:
    """What is behind empty pages is found, and few results do not mean small pages."""
    transport = FakeTransport()
    found = wire_event(1, "u", metadata={"k": {"stringValue": "v"}})
    others = [wire_event(at, "other") for at in range(200, 101, -1)]
    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        for read in (session.list_events, session.get_last_k_turns, session.list_branches):
            transport.reply("ListEvents", *pages("events", [], [], [found]))
            assert 1 == len(await read())
        transport.reply("ListEvents", *pages("events", [*others, found]))
        [event] = await session.list_events(max_results=1, metadata={"k": "v"})
    assert event.event_id == found["eventId"]
    assert 100 == transport.sent("ListEvents")[-1]["maxResults"]


async def test_defect_5_main_is_the_main_branch_only(session: AsyncMemorySession) -> None:
    """Whoever reads main gets no event of another branch."""
    root = await session.add_turns([said("main")])
    await session.fork_conversation([said("forked")], root.event_id, "b")
    assert [root] == await session.list_events(branch_name="main")
    assert ["main"] == [each.text for each in await session.get_last_k_turns(branch_name="main")]


async def test_defect_6_branches_have_their_first_event(session: AsyncMemorySession) -> None:
    """A branch has its first event, root, count and time; main is no fork of the tree."""
    main = [await session.add_turns([said(text)]) for text in "ab"]
    forked = [await session.fork_conversation([said("c")], main[0].event_id, "b")]
    forked += [await session.add_turns([said(text)], branch_name="b") for text in "de"]
    branches = await session.list_branches()
    assert [("main", None, 2), ("b", main[0].event_id, 3)] == [
        (each.name, each.root_event_id, each.event_count) for each in branches
    ]
    assert [(main[0].event_id, main[0].timestamp), (forked[0].event_id, forked[0].timestamp)] == [
        (each.first_event_id, each.created) for each in branches
    ]
    tree = await session.get_conversation_tree()
    assert [each.event_id for each in main] == [each.event_id for each in tree.main.events]
    assert ["b"] == [fork.name for forks in tree.main.forks.values() for fork in forks]


async def test_defect_7_all_of_a_namespace_is_deleted(session: AsyncMemorySession) -> None:
    """Every record below a path is deleted, and of those beside it none."""
    await remember(session, 125, "/own/a/one/")
    await remember(session, 125, "/own/a/two/")
    await remember(session, 1, "/own/ab/")
    report = await session.delete_namespace("/own/a/")
    assert (250, ()) == (report.deleted.records, report.remaining)
    assert [] == await session.list_long_term_memory_records("/own/a/")
    assert 1 == len(await session.list_long_term_memory_records("/own/ab/"))


async def test_defect_8_as_many_are_found_as_asked_for(session: AsyncMemorySession) -> None:
    """A search returns its top k, and lists read whole pages."""
    await remember(session, 120, "/own/a/")
    for top_k in (1, 3, 50, 100):
        found = await session.search_long_term_memories("fact number", "/own/a/", top_k)
        assert top_k == len(found)
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        await manager.list_long_term_memory_records(max_results=200)
        await manager.list_actors()
        await manager.list_actor_sessions("a")
    assert [100] * 3 == [each.params["maxResults"] for each in transport.requests]


@virtual_time
async def test_defect_9_templates_are_filled_in_strictly() -> None:
    """Known variables are filled in, others refused, and no id reaches into another's subtree."""
    transport = FakeTransport()
    scoreless = wire_record(1, "/s/facts-0123456789/a/")
    transport.reply("RetrieveMemoryRecords", {"memoryRecordSummaries": [scoreless]})
    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        context = await session.retrieve_context(
            "q", {"/s/{memoryStrategyId}/{actorId}/": RetrievalConfig(strategy_id=SCORED)}
        )
        for template in ("/{tenant}/", "/{actorId.__class__.__mro__}/", "/{0}/", "/{strategyId}/"):
            with pytest.raises(InvalidInputError):
                await session.retrieve_context("q", {template: RetrievalConfig()})
        with pytest.raises(InvalidInputError):
            manager.actor("al/ice")
    [sent] = transport.sent("RetrieveMemoryRecords")
    assert "/s/facts-0123456789/a/" == sent["namespacePath"]
    assert SCORED == sent["searchCriteria"]["memoryStrategyId"]
    assert ["fact 1"] == [each.text for each in context]


@virtual_time
async def test_defect_10_a_turn_resolves_its_templates() -> None:
    """No brace reaches the service."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        config = {"support/facts/{sessionId}/": RetrievalConfig()}
        await session.process_turn_with_llm("hi", lambda text, _: text, config)
    assert ["support/facts/s/"] == [
        each["namespacePath"] for each in transport.sent("RetrieveMemoryRecords")
    ]


class Slow(FakeTransport):
    """A transport whose answers take 0.3 s."""

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        await anyio.sleep(0.3)
        return await super().__call__(operation, params)


@virtual_time
async def test_defect_11_turns_overlap() -> None:
    """Five turns that each search three namespaces take the time of one search and one write."""
    async with manager_on(Slow()) as manager:
        config = {f"/{name}/{{actorId}}/": RetrievalConfig() for name in "xyz"}

        async def answer(text: str, _: Context) -> str:
            return text

        async def run(number: int) -> None:
            session = AsyncMemorySession(manager, f"a{number}", "s")
            await session.process_turn_with_llm("hi", answer, config)

        began = anyio.current_time()
        async with create_task_group() as group:
            for number in range(5):
                group.start_soon(run, number)
        assert 0.6 == pytest.approx(anyio.current_time() - began)


async def test_defect_12_a_write_has_all_its_members(caplog: pytest.LogCaptureFixture) -> None:
    """Token, extraction, variables and JSON can be given; size and count are checked."""
    transport = FakeTransport()
    with caplog.at_level(logging.DEBUG):
        async with manager_on(transport) as manager:
            session = AsyncMemorySession(manager, "a", "s")
            options: dict[str, Any] = {"extract": False, "namespace_variables": {"tenant": "red"}}
            event = await session.add_turns(
                [said("hi"), JsonPayload({"a": 1})], client_token="t" * 36, **options
            )
            for wrong in ([said("hi")] * 101, [said("x" * 100_001)], []):
                with pytest.raises(InvalidInputError):
                    await session.add_turns(wrong)
    [sent] = transport.sent("CreateEvent")
    assert "t" * 36 == sent["clientToken"]
    assert "SKIP" == sent["extractionMode"]
    assert {"tenant": "red"} == sent["extractionConfig"]["namespaceVariables"]
    assert event.event_id
    assert "None" not in caplog.text


async def test_defect_13_no_serializer_is_patched() -> None:
    """A client without parameter validation works, and naive times are refused, not guessed."""
    config = botocore.config.Config(parameter_validation=False)
    async with (
        LocalMemoryService() as service,
        service.manager(MEMORY, config=config) as manager,
    ):
        session = await manager.create_memory_session("a", "s")
        event = await session.add_turns([said("hi")], timestamp=NOW.replace(microsecond=5000))
        assert 5000 == event.timestamp.microsecond
        with pytest.raises(InvalidInputError, match="timestamp"):
            await session.add_turns([said("hi")], timestamp=datetime(2026, 1, 1))  # noqa: DTZ001 - naive


async def test_defect_14_no_query_is_logged(
    session: AsyncMemorySession, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a search nor its error logs the query, at whatever level."""
    transport = FakeTransport()
    transport.fail("RetrieveMemoryRecords", "AccessDeniedException", status=403)
    with caplog.at_level(logging.DEBUG, "agentcore_memory_async"):
        await session.search_long_term_memories(QUERY, "/facts/a/")
        async with manager_on(transport) as manager:
            with pytest.raises(AccessDeniedError) as caught:
                await manager.search_long_term_memories(QUERY, "/facts/a/")
    logged = [each.getMessage() for each in caplog.records if "agentcore" in each.name]
    assert not [text for text in [*logged, str(caught.value)] if QUERY in text]


@virtual_time
async def test_defect_15_errors_are_raised_and_old_records_are_none() -> None:
    """A denied search is no empty one, and a wait ends neither by old records nor in silence."""
    transport = FakeTransport()
    for operation in ("RetrieveMemoryRecords", "ListMemoryRecords"):
        transport.fail(operation, "AccessDeniedException", status=403)
    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        with pytest.raises(AccessDeniedError):
            await session.search_long_term_memories("q", "/facts/{actorId}/")
        event = await session.add_turns([said("hi")])
        began = anyio.current_time()
        with pytest.raises(AccessDeniedError):
            await session.wait_for_extraction("/facts/{actorId}/", since=event)
        assert 10 > anyio.current_time() - began
        old = {"memoryRecordSummaries": [wire_record(-100)]}
        transport.reply("ListMemoryRecords", *[old] * 50)
        with pytest.raises(ExtractionTimeoutError):
            await session.wait_for_extraction("/facts/{actorId}/", since=event, timeout=30)
        assert 30 <= anyio.current_time() - began


async def test_defect_16_a_memory_is_found_by_its_whole_name() -> None:
    """chat_archive is no chat, and a memory behind the first hundred is found."""
    async with LocalMemoryService(strict=True) as service, service.control() as control:
        archive = await control.create_memory("chat_archive")
        chat = await control.get_or_create_memory("chat")
        assert archive.memory_id != chat.memory_id
        for number in range(100):
            await control.create_memory(f"other{number}", wait=False)
        assert chat.memory_id == (await control.get_or_create_memory("chat")).memory_id


async def test_defect_17_values_are_values(session: AsyncMemorySession) -> None:
    """Events and records are compared, copied, pickled and made JSON; a typo is an error."""
    event = await session.add_turns([said("hi")])
    await remember(session, 1, "/own/a/")
    [record] = await session.list_long_term_memory_records("/own/a/")
    values: Sequence[Any] = (event, record, *await session.get_last_k_turns(1))
    for value in list[Any](values):
        for same in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
            assert value == same
        assert json.loads(json.dumps(value.to_dict()))
        with pytest.raises(AttributeError):
            _ = value.evnet_id
    assert event == (await session.list_events())[0]


async def test_defect_18_the_region_says_where_it_is_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A region that nobody named shows as the default that it is."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    async with (
        LocalMemoryService() as service,
        AsyncMemorySessionManager(MEMORY, endpoint_url=service.endpoint_url) as manager,
    ):
        assert "us-west-2 (from default)" in repr(manager)


def test_defect_18_threads_share_a_manager() -> None:
    """One record may be asked for, and threads share a session."""
    assert 1 == RetrievalConfig(top_k=1).top_k
    transport = FakeTransport()
    with MemorySessionManager(MEMORY, transport=transport) as manager:
        session = manager.create_memory_session("a", "s")
        with ThreadPoolExecutor(8) as pool:
            events = pool.map(session.add_turns, [[said(f"m{at}")] for at in range(8)])
            ids = {each.event_id for each in events}
    assert 8 == len(ids)
    assert 8 == len({each["eventTimestamp"] for each in transport.sent("CreateEvent")})


async def test_defect_19_nothing_needs_another_client() -> None:
    """Namespaces of permissions, sessions, ingestion and jobs are all within reach."""
    transport = FakeTransport()
    transport.reply("GetMemoryRecord", {"memoryRecord": wire_record(1)})
    record_id = wire_record(1)["memoryRecordId"]
    async with manager_on(transport) as manager:
        actor = manager.actor("a")
        await actor.get_memory_record(record_id, namespace="/facts/{actorId}/")
        await actor.delete_memory_record(record_id, namespace="/facts/{actorId}/")
        await manager.list_actor_sessions("a")
        await manager.list_memory_extraction_jobs()
        await manager.start_memory_extraction_job("job-1")
        await actor.ingest_data([said("hi")])
    assert ["/facts/a/"] * 2 == [each.params["namespace"] for each in transport.requests[:2]]
    assert [
        "ListSessions",
        "ListMemoryExtractionJobs",
        "StartMemoryExtractionJob",
        "IngestData",
    ] == [each.operation for each in transport.requests[2:]]


async def test_defect_20_throttling_has_the_services_name() -> None:
    """The service throttles by ThrottledException, and that is a ThrottledError."""
    transport = FakeTransport()
    transport.fail("ListActors", "ThrottledException", status=429)
    async with manager_on(transport, retry=RetryPolicy(max_attempts=1)) as manager:
        with pytest.raises(ThrottledError) as caught:
            await manager.list_actors()
    assert "ThrottledException" == caught.value.code


@virtual_time
async def test_defect_21_concurrent_writes_keep_their_order() -> None:
    """Events that are written at once have times in the order of the calls, none of them twice."""
    transport = Slow()
    async with manager_on(transport) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        async with create_task_group() as group:
            for number in range(20):
                group.start_soon(session.add_turns, [said(str(number))])
    sent = sorted(transport.sent("CreateEvent"), key=lambda each: each["eventTimestamp"])
    texts = [each["payload"][0]["conversational"]["content"]["text"] for each in sent]
    assert [str(number) for number in range(20)] == texts
    assert 20 == len({each["eventTimestamp"] for each in sent})


async def test_defect_22_annotations_and_docs_are_true(session: AsyncMemorySession) -> None:
    """A fork is an Event, as it is annotated, and metadata is a mapping only."""
    root = await session.add_turns([said("hi")], metadata={"k": "v"})
    forked = await session.fork_conversation([said("ho")], root.event_id, "b")
    assert isinstance(forked, Event)
    annotations = inspect.get_annotations(AsyncMemorySession.fork_conversation)
    assert "Event" == annotations["return"]
    assert Branch("b", root.event_id) == forked.branch
    with pytest.raises(InvalidInputError, match="metadata"):
        await session.add_turns([said("hi")], metadata=[{"k": "v"}])  # type: ignore[arg-type]
