"""A memory of a FastAPI or Starlette app: when its managers open, and which one is found where."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ClosedError,
    InvalidInputError,
    RetryPolicy,
    ServiceUnavailableError,
)
from agentcore_memory_async.integrations.fastapi import AgentCoreMemory
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request

    from agentcore_memory_async.local import BlockingLocalMemoryService

MEMORY_ID = "chat-a1B2c3D4e5"
FACTS = {"facts": "/facts/{actorId}/"}


def fake_memory(**options: Any) -> AgentCoreMemory:
    """Return a memory without a network."""
    return AgentCoreMemory(MEMORY_ID, transport=FakeTransport(), namespaces=FACTS, **options)


def app_of(memory: AgentCoreMemory, lifespan: Any = None) -> FastAPI:
    """Return an app whose route returns which manager it found."""
    app = FastAPI(lifespan=lifespan or memory.lifespan)
    memory.add_exception_handlers(app)
    app.add_api_route("/healthz", memory.check)

    @app.get("/manager")
    async def manager() -> int:
        return id(memory.manager)

    return app


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockingLocalMemoryService]:
    """Yield a local service, on a thread of its own, that the environment names."""
    with LocalMemoryService() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


def test_arguments_are_checked_where_the_app_is_made() -> None:
    """A mistake does not wait for the first request; nothing is opened."""
    with pytest.raises(InvalidInputError, match="memory_id"):
        AgentCoreMemory("")
    with pytest.raises(InvalidInputError, match="max_concurrency"):
        AgentCoreMemory(MEMORY_ID, max_concurrency=0)
    with pytest.raises(TypeError, match="no_option"):
        AgentCoreMemory(MEMORY_ID, no_option=1)
    assert f"<AgentCoreMemory {MEMORY_ID}, 0 running>" == repr(AgentCoreMemory(MEMORY_ID))


def test_each_lifespan_has_a_manager_of_its_own() -> None:
    """An app may run again in the same process, in another loop."""
    memory = fake_memory()
    app = app_of(memory)
    managers: list[AsyncMemorySessionManager] = []
    for _ in range(2):
        with TestClient(app) as client:
            assert client.portal is not None
            managers.append(client.portal.call(lambda: memory.manager))
            assert [id(managers[-1])] * 2 == [client.get("/manager").json() for _ in range(2)]
    assert managers[0] is not managers[1]
    assert all("closed" in repr(manager) for manager in managers)


def test_each_thread_finds_the_manager_of_its_loop() -> None:
    """Several runs of one app at once do not see each other's managers."""
    memory = fake_memory()
    app = app_of(memory)
    all_open = threading.Barrier(4)
    found: list[int] = []

    def run() -> None:
        with TestClient(app) as client:
            all_open.wait(20)
            found.append(client.get("/manager").json())
            all_open.wait(20)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 4 == len(set(found))
    assert "0 running" in repr(memory)


async def test_apps_in_one_loop_have_managers_until_their_own_ends() -> None:
    """What was opened last is found, in whatever order they end."""
    memory = fake_memory()
    first, second = memory.lifespan(None), memory.lifespan(None)
    await first.__aenter__()
    older = memory.manager
    await second.__aenter__()
    newer = memory.manager
    await first.__aexit__(None, None, None)
    assert newer is memory.manager is not older
    await second.__aexit__(None, None, None)
    with pytest.raises(ClosedError):
        _ = memory.manager


async def test_no_lifespan_state_is_needed() -> None:
    """The ASGITransport of httpx runs no lifespan and passes no state of one."""
    memory = fake_memory()
    app = app_of(memory)
    transport = httpx2.ASGITransport(app=app)
    async with (
        memory.lifespan(app),
        httpx2.AsyncClient(transport=transport, base_url="http://app") as client,
    ):
        assert id(memory.manager) == (await client.get("/manager")).json()
    async with app.router.lifespan_context(app):
        assert isinstance(memory.manager, AsyncMemorySessionManager)


def test_without_a_lifespan_the_error_says_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    """So does the log, while a client learns only that the memory is not available."""
    memory = fake_memory()
    client = TestClient(app_of(memory))
    with caplog.at_level(logging.WARNING):
        answer = client.get("/manager")
        health = client.get("/healthz")
    assert (503, 503) == (answer.status_code, health.status_code)
    assert {"detail": "the memory is not available; try again later"} == answer.json()
    assert ["lifespan=memory.lifespan" in each.getMessage() for each in caplog.records] == [
        True
    ] * 2
    with pytest.raises(ClosedError, match=r"enter the TestClient by 'with'"):
        _ = memory.manager  # nor is there a loop


