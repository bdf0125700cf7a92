"""
Compatibility with sniffio, which openai, anthropic and others install.

If it is installed, anyio asks it for the running library. It reads the current task and a
context variable, so both have to be correct wherever this package calls anyio.
"""

from __future__ import annotations

import contextvars
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest
import sniffio
from fastapi import FastAPI
from fastapi.testclient import TestClient

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MemorySessionManager,
    MessageRole,
)
from agentcore_memory_async._sync.loop_thread import LoopThread
from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

MESSAGE = ConversationalMessage("I only fly window seats", MessageRole.USER)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set credentials, so that the machine's profiles are not used."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


def manager_at(url: str) -> MemorySessionManager:
    """Return a manager of the sync API."""
    return MemorySessionManager("chat-a1B2c3D4e5", "us-west-2", endpoint_url=url)


def converse(make_manager: Callable[[], MemorySessionManager]) -> list[str]:
    """Store and read a message through the sync API."""
    with make_manager() as manager:
        session = manager.create_memory_session("anna", "chat001")
        session.add_turns([MESSAGE])
        turns = [turn.text for turn in session.get_last_k_turns()]
        assert [event.event_id for event in session.iter_events()]
        return turns


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize("library", [None, "asyncio", "trio", "curio"])
async def test_first_call_of_the_facade(library: str | None) -> None:
    """The sync API starts its loop's tasks whatever library the caller's context names."""
    context = contextvars.copy_context()
    context.run(sniffio.current_async_library_cvar.set, library)
    async with LocalMemoryService() as service:
        in_context = partial(context.run, converse, partial(manager_at, service.endpoint_url))
        assert [MESSAGE.text] == await run_in_thread(in_context)
    assert library == context[sniffio.current_async_library_cvar]


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize("library", [None, "asyncio", "trio", "curio"])
def test_the_blocking_local_service(library: str | None) -> None:
    """So does the local service without ``await``, with the manager that it makes."""

    def converse_there() -> list[str]:
        with LocalMemoryService() as service:
            return converse(partial(service.manager, "chat-a1B2c3D4e5"))

    context = contextvars.copy_context()
    context.run(sniffio.current_async_library_cvar.set, library)
    assert [MESSAGE.text] == context.run(converse_there)


async def _open_under_anyio() -> str:
    async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
        session = await manager.create_memory_session("anna", "chat001")
        async with session.extraction_poller("/facts/{actorId}/") as poller:
            await session.add_turns([MESSAGE])
            return (await poller)[0].content


def test_main_of_anyio_run() -> None:
    """``anyio.run`` sets sniffio's context variable, and the client still works."""
    assert "The user only flies window seats." == anyio.run(_open_under_anyio)


@pytest.mark.usefixtures("endpoint")
def test_app_under_the_test_client() -> None:
    """An application works under Starlette's TestClient, which runs it by anyio in a thread."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
            app.state.manager = manager
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/chat")
    async def chat() -> list[str]:
        manager: AsyncMemorySessionManager = app.state.manager
        session = await manager.create_memory_session("anna", "chat001")
        await session.add_turns([MESSAGE])
        return [turn.text for turn in await session.get_last_k_turns()]

    with TestClient(app) as client:
        assert [MESSAGE.text] == client.post("/chat").json()


def test_no_error_of_unknown_origin_is_taken_for_an_ended_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An unexpected ``RuntimeError`` of the loop is raised unchanged."""
    thread = LoopThread()
    thread.start()

    def refuse(*_: object) -> None:
        message = "something else"
        raise RuntimeError(message)

    try:
        with monkeypatch.context() as patch:
            patch.setattr(thread._loop, "call_soon_threadsafe", refuse)
            with pytest.raises(RuntimeError, match="something else"):
                thread.call(partial(anyio.sleep, 0))
    finally:
        thread.stop()
