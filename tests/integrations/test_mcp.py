"""The MCP server, asked by the official client in the same process."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("mcp")

from mcp import Client, MCPError, types

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    InvalidInputError,
    MemorySessionManager,
    NewMemoryRecord,
    encode_actor_id,
    encode_session_id,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.integrations.mcp import memory_server
from agentcore_memory_async.integrations.tools import anthropic_tools
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests.integrations.test_model_tools import (
    FAST,
    MEMORY_ID,
    NAMESPACES,
    OTHERS,
    UNKNOWN,
    UNPACED,
    put,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from agentcore_memory_async.local import RecordedExchange

CANARY = "c4n4ry"
WRONG: dict[str, tuple[str, dict[str, Any] | None]] = {
    "no arguments": ("recall", None),
    "a wrong one": ("recall", {"text": CANARY}),
    "one too many": ("remember", {"fact": CANARY, "actor_id": "bob"}),
    "a wrong type": ("remember", {"fact": [CANARY]}),
    "out of range": ("recent_turns", {"k": 0}),
    "no id": ("forget", {"record_id": CANARY}),
    "half of a pair": ("recall", {"query": "\\ud800"}),
}


@pytest.fixture(params=["legacy", "auto"])
def mode(request: pytest.FixtureRequest) -> str:
    """Return the handshake of a client: that of the protocol until 2025, and that of 2026."""
    return str(request.param)


@pytest.fixture
async def service() -> AsyncIterator[LocalMemoryService]:
    """Yield a local service."""
    async with LocalMemoryService() as service:
        yield service


@pytest.fixture
async def manager(service: LocalMemoryService) -> AsyncIterator[AsyncMemorySessionManager]:
    """Yield a manager that knows facts, preferences and summaries."""
    async with service.manager(
        MEMORY_ID, namespaces=NAMESPACES, retry=FAST, limits=UNPACED
    ) as manager:
        yield manager


def client_of(manager: Any, mode: str = "auto", **options: Any) -> Client:
    """Return a client of anna's memory, for ``async with``."""
    server = memory_server(manager, actor_id="anna", session_id="chat001", **options)
    return Client(server, mode=mode)


async def call(client: Client, name: str, **arguments: Any) -> Any:
    """Return what a tool answers; its text and its structured content say the same."""
    result = await client.call_tool(name, arguments)
    [content] = result.content
    assert isinstance(content, types.TextContent)
    assert not result.is_error, content.text
    assert json.loads(content.text) == result.structured_content
    return result.structured_content


async def test_the_tools_are_those_of_a_model(
    manager: AsyncMemorySessionManager, mode: str
) -> None:
    """Names, descriptions and schemas are the same; hints say which change what."""
    async with client_of(manager, mode) as client:
        listed = (await client.list_tools()).tools
    assert anthropic_tools() == [
        {"name": each.name, "description": each.description, "input_schema": each.input_schema}
        for each in listed
    ]
    validator = pytest.importorskip("jsonschema")  # the SDK brings it
    for each in listed:
        validator.Draft202012Validator.check_schema(each.input_schema)
        assert each.output_schema is not None
        validator.Draft202012Validator.check_schema(each.output_schema)
    hints = {each.name: each.annotations for each in listed}
    reading = {name for name, each in hints.items() if each and each.read_only_hint}
    destructive = {name for name, each in hints.items() if each and each.destructive_hint}
    assert ({"recall", "recent_turns"}, {"forget"}) == (reading, destructive)


async def test_a_memory_is_kept_found_read_and_forgotten(
    manager: AsyncMemorySessionManager, mode: str
) -> None:
    """The client checks structured results against the schemas of the tools."""
    await AsyncMemorySession(manager, "anna", "chat001").add_turns(
        [{"role": "user", "content": "hi"}]
    )
    async with client_of(manager, mode) as client:
        kept = await call(client, "remember", fact="The user is allergic to nuts.")
        [memory] = (await call(client, "recall", query="nuts"))["memories"]
        assert ("The user is allergic to nuts.", kept["record_id"]) == (
            memory["text"],
            memory["record_id"],
        )
        turns = await call(client, "recent_turns", k=3)
        assert {"turns": [{"role": "user", "text": "hi"}]} == turns
        [resource] = (await client.list_resources()).resources
        [content] = (await client.read_resource(resource.uri)).contents
        assert isinstance(content, types.TextResourceContents)
        assert {**memory, "namespace": "/facts/anna/"} == json.loads(content.text)
        await call(client, "forget", record_id=kept["record_id"])
        assert [] == (await client.list_resources(cache_mode="bypass")).resources
        assert {"memories": []} == await call(client, "recall", query="nuts")


async def test_a_read_only_server_has_no_tool_that_changes_anything(
    manager: AsyncMemorySessionManager, mode: str
) -> None:
    """A client that calls one all the same is refused."""
    async with client_of(manager, mode, read_only=True) as client:
        names = [each.name for each in (await client.list_tools()).tools]
        assert ["recall", "recent_turns"] == names
        with pytest.raises(MCPError, match="no tool of this name"):
            await client.call_tool("remember", {"fact": "Bees fly."})
        assert {"memories": []} == await call(client, "recall", query="bees")