@pytest.mark.parametrize("fails", [False, True])
async def test_a_lifespan_of_the_app_runs_inside(fails: bool) -> None:
    """It begins after the manager and ends before it, also by an error; its state passes."""
    memory = fake_memory()
    managers: list[AsyncMemorySessionManager] = []

    @asynccontextmanager
    async def own(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        managers.append(memory.manager)
        try:
            yield {"app": app.title}
        finally:
            await memory.session("anna", "chat001", verify=True)

    app = app_of(memory, memory.lifespan_with(own))

    async def run() -> None:
        async with app.router.lifespan_context(app) as state:
            assert {"app": "FastAPI"} == state
            assert managers == [memory.manager]
            if fails:
                raise LookupError

    if fails:
        with pytest.raises(LookupError):
            await run()
    else:
        await run()
    assert "closed" in repr(managers[0])


def test_functions_that_are_not_async_find_the_manager_too() -> None:
    """FastAPI runs them in threads of its loop."""
    memory = fake_memory()
    app = FastAPI(lifespan=memory.lifespan)

    def manager() -> AsyncMemorySessionManager:
        return memory.manager

    @app.get("/sync")
    def sync(found: Any = Depends(manager)) -> list[int]:  # noqa: B008 - local, as FastAPI reads it
        return [id(found), id(memory.manager)]

    @app.get("/async")
    async def coroutine() -> int:
        return id(memory.manager)

    with TestClient(app) as first, TestClient(app) as second:
        found = [client.get("/async").json() for client in (first, second)]
        assert [[each] * 2 for each in found] == [
            client.get("/sync").json() for client in (first, second)
        ]
        assert found[0] != found[1]


def test_starlette_alone_has_it_all(service: BlockingLocalMemoryService) -> None:
    """Routes, errors and the health check work for an app of Starlette."""
    memory = AgentCoreMemory(MEMORY_ID)

    async def remember(request: Request) -> JSONResponse:
        session = await memory.session("anna", request.path_params["session_id"])
        await session.add_turns([{"role": "user", "content": "hi"}])
        return JSONResponse([turn.text for turn in await session.get_last_k_turns()])

    routes = [Route("/chat/{session_id}", remember), Route("/healthz", memory.check)]
    app = Starlette(routes=routes, lifespan=memory.lifespan)
    memory.add_exception_handlers(app)
    with TestClient(app) as client:
        assert ["hi"] == client.get("/chat/s1").json()
        assert 422 == client.get("/chat/no.id").status_code
        assert {"status": "ok"} == client.get("/healthz").json()


def test_starlette_is_all_that_is_imported() -> None:
    """An app of Starlette needs no FastAPI."""
    code = """
    import sys, agentcore_memory_async.integrations.fastapi
    print({"starlette", "fastapi", "pydantic"} & set(sys.modules))
    """.replace("\n    ", "\n")
    printed = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=45)
    assert "{'starlette'}\n" == printed


def names_known_to(memory: AgentCoreMemory) -> set[str]:
    """Return the names of the namespaces that an app knows once it has started."""
    with TestClient(app_of(memory)) as client:
        assert client.portal is not None
        return client.portal.call(lambda: set(memory.manager.namespaces))


def test_the_namespaces_are_read_at_the_start(service: BlockingLocalMemoryService) -> None:
    """So a context needs no arguments; declared ones are not asked for."""
    assert {"facts"} < names_known_to(AgentCoreMemory(MEMORY_ID))
    assert 1 == len(service.calls("GetMemory"))
    assert {"facts"} == names_known_to(AgentCoreMemory(MEMORY_ID, namespaces=FACTS))
    assert 1 == len(service.calls("GetMemory"))


def test_an_app_starts_without_permission_to_read_them(
    service: BlockingLocalMemoryService, caplog: pytest.LogCaptureFixture
) -> None:
    """A line of the log says what to do; nothing asks again."""
    fault = service.fail("AccessDeniedException", operation="GetMemory")
    memory = AgentCoreMemory(MEMORY_ID)
    with TestClient(app_of(memory)) as client:
        assert client.portal is not None
        session = client.portal.call(memory.session, "anna", "chat001")
        client.portal.call(session.add_turns, [{"role": "user", "content": "hi"}])
    assert 1 == fault.met
    assert "declare them by namespaces=" in caplog.text


