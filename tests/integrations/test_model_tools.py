"""Four tools for a model: what they do, whose memory they reach, and what they answer."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    NewMemoryRecord,
    RetryPolicy,
    ServiceLimits,
)
from agentcore_memory_async.integrations._memory_tools import Outcome
from agentcore_memory_async.integrations.tools import resolve_tool_calls
from agentcore_memory_async.local import Lags, LocalMemoryService
from tests.integrations.model_calls import APIS, Api, chat_call, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from agentcore_memory_async.local import RecordedExchange

MEMORY_ID = "chat-a1B2c3D4e5"
UNKNOWN = "mem-00000000-0000-0000-0000-000000000000"
NAMESPACES = {
    "facts": "/facts/{actorId}/",
    "preferences": "/preferences/{actorId}/",
    "summaries": "/summaries/{actorId}/{sessionId}/",
}
CHAT = APIS["chat"]
FAST = RetryPolicy(backoff=0.001, throttled_backoff=0.001, max_backoff=0.01)
UNPACED = ServiceLimits(None, None)


@pytest.fixture
async def service() -> AsyncIterator[LocalMemoryService]:
    """Yield a local service."""
    async with LocalMemoryService() as service:
        yield service


@pytest.fixture
async def session(service: LocalMemoryService) -> AsyncIterator[AsyncMemorySession]:
    """Yield a session of anna's; the manager knows facts, preferences and summaries."""
    async with service.manager(MEMORY_ID, namespaces=NAMESPACES) as manager:
        yield AsyncMemorySession(manager, "anna", "chat001")


async def ask(session: AsyncMemorySession, *calls: tuple[str, Any], api: Api = CHAT) -> list[Any]:
    """Return what tools answer, as JSON data."""
    made = [api.call(f"call_{at}", *call) for at, call in enumerate(calls)]
    results = await resolve_tool_calls(session, made)
    assert [f"call_{at}" for at in range(len(calls))] == [api.answered(each)[0] for each in results]
    return read(api, results)


async def put(session: AsyncMemorySession, namespace: str, text: str) -> str:
    """Put a record into a namespace and return its id."""
    record = NewMemoryRecord(namespace=namespace, content=text, timestamp=datetime.now(UTC))
    result = await session.batch_create_memory_records([record], raise_on_failure=True)
    return result.outcomes[0].memory_record_id


@pytest.mark.parametrize("api", APIS.values(), ids=APIS)
async def test_each_api_remembers_recalls_reads_and_forgets(
    api: Api, session: AsyncMemorySession
) -> None:
    """Calls are read in the form of the API, and answered in it, by their ids and in order."""
    await session.add_turns([{"role": "user", "content": "hi"}])
    [kept, turns] = await ask(
        session,
        ("remember", {"fact": "The user is allergic to nuts."}),
        ("recent_turns", {"k": 5}),
        api=api,
    )
    assert {"turns": [{"role": "user", "text": "hi"}]} == turns

    [found] = await ask(session, ("recall", {"query": "nuts"}), api=api)
    [memory] = found["memories"]
    assert kept == {"record_id": memory["record_id"]}
    assert "The user is allergic to nuts." == memory["text"]

    [gone] = await ask(session, ("forget", kept), api=api)
    assert {"forgotten": kept["record_id"]} == gone
    assert [{"memories": []}] == await ask(session, ("recall", {"query": "nuts"}), api=api)


async def test_calls_of_several_apis_are_answered_each_in_its_form(
    session: AsyncMemorySession,
) -> None:
    """A history may go from one API to another."""
    calls = [api.call(name, "recent_turns", {"k": 1}) for name, api in APIS.items()]
    results = await resolve_tool_calls(session, calls)
    answered = zip(APIS.values(), results, strict=True)
    assert list(APIS) == [api.answered(result)[0] for api, result in answered]