@pytest.mark.parametrize("namespace", OTHERS.values(), ids=OTHERS)
async def test_nobody_elses_records_are_reached(
    namespace: str,
    manager: AsyncMemorySessionManager,
    recorded: Callable[[], list[RecordedExchange]],
) -> None:
    """Neither by tools nor as resources; they are answered as if they did not exist."""
    session = AsyncMemorySession(manager, "anna", "chat001")
    record_id = await put(session, namespace, "Somebody keeps bees.")
    async with client_of(manager) as client:
        assert {"memories": []} == await call(client, "recall", query="bees")
        assert [] == (await client.list_resources()).resources
        answers = []
        for each in (record_id, UNKNOWN):
            refused = await client.call_tool("forget", {"record_id": each})
            with pytest.raises(MCPError) as error:
                await client.read_resource(f"memory://records/{each}")
            answers.append((refused.is_error, refused.content, error.value.error))
        assert answers[0] == answers[1]
        assert answers[0][0]
    assert not [each for each in recorded() if each.operation == "DeleteMemoryRecord"]


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_bad_input_is_answered_and_nothing_breaks(
    wrong: tuple[str, dict[str, Any] | None], manager: AsyncMemorySessionManager, mode: str
) -> None:
    """The model is told what to do, without what it gave; the next call works."""
    async with client_of(manager, mode) as client:
        name, arguments = wrong
        if arguments and "\\ud800" in arguments.values():
            arguments = {"query": json.loads('"\\ud800"')}
        result = await client.call_tool(name, arguments)
        [content] = result.content
        assert isinstance(content, types.TextContent)
        assert result.is_error
        assert ";" in json.loads(content.text)["error"]
        assert CANARY not in content.text
        assert {"turns": []} == await call(client, "recent_turns", k=1)


@pytest.mark.parametrize("name", ["Recall", "", "get_weather", "__class__"])
async def test_another_tool_is_an_error_of_the_protocol(
    name: str, manager: AsyncMemorySessionManager, mode: str
) -> None:
    """As the protocol demands; it names the tools that there are."""
    async with client_of(manager, mode) as client:
        with pytest.raises(MCPError, match="remember, recall, recent_turns, forget") as error:
            await client.call_tool(name, {})
    assert types.INVALID_PARAMS == error.value.code


@pytest.mark.parametrize(
    "uri", ["memory://records/", "memory://records/nonsense", "memory://x", "file:///etc/passwd"]
)
async def test_another_resource_is_an_error(
    uri: str, manager: AsyncMemorySessionManager, mode: str
) -> None:
    """Nothing but a record can be read."""
    async with client_of(manager, mode) as client:
        with pytest.raises(MCPError, match="there is no") as error:
            await client.read_resource(uri)
    assert types.INVALID_PARAMS == error.value.code