def test_a_missing_permission_is_not_the_clients_mistake(
    service: BlockingLocalMemoryService, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody but the operator can mend is 500, and the log says what to do."""
    service.fail("AccessDeniedException", operation="GetMemory")
    memory = AgentCoreMemory(MEMORY_ID)
    app = app_of(memory)

    @app.get("/context")
    async def context() -> int:
        session = await memory.session("anna", "chat001")
        return len(await session.retrieve_context("seat"))

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await context()

    with TestClient(app) as client:
        caplog.clear()
        answer = client.get("/context")
        assert 500 == answer.status_code
        assert "namespaces" not in answer.json()["detail"]
        (line,) = [each for each in caplog.records if "is answered with 500" in each.message]
        assert "ERROR" == line.levelname
        assert "declare them" in line.message
        with client.websocket_connect("/socket") as opened:
            assert 1011 == opened.receive()["code"]


def test_an_app_starts_soon_where_they_cannot_be_read(
    service: BlockingLocalMemoryService, caplog: pytest.LogCaptureFixture
) -> None:
    """A control plane that hangs delays it by three seconds, whatever patience the app has."""
    service.add_latency(60, operation="GetMemory")
    memory = AgentCoreMemory(MEMORY_ID, retry=RetryPolicy(read_deadline=60))
    before = time.monotonic()
    with TestClient(app_of(memory)):
        assert 2.5 < time.monotonic() - before < 8
    assert "not read yet" in caplog.text


def test_while_they_cannot_be_read_one_request_tries_again(
    service: BlockingLocalMemoryService, caplog: pytest.LogCaptureFixture
) -> None:
    """The app starts in an outage of the control plane, and is whole as soon as that ends."""
    service.fail("ServiceException", operation="GetMemory")
    memory = AgentCoreMemory(MEMORY_ID)
    app = app_of(memory)

    @app.get("/context")
    async def context() -> int:
        session = await memory.session("anna", "chat001")
        return len(await session.retrieve_context("seat"))

    with TestClient(app) as client:
        assert "not read yet" in caplog.text
        assert 503 == client.get("/context").status_code
        service.clear_faults()
        assert [200] * 2 == [client.get("/context").status_code for _ in range(2)]


async def test_requests_do_not_queue_up_behind_the_one_that_tries_again(
    service: BlockingLocalMemoryService,
) -> None:
    """They fail at once, as the last one did."""
    service.fail("ServiceException", operation="GetMemory")
    memory = AgentCoreMemory(MEMORY_ID)
    async with memory.lifespan(None):
        trying = asyncio.ensure_future(memory.session("a", "s"))  # noqa: TID251 - a request
        await asyncio.sleep(0)
        for _ in range(3):
            with pytest.raises(ServiceUnavailableError):
                await memory.session("a", "s")
        assert not trying.done()
        service.clear_faults()
        assert "s" == (await trying).session_id


def test_a_session_sends_nothing_by_itself(service: BlockingLocalMemoryService) -> None:
    """So requests do not wait for one another while the service is down."""
    memory = AgentCoreMemory(MEMORY_ID, namespaces=FACTS)
    with TestClient(app_of(memory)) as client:
        assert client.portal is not None
        service.fail("ServiceException")
        for number in range(3):
            assert f"s{number}" == client.portal.call(memory.session, "a", f"s{number}").session_id
    assert [] == service.calls()


@pytest.mark.parametrize("fault", ["ServiceException", "AccessDeniedException"])
def test_the_check_says_whether_the_memory_answers(
    service: BlockingLocalMemoryService, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """200 or 503, with the reason in the log only; it sends one cheap request."""
    memory = AgentCoreMemory(MEMORY_ID, namespaces=FACTS)
    app = app_of(memory)

    @app.get("/own")
    async def own() -> Any:
        return await memory.check()

    with TestClient(app) as client:
        assert [200, 200] == [client.get(path).status_code for path in ("/healthz", "/own")]
        assert ["ListEvents"] * 2 == [call.operation for call in service.calls()]
        assert "request" not in str(app.openapi()["paths"]["/healthz"]["get"].get("parameters"))
        service.fail(fault)
        down = client.get("/healthz")
    assert (503, {"detail": "the memory does not answer"}) == (down.status_code, down.json())
    assert fault in caplog.text


def test_the_check_is_bounded_in_time(service: BlockingLocalMemoryService) -> None:
    """A memory that hangs is down, whatever patience the app has otherwise."""
    service.add_latency(30)
    memory = AgentCoreMemory(MEMORY_ID, namespaces=FACTS, retry=RetryPolicy(read_deadline=60))
    with TestClient(app_of(memory)) as client:
        assert 503 == client.get("/healthz").status_code
