"""aiohttp's server with a memory: the integration, and the example as users start it."""

from __future__ import annotations

import asyncio
import json
import os
import runpy
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientPayloadError, ClientSession, web
from aiohttp.test_utils import TestClient, TestServer, unused_port

from agentcore_memory_async import ClosedError, InvalidInputError, encode_actor_id
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.integrations.aiohttp import MEMORY, AgentCoreMemory
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "aiohttp_app.py"
MEMORY_ID = "chat-a1B2c3D4e5"
TOKENS = {"anna-token": "anna@example.com", "bert-token": "bert@example.com"}
ANNA = {"Authorization": "Bearer anna-token"}
BERT = {"Authorization": "Bearer bert-token"}
SEAT = {"message": "I only fly window seats", "session_id": "chat001"}
QUESTION = {"message": "Which seat?", "session_id": "chat001"}


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalMemoryService]:
    """Yield a local service that the environment names."""
    async with LocalMemoryService() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


@pytest.fixture
async def client(
    service: LocalMemoryService, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[TestClient[Any, Any]]:
    """Yield a client of the example."""
    monkeypatch.setenv("MEMORY_ID", MEMORY_ID)
    monkeypatch.setenv("CHAT_TOKENS", json.dumps(TOKENS))
    app = runpy.run_path(str(EXAMPLE))["make_app"]()
    async with TestClient(TestServer(app)) as client:
        yield client


@asynccontextmanager
async def served(**handlers: Callable[[web.Request], Any]) -> AsyncIterator[TestClient[Any, Any]]:
    """Serve *handlers*, each at its name."""
    app = web.Application()
    AgentCoreMemory(MEMORY_ID).setup(app)
    for name, handler in handlers.items():
        app.router.add_get(f"/{name}", handler)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_user_is_remembered_and_others_are_not_shown_it(
    service: LocalMemoryService, client: TestClient[Any, Any]
) -> None:
    """What one user said is in the next answer to them, and in no answer to another."""
    await client.post("/chat", json=SEAT, headers=ANNA)
    await service.drain()
    hers = await (await client.post("/chat", json=QUESTION, headers=ANNA)).json()
    his = await (await client.post("/chat", json=QUESTION, headers=BERT)).json()

    assert "window seats" in hers["response"]
    assert "window" not in his["response"]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, SEAT, 401),
        ({"Authorization": "Bearer other"}, SEAT, 401),
        (ANNA, SEAT | {"actor_id": encode_actor_id("bert@example.com")}, 403),
        (ANNA, SEAT | {"actor_id": encode_actor_id("anna@example.com")}, 200),
        (ANNA, SEAT | {"actor_id": "anna@example.com"}, 200),
        (ANNA, SEAT | {"actor_id": None}, 200),
        (ANNA, SEAT | {"actor_id": ""}, 403),
        (ANNA, SEAT | {"actor_id": ["anna@example.com"]}, 403),
        (ANNA, {"message": "hi"}, 400),
        (ANNA, ["hi"], 400),
        (ANNA, SEAT | {"session_id": "with space"}, 422),
    ],
)
async def test_who_asks_decides(
    client: TestClient[Any, Any], headers: dict[str, str], body: object, status: int
) -> None:
    """The actor is the authenticated user; a body that names another one is refused."""
    for path in ("/chat", "/chat/stream"):
        assert status == (await client.post(path, json=body, headers=headers)).status


async def test_a_stream_is_stored_whole(
    service: LocalMemoryService, client: TestClient[Any, Any]
) -> None:
    """A streamed answer is stored as it was sent."""
    answered = await (await client.post("/chat/stream", json=SEAT, headers=ANNA)).text()
    async with service.manager(MEMORY_ID) as manager:
        actor_id = encode_actor_id("anna@example.com")
        session = await manager.create_memory_session(actor_id, SEAT["session_id"])
        texts = [turn.text for turn in await session.get_last_k_turns(5)]

    assert [SEAT["message"], answered] == texts