async def test_an_error_of_the_service_has_no_content(
    manager: AsyncMemorySessionManager, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a tool's nor a resource's; the reason is logged for whoever runs the server."""

    async def fail(*_: object, **__: object) -> None:
        raise service_error("X", "AccessDeniedException", CANARY, 403)

    for method in ("retrieve_context", "get_memory_record"):
        monkeypatch.setattr(AsyncMemorySession, method, fail)
    async with client_of(manager, mode) as client:
        result = await client.call_tool("recall", {"query": "bees"})
        assert result.is_error
        assert CANARY not in str(result)
        with pytest.raises(MCPError, match="go on without it") as error:
            await client.read_resource(f"memory://records/{UNKNOWN}")
        assert CANARY not in str(error.value.error)


async def test_a_closed_manager_is_an_error_of_each_request(
    service: LocalMemoryService, mode: str
) -> None:
    """It is told without a word of anything else, and the server goes on."""
    async with service.manager(MEMORY_ID) as manager:
        pass
    async with client_of(manager, mode) as client:
        with pytest.raises(MCPError, match="not available"):
            await client.call_tool("recall", {"query": "bees"})
        with pytest.raises(MCPError, match="not available"):
            await client.list_resources()
        assert 4 == len((await client.list_tools()).tools)


async def test_records_are_listed_page_by_page(
    manager: AsyncMemorySessionManager, recorded: Callable[[], list[RecordedExchange]]
) -> None:
    """All of them, each once, from all namespaces, with one request of the service a page."""
    session = AsyncMemorySession(manager, "anna", "chat001")
    spaces = ["/facts/anna/"] * 120 + ["/facts/anna/deep/"] * 30 + ["/summaries/anna/chat001/"] * 20
    records = [
        NewMemoryRecord(namespace=each, content=f"Bee\n{at}", timestamp=datetime.now(UTC))
        for at, each in enumerate(spaces)
    ]
    await session.batch_create_memory_records(records, raise_on_failure=True)
    before = len(recorded())
    async with client_of(manager) as client:
        pages, cursor = [], None
        while True:
            page = await client.list_resources(cursor=cursor)
            pages.append(page.resources)
            if (cursor := page.next_cursor) is None:
                break
        with pytest.raises(MCPError, match="cursor"):
            await client.list_resources(cursor="bm9uc2Vuc2U=")
    assert [100, 50, 20] == list(map(len, pages))
    found = [each for page in pages for each in page]
    assert len(spaces) == len({each.uri for each in found})
    assert {f"Bee {at}" for at in range(len(spaces))} == {each.title for each in found}
    assert len(recorded()) - before == 4  # the preferences have none


async def test_a_slow_recall_holds_up_nothing(
    manager: AsyncMemorySessionManager, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty other calls are answered while it waits."""
    free = asyncio.Event()
    original = AsyncMemorySession.retrieve_context

    async def slow(self: Any, query: str, *args: Any) -> Any:
        if query == "slow":
            await free.wait()
        return await original(self, query, *args)

    monkeypatch.setattr(AsyncMemorySession, "retrieve_context", slow)
    async with client_of(manager, mode) as client, asyncio.TaskGroup() as group:
        waiting = group.create_task(call(client, "recall", query="slow"))
        facts = [f"Bee {at} flies." for at in range(50)]
        kept = [group.create_task(call(client, "remember", fact=each)) for each in facts]
        ids = {(await each)["record_id"] for each in kept}
        assert 50 == len(ids)
        assert not waiting.done()
        free.set()
    records = await AsyncMemorySession(manager, "anna", "x").list_long_term_memory_records(
        "/facts/{actorId}/"
    )
    assert ids == {each.memory_record_id for each in records}
    assert set(facts) == {each.text for each in records}


async def test_fifty_calls_at_once_lose_nothing_where_a_fifth_of_the_requests_fails(
    manager: AsyncMemorySessionManager, service: LocalMemoryService
) -> None:
    """Each fact that is acknowledged is there once."""
    service.fail("ThrottledException", times=4)
    service.drop_connection(times=4)
    service.drop_connection(after=True, times=4)
    facts = [f"Bee {at} flies." for at in range(50)]
    async with client_of(manager) as client, asyncio.TaskGroup() as group:
        kept = [group.create_task(call(client, "remember", fact=each)) for each in facts]
    ids = [each.result()["record_id"] for each in kept]
    records = await AsyncMemorySession(manager, "anna", "x").list_long_term_memory_records(
        "/facts/{actorId}/"
    )
    assert sorted(ids) == sorted(each.memory_record_id for each in records)
    assert sorted(facts) == sorted(each.text for each in records)


async def test_a_cancelled_request_ends_its_call(
    manager: AsyncMemorySessionManager, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search itself is cancelled, and the next call is answered."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def endless(*_: object, **__: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(AsyncMemorySession, "retrieve_context", endless)
    async with client_of(manager, mode) as client, asyncio.TaskGroup() as group:
        task = group.create_task(call(client, "recall", query="bees"))
        await begun.wait()
        task.cancel()
        await ended.wait()
        assert {"turns": []} == await call(client, "recent_turns", k=1)


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_a_server_answers_from_any_loop(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three runs in threads, one after another, share a manager that has a loop of its own."""
    with LocalMemoryService() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        with MemorySessionManager(MEMORY_ID) as blocking:
            given = blocking.async_manager if kind == "async" else blocking

            async def run(at: int) -> int:
                async with client_of(given) as client:
                    await call(client, "remember", fact=f"Bee {at} flies.")
                    return len((await call(client, "recall", query="bee"))["memories"])

            async def threads() -> list[int]:
                return [await asyncio.to_thread(asyncio.run, run(at)) for at in range(3)]

            assert [1, 2, 3] == asyncio.run(threads())


async def test_ids_are_any_text(manager: AsyncMemorySessionManager) -> None:
    """They are those of the other integrations: encoded, unless they are valid as they are."""
    session = AsyncMemorySession(
        manager, encode_actor_id("anna@example.com"), encode_session_id("trip to Rome")
    )
    await session.add_turns([{"role": "user", "content": "A window seat."}])
    server = memory_server(manager, actor_id="anna@example.com", session_id="trip to Rome")
    async with Client(server) as client:
        await call(client, "remember", fact="Bees fly.")
        turns = (await call(client, "recent_turns", k=1))["turns"]
    assert [{"role": "user", "text": "A window seat."}] == turns
    [found] = await session.list_long_term_memory_records("/facts/{actorId}/")
    assert "Bees fly." == found.text


async def test_arguments_are_checked_where_the_server_is_made() -> None:
    """A mistake does not wait for a client."""
    async with AsyncMemorySessionManager(
        MEMORY_ID, transport=FakeTransport(), namespaces=["/f/{tenant}/{actorId}/"]
    ) as manager:
        others: list[Any] = [None, "anna", AsyncMemorySession(manager, "anna", "x")]
        for other in others:
            with pytest.raises(InvalidInputError, match="manager"):
                client_of(other)
        nothing: Any = None
        for ids in (("a", nothing), (nothing, "x")):
            with pytest.raises(InvalidInputError, match="give a str"):
                memory_server(manager, actor_id=ids[0], session_id=ids[1])
        with pytest.raises(InvalidInputError, match="tenant"):
            client_of(manager)