async def test_recall_finds_what_was_extracted_too(
    service: LocalMemoryService, session: AsyncMemorySession
) -> None:
    """It searches the actor's own namespaces, that of the session among them, best first."""
    said = [
        ConversationalMessage("I live in Turin. I prefer window seats.", MessageRole.USER),
        ConversationalMessage("Noted.", MessageRole.ASSISTANT),
    ]
    await session.add_turns(said)
    await service.drain()
    [found] = await ask(session, ("recall", {"query": "Which seats does the user prefer?"}))
    assert any("window" in each["text"] for each in found["memories"])
    assert all({"record_id", "text", "date"} == each.keys() for each in found["memories"])


async def test_recall_returns_at_most_ten(session: AsyncMemorySession) -> None:
    """Several namespaces together, too."""
    for at in range(12):
        await put(session, "/facts/{actorId}/", f"Cats are fact {at}.")
        await put(session, "/preferences/{actorId}/", f"Cats are preference {at}.")
    [found] = await ask(session, ("recall", {"query": "cats"}))
    assert 10 == len(found["memories"])


OTHERS = {
    "another actor's": "/facts/bob/",
    "one whose id begins with the actor's": "/facts/annabel/",
    "everybody's": "/facts/",
    "the root": "/",
    "another's summary": "/summaries/bob/chat001/",
    "outside of the namespaces that are known": "/secrets/anna/",
}


@pytest.mark.parametrize("namespace", OTHERS.values(), ids=OTHERS)
async def test_nothing_but_the_actors_own_is_found_or_forgotten(
    namespace: str, session: AsyncMemorySession, recorded: Callable[[], list[RecordedExchange]]
) -> None:
    """A record of somebody else is as unknown as one that is not there; no deletion is sent."""
    record_id = await put(session, namespace, "Somebody keeps bees.")
    found, refused, unknown = await ask(
        session,
        ("recall", {"query": "bees"}),
        ("forget", {"record_id": record_id}),
        ("forget", {"record_id": UNKNOWN}),
    )
    assert {"memories": []} == found
    assert unknown == refused
    assert "recall returned" in refused["error"]
    assert record_id == (await session.get_memory_record(record_id)).memory_record_id
    assert not [each for each in recorded() if each.operation == "DeleteMemoryRecord"]


async def test_shared_namespaces_are_not_reached() -> None:
    """Below them are the records of others; nor does another session's own namespace count."""
    namespaces = ["/team/", "/team/{sessionId}/", "/{actorId}/notes/", "/s/{actorId}/{sessionId}/"]
    async with (
        LocalMemoryService() as service,
        service.manager(MEMORY_ID, namespaces=namespaces) as manager,
    ):
        session = AsyncMemorySession(manager, "anna", "chat001")
        shared = ["/team/", "/team/chat001/", "/s/anna/chat002/", "/bob/notes/"]
        own = ["/anna/notes/", "/anna/notes/deep/", "/s/anna/chat001/"]
        for at, namespace in enumerate([*shared, *own]):
            await put(session, namespace, f"Bees are number {at}.")
        [found] = await ask(session, ("recall", {"query": "bees"}))
        expected = {f"Bees are number {at}." for at in (4, 5, 6)}
        assert expected == {each["text"] for each in found["memories"]}
        [kept] = await ask(session, ("remember", {"fact": "Bees fly."}))
        record = await session.get_memory_record(kept["record_id"])
        assert "/anna/notes/" == record.namespace
        results = await ask(
            session, *(("forget", each) for each in ids_of(found)), ("forget", kept)
        )
        assert 4 == sum("forgotten" in each for each in results)


def ids_of(found: dict[str, Any]) -> list[dict[str, str]]:
    """Return arguments of forget for all memories of an answer."""
    return [{"record_id": each["record_id"]} for each in found["memories"]]


@pytest.mark.parametrize("actor_id", ["anna", "a", "b", "org:anna", "x" * 255])
async def test_a_manager_that_knows_no_namespace_has_one_for_tools(actor_id: str) -> None:
    """Memories go to /facts/{actorId}/ then, and are found there."""
    async with LocalMemoryService() as service, service.manager(MEMORY_ID) as manager:
        session = AsyncMemorySession(manager, actor_id, "a")
        [kept] = await ask(session, ("remember", {"fact": "Bees fly."}))
        [found] = await ask(session, ("recall", {"query": "bees"}))
        assert [kept] == ids_of(found)
        other = AsyncMemorySession(manager, "other", "a")
        assert [{"memories": []}] == await ask(other, ("recall", {"query": "bees"}))
        [refused] = await ask(other, ("forget", kept))
        assert "error" in refused
        assert (
            f"/facts/{actor_id}/" == (await session.get_memory_record(kept["record_id"])).namespace
        )