async def test_with_search_down_it_answers_without_context(
    service: LocalMemoryService, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A search that fails is logged, and the app answers."""
    service.fail("AccessDeniedException", operation="RetrieveMemoryRecords", times=1)
    response = await client.post("/chat", json=SEAT, headers=ANNA)

    assert 200 == response.status
    assert "without memories" in caplog.text
    assert SEAT["message"] not in caplog.text


@pytest.mark.parametrize("fault", ["ServiceException", "lost"])
async def test_with_writes_down_it_answers_503(
    service: LocalMemoryService, client: TestClient[Any, Any], fault: str
) -> None:
    """A turn that can't be stored is no success, and no failure of the app."""
    if fault == "lost":
        service.drop_connection(operation="CreateEvent")
    else:
        service.fail(fault, operation="CreateEvent")
    response = await client.post("/chat", json=SEAT, headers=ANNA)
    detail = (await response.json())["detail"]
    service.clear_faults()

    assert 503 == response.status
    assert "may or may not have been stored" in detail
    assert 200 == (await client.post("/chat", json=SEAT, headers=ANNA)).status


async def test_throttling_says_when_to_try_again(service: LocalMemoryService) -> None:
    """A request that the service throttled is answered with 429 and a time."""

    async def fail(_: web.Request) -> web.Response:
        raise service_error("CreateEvent", "ThrottledException", "Rate exceeded", 429)

    async with served(fail=fail) as client:
        response = await client.get("/fail")

    assert (429, "1") == (response.status, response.headers["Retry-After"])


async def test_an_answer_that_has_begun_is_broken_off(
    service: LocalMemoryService, caplog: pytest.LogCaptureFixture
) -> None:
    """An error behind the first bytes is no second answer within it, and is not logged as one."""

    async def fail(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun")
        raise service_error("ListEvents", "ThrottledException", "late", 429)

    async with served(fail=fail) as client:
        response = await client.get("/fail")
        with pytest.raises(ClientPayloadError):
            await response.read()
    assert "late" in caplog.text
    assert "is answered with" not in caplog.text


@pytest.mark.parametrize(("is_up", "status"), [(True, 200), (False, 503)])
async def test_the_check_tells_whether_the_memory_answers(
    service: LocalMemoryService, client: TestClient[Any, Any], is_up: bool, status: int
) -> None:
    """The health check answers 503 where the memory does not answer."""
    if not is_up:
        service.fail("AccessDeniedException", operation="ListEvents", times=1)

    assert status == (await client.get("/healthz")).status


async def test_an_app_inside_an_app_finds_it(service: LocalMemoryService) -> None:
    """A handler of a sub-app has the memory of the app around it."""

    async def count(request: web.Request) -> web.Response:
        session = await request.config_dict[MEMORY].session("anna", "chat001")
        return web.json_response(len(await session.list_events()))

    inner, outer = web.Application(), web.Application()
    inner.router.add_get("/count", count)
    AgentCoreMemory(MEMORY_ID).setup(outer)
    outer.add_subapp("/inner", inner)
    async with TestClient(TestServer(outer)) as client:
        assert 0 == await (await client.get("/inner/count")).json()


async def test_it_runs_again_and_is_closed_between(service: LocalMemoryService) -> None:
    """An app that ran is closed; another one with the same memory has a manager of its own."""
    memory, managers = AgentCoreMemory(MEMORY_ID), []
    for _ in range(2):
        app = web.Application()
        memory.setup(app)
        async with TestClient(TestServer(app)):
            managers.append(memory.manager)
        with pytest.raises(ClosedError, match=r"memory\.setup"):
            _ = memory.manager

    assert managers[0] is not managers[1]


def test_a_mistake_shows_where_the_app_is_made() -> None:
    """Arguments are checked when the memory is made."""
    with pytest.raises(InvalidInputError, match="memory_id"):
        AgentCoreMemory("")


async def test_who_leaves_is_no_error_of_the_app(
    service: LocalMemoryService, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A client that leaves in the midst of an answer has its turn stored, and logs no error."""
    has_left = asyncio.Event()

    async def stream(_: str, __: object) -> AsyncIterator[str]:
        yield "You "
        await has_left.wait()
        for word in ("like ", "window ", "seats."):
            yield word
            await asyncio.sleep(0)  # the loop learns of what was sent and received

    [route] = [each for each in client.app.router.routes() if "stream" in each.handler.__name__]
    route.handler.__globals__["stream_answer"] = stream
    response = await client.post("/chat/stream", json=SEAT, headers=ANNA)
    await response.content.readany()
    response.close()
    await client.session.close()
    has_left.set()
    async with service.manager(MEMORY_ID) as manager:
        actor_id = encode_actor_id("anna@example.com")
        session = await manager.create_memory_session(actor_id, SEAT["session_id"])
        while not await session.list_events():
            await asyncio.sleep(0.01)

    assert [] == [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]


@pytest.mark.timeout(60)
async def test_the_example_runs_as_users_start_it(service: LocalMemoryService) -> None:
    """The example is started as a command, answers many users at once, and ends on a signal."""
    port, users = unused_port(), [f"user{number}" for number in range(20)]
    environment = os.environ | {
        "MEMORY_ID": MEMORY_ID,
        "CHAT_TOKENS": json.dumps({user: f"{user}@example.com" for user in users}),
        "PORT": str(port),
    }
    server = subprocess.Popen([sys.executable, EXAMPLE], env=environment, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        await asyncio.to_thread(server.stdout.readline)  # says where it runs
        async with ClientSession(f"http://127.0.0.1:{port}") as client:

            async def ask(user: str, message: str) -> str:
                body = {"message": message, "session_id": "chat001"}
                headers = {"Authorization": f"Bearer {user}"}
                async with client.post("/chat", json=body, headers=headers) as response:
                    return str((await response.json())["response"])

            async with asyncio.TaskGroup() as tasks:
                for user in users:
                    tasks.create_task(ask(user, f"My favorite color is {user}-blue"))
            await service.drain()
            async with asyncio.TaskGroup() as tasks:
                asked = [tasks.create_task(ask(user, "My favorite color?")) for user in users]
    finally:
        server.send_signal(signal.SIGINT)
        code = await asyncio.to_thread(server.wait, 20)
        if server.stdout is not None:
            server.stdout.close()

    for user, answer in zip(users, asked, strict=True):
        assert [user] == [each for each in users if f"{each}-blue" in answer.result()]
    assert 0 == code