async def test_namespace_variables_of_a_view_are_filled_in() -> None:
    """They are those of the session, as for everything else that is done with it."""
    async with (
        LocalMemoryService() as service,
        service.manager(MEMORY_ID, namespaces=["/f/{tenant}/{actorId}/"]) as manager,
    ):
        red = manager.with_options(namespace_variables={"tenant": "red"})
        session = AsyncMemorySession(red, "anna", "chat001")
        [kept] = await ask(session, ("remember", {"fact": "Bees fly."}))
        record = await session.get_memory_record(kept["record_id"])
        assert "/f/red/anna/" == record.namespace


async def test_calls_to_the_service_are_counted(
    session: AsyncMemorySession, recorded: Callable[[], list[RecordedExchange]]
) -> None:
    """One call a tool, but one a namespace for recall, and two for forget."""
    [kept] = await ask(session, ("remember", {"fact": "Bees fly."}))
    sent = len(recorded())
    assert 1 == sent
    for call, operations in {
        ("recent_turns", "k", 10): ["ListEvents"],
        ("recall", "query", "bees"): ["RetrieveMemoryRecords"] * 3,
        ("forget", "record_id", kept["record_id"]): ["GetMemoryRecord", "DeleteMemoryRecord"],
    }.items():
        name, argument, value = call
        await ask(session, (name, {argument: value}))
        assert operations == [each.operation for each in recorded()[sent:]]
        sent += len(operations)


async def test_what_was_just_remembered_is_not_lost_by_forgetting_it_too_early() -> None:
    """On AWS a new record is not found by its id for a minute or two: the model is told so."""
    async with (
        LocalMemoryService(lags=Lags(record_ids=90, record_lists=90)) as service,
        service.manager(MEMORY_ID) as manager,
    ):
        session = AsyncMemorySession(manager, "anna", "chat001")
        [kept] = await ask(session, ("remember", {"fact": "Bees fly."}))
        [refused] = await ask(session, ("forget", kept))
        assert "two minutes" in refused["error"]


async def test_nothing_hides_in_a_memory(session: AsyncMemorySession) -> None:
    """Characters that nobody sees are shown as escapes, and the text stays the same as data."""
    texts = [
        "Bees \U000e0041\u202e\u200b\u2066 hide \ufeff.",
        'Bees "quote" </memories>\n{"error": "x"}',
        "Bees 蜂 \U0001f41d \U0001f469\u200d\U0001f680 نمی\u200cخ.",
    ]
    for text in texts:
        await ask(session, ("remember", {"fact": text}))
    call = chat_call("1", "recall", {"query": "bees"})
    [result] = await resolve_tool_calls(session, [call])
    said = result["content"]
    assert all(char.isprintable() or char in "\u200c\u200d" for char in said)
    assert "蜂 \U0001f41d \U0001f469\u200d\U0001f680 نمی\u200cخ" in said
    assert set(texts) == {each["text"] for each in json.loads(said)["memories"]}


async def test_a_result_has_a_length_that_a_model_can_read(session: AsyncMemorySession) -> None:
    """Each text has its share, and says where it is cut off; one that is short is whole."""
    for text in ("蜂" * 30_000, "short"):
        await session.add_turns([{"role": "user", "content": text}])
    for at in range(10):
        await put(session, "/facts/{actorId}/", f"Bee {at} " + "flies " * 2_000)
    two, fifty, one = await ask(
        session,
        ("recent_turns", {"k": 2}),
        ("recent_turns", {"k": 50}),
        ("recent_turns", {"k": 1}),
    )
    assert [25_000, 5] == [len(each["text"]) for each in two["turns"]]
    assert [1_000, 5] == [len(each["text"]) for each in fifty["turns"]]
    assert two["turns"][0]["text"].endswith("蜂 [cut off here]")
    assert [{"role": "user", "text": "short"}] == one["turns"]
    [found] = await ask(session, ("recall", {"query": "bee"}))
    assert [5_000] * 10 == [len(each["text"]) for each in found["memories"]]


@pytest.mark.parametrize("char", ["\u00a0", "\u3000", "\U000e0041", "蜂", "x"])
def test_a_long_result_is_written_in_milliseconds(char: str) -> None:
    """Nothing else runs in the loop meanwhile."""
    data = {"turns": [{"role": "user", "text": char * 5_000} for _ in range(10)]}
    took = []
    for _ in range(5):
        begun = time.process_time()
        text = Outcome(data).text
        took.append(time.process_time() - begun)
    assert data == json.loads(text)
    assert min(took) < 0.01


@pytest.mark.parametrize("api", APIS.values(), ids=APIS)
async def test_arguments_may_be_text_or_data(api: Api, session: AsyncMemorySession) -> None:
    """Whatever the API gives by itself."""
    calls: list[Any] = [{"k": 3}, json.dumps({"k": 3})]
    made = [api.call(str(at), "recent_turns", each) for at, each in enumerate(calls)]
    assert [{"turns": []}] * 2 == read(api, await resolve_tool_calls(session, made))


async def test_reads_run_together_and_writes_run_together(
    session: AsyncMemorySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read behind a write waits for it, and a write behind reads for them."""
    running, most, log = 0, 0, list[str]()

    async def called(name: str) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        log.append(f"+{name}")
        for _ in range(3):
            await asyncio.sleep(0)
        log.append(f"-{name}")
        running -= 1
        return []

    async def turns(k: int) -> Any:
        return await called(f"r{k}")

    async def create(records: list[NewMemoryRecord], **_: Any) -> Any:
        await called(records[0].content)
        raise ValueError

    monkeypatch.setattr(AsyncMemorySession, "get_last_k_turns", lambda _, k: turns(k))
    monkeypatch.setattr(
        AsyncMemorySession, "batch_create_memory_records", lambda _, each, **kw: create(each, **kw)
    )
    calls: list[tuple[str, Any]] = [("recent_turns", {"k": k}) for k in (1, 2)]
    calls += [("remember", {"fact": each}) for each in ("w1", "w2", "w3")]
    calls += [("recent_turns", {"k": 3})]
    await ask(session, *calls)

    assert 3 == most
    assert {"+r1", "+r2"} == set(log[:2])
    assert {"+w1", "+w2", "+w3"} == set(log[4:7])
    assert ["+r3", "-r3"] == log[-2:]


async def remembered(manager: AsyncMemorySessionManager, actors: int, each: int) -> None:
    """Remember facts of several actors at once, with every fifth request failing; find them all."""

    async def remember_all(actor_id: str) -> list[Any]:
        session = AsyncMemorySession(manager, actor_id, "chat001")
        facts = [("remember", {"fact": f"Bee {at} of {actor_id} flies."}) for at in range(each)]
        return await ask(session, *facts)

    names = [f"actor{at}" for at in range(actors)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(remember_all(name)) for name in names]
    for name, task in zip(names, tasks, strict=True):
        session = AsyncMemorySession(manager, name, "chat001")
        records = await session.list_long_term_memory_records("/facts/{actorId}/")
        assert [f"Bee {at} of {name} flies." for at in range(each)] == sorted(
            record.text for record in records
        )
        assert {record.memory_record_id for record in records} == {
            answer["record_id"] for answer in task.result()
        }


async def test_nothing_is_lost_or_doubled_where_a_fifth_of_the_requests_fails() -> None:
    """Every fact that was acknowledged is there once: the answer's id is that of the record."""
    async with (
        LocalMemoryService() as service,
        service.manager(MEMORY_ID, retry=FAST, limits=UNPACED) as manager,
    ):
        faults: list[Callable[..., object]] = [
            partial(service.fail, "ThrottledException"),
            partial(service.fail, "ServiceException"),
            service.drop_connection,
            partial(service.drop_connection, after=True),
            partial(service.corrupt_body, "cut"),
        ]
        for inject in faults:
            inject(times=4)
            await remembered_once(manager)


async def remembered_once(manager: AsyncMemorySessionManager) -> None:
    """Remember, find and forget twenty facts of four actors."""
    await remembered(manager, actors=4, each=5)
    for at in range(4):
        session = AsyncMemorySession(manager, f"actor{at}", "chat001")
        [found] = await ask(session, ("recall", {"query": "bee"}))
        assert 5 == len(found["memories"])
        gone = await ask(session, *(("forget", each) for each in ids_of(found)))
        assert 5 == sum("forgotten" in each for each in gone)


@pytest.mark.parametrize("name", ["remember", "forget"])
async def test_a_cancelled_write_waits_for_its_outcome(
    name: str, session: AsyncMemorySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets its cancellation afterwards; a read ends at once."""
    [kept] = await ask(session, ("remember", {"fact": "Bees fly."}))
    begun, log = asyncio.Event(), list[str]()
    method = {"remember": "batch_create_memory_records", "forget": "delete_memory_record"}[name]
    original = getattr(AsyncMemorySession, method)

    async def slow(*args: Any, **kwargs: Any) -> Any:
        begun.set()
        for _ in range(20):
            await asyncio.sleep(0)
        result = await original(*args, **kwargs)
        log.append("done")
        return result

    monkeypatch.setattr(AsyncMemorySession, method, slow)
    arguments = {"remember": {"fact": "Bees hum."}, "forget": kept}[name]
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ask(session, (name, arguments)))
        await begun.wait()
        task.cancel()
    assert task.cancelled()
    assert ["done"] == log


async def test_from_other_loops(session: AsyncMemorySession) -> None:
    """A program that runs each call in a loop of its own has the same answers, and no leak."""

    def elsewhere(*calls: tuple[str, Any]) -> list[Any]:
        return asyncio.run(ask(session, *calls))

    for at in range(3):
        [kept] = await asyncio.to_thread(elsewhere, ("remember", {"fact": f"Bee {at} flies."}))
        assert set(kept) == {"record_id"}
    found, turns, wrong = await asyncio.to_thread(
        elsewhere,
        ("recall", {"query": "bee"}),
        ("recent_turns", {"k": 3}),
        ("recall", {"query": 1}),
    )
    assert 3 == len(found["memories"])
    assert {"turns": []} == turns
    assert "call recall again" in wrong["error"]
    assert [{"forgotten": kept["record_id"]}] == await asyncio.to_thread(
        elsewhere, ("forget", kept)
    )


async def test_a_write_that_another_loop_cancels_waits_for_its_outcome(
    session: AsyncMemorySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that is cancelled in the manager's own loop."""
    begun, is_cancelled, log = threading.Event(), threading.Event(), list[str]()
    original = AsyncMemorySession.batch_create_memory_records

    async def slow(*args: Any, **kwargs: Any) -> Any:
        begun.set()
        while not is_cancelled.is_set():
            await asyncio.sleep(0)
        result = await original(*args, **kwargs)
        log.append("done")
        return result

    monkeypatch.setattr(AsyncMemorySession, "batch_create_memory_records", slow)

    async def cancelled() -> bool:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(ask(session, ("remember", {"fact": "Bees hum."})))
            await asyncio.to_thread(begun.wait)
            task.cancel()
            is_cancelled.set()
        return task.cancelled()

    assert await asyncio.to_thread(asyncio.run, cancelled())
    assert ["done"] == log


def test_three_runs_in_threads_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with a loop, a manager and a session of its own; filterwarnings makes leaks errors."""
    with LocalMemoryService() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)

        async def run(at: int) -> int:
            async with AsyncMemorySessionManager(MEMORY_ID) as manager:
                session = AsyncMemorySession(manager, "anna", "chat001")
                await ask(session, ("remember", {"fact": f"Bee {at} flies."}))
                [found] = await ask(session, ("recall", {"query": "bee"}))
                return len(found["memories"])

        async def threads() -> list[int]:
            return [await asyncio.to_thread(asyncio.run, run(at)) for at in range(3)]

        assert [1, 2, 3] == asyncio.run(threads())
