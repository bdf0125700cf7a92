"""Streamed answers of web apps: stored also where the client has gone, by whatever sign."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from aiohttp import ClientSession, web
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from agentcore_memory_async.testing import FakeTransport
from tests.client.doubles import manager_on
from tests.client.recordings import stored

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from agentcore_memory_async import AsyncMemorySession

QUESTION = "Which seat do I like?"


class Model:
    """
    A model that streams four words, the last of them once it is told to go on.

    Attributes:
        go_on: Set to let it say the last word.
        closed: Set once its stream is closed.
    """

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.closed = asyncio.Event()

    async def stream(self) -> AsyncGenerator[str]:
        """Stream the words."""
        try:
            for word in ("You ", "like ", "window "):
                yield word
            await self.go_on.wait()
            yield "seats."
        finally:
            self.closed.set()


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Switch the garbage collector off, since it may come late."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[FakeTransport, AsyncMemorySession]]:
    """Open a session on a fake transport."""
    service = FakeTransport()
    async with manager_on(service, clock=None) as manager:
        yield service, await manager.create_memory_session("a", "s", verify=False)


async def one_write(service: FakeTransport) -> None:
    """Wait until a turn was written."""
    with anyio.fail_after(5):
        while not service.sent("CreateEvent"):
            await anyio.sleep(0.001)


def fastapi_app(session: AsyncMemorySession, model: Model) -> FastAPI:
    """Return an app that streams an answer."""
    app = FastAPI()

    @app.get("/chat")
    async def chat() -> StreamingResponse:
        return StreamingResponse(session.record_turn(QUESTION, model.stream()))

    return app


async def test_fastapi_stores_a_whole_answer() -> None:
    """A client that reads to the end gets every chunk, and the turn is stored."""
    async with opened() as (service, session):
        model = Model()
        model.go_on.set()
        transport = httpx2.ASGITransport(app=fastapi_app(session, model))
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            assert "You like window seats." == (await client.get("/chat")).text
    assert [([f"U: {QUESTION}", "A: You like window seats."], False)] == stored(service)


class Server:
    """
    An ASGI server whose client goes after some messages of the response.

    Args:
        sign: How the app learns of it: ``receive`` returns a message, ``send`` raises, or the task
            of the request is cancelled while it awaits ``send`` or the next chunk.
        after: Messages of the response that the client still takes; the first is its start.
    """

    def __init__(self, sign: str, after: int) -> None:
        self.sign = sign
        self.after = after
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """Return the end of the connection, once the client has gone."""
        await self.gone.wait()
        if self.sign != "receive":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, _: Any) -> None:
        """Take a message, until the client has gone."""
        if self.after:
            self.after -= 1
            return
        self.gone.set()
        if self.sign == "send":
            raise OSError
        await asyncio.Event().wait()

    async def request(self, app: FastAPI, version: str) -> None:
        """Run a request until the app has ended it."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": version},
            "http_version": "1.1",
            "method": "GET",
            "path": "/chat",
            "raw_path": b"/chat",
            "query_string": b"",
            "headers": [],
        }
        running = asyncio.ensure_future(app(scope, self.receive, self.send))  # noqa: TID251 - as servers do
        await self.gone.wait()
        if self.sign == "cancel":
            running.cancel()
        with suppress(Exception, asyncio.CancelledError):
            await running


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize(
    ("version", "sign"),
    [
        ("2.0", "receive"),
        ("2.0", "send"),
        ("2.3", "receive"),
        ("2.3", "send"),
        ("2.3", "cancel"),
        ("2.4", "send"),
        ("2.4", "cancel"),
    ],
)
async def test_fastapi_stores_what_a_client_left(version: str, sign: str, after: int) -> None:
    """
    The turn is stored and the model's stream closed soon after the client has gone: before the
    response started, before its first chunk or later, whatever the version of ASGI.
    """
    async with opened() as (service, session):
        model, server = Model(), Server(sign, after)
        await server.request(fastapi_app(session, model), version)
        if not after:
            gc.collect()  # what nobody began to read may be left in a cycle
        await one_write(service)
        said = "".join(["You ", "like ", "window "][:after])
        [(texts, is_interrupted)] = stored(service)
        assert (texts, is_interrupted) == (
            [f"U: {QUESTION}", *([f"A: {said}"] if said else [])],
            True,
        )
        if said:
            with anyio.fail_after(5):
                await model.closed.wait()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_aiohttp_stores_what_a_client_left(is_cancelled: bool) -> None:
    """
    The turn is stored soon after the client has gone, whether the handler is cancelled then or
    fails to write.
    """
    async with opened() as (service, session):
        model = Model()

        async def chat(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            async for chunk in session.record_turn(QUESTION, model.stream()):
                await response.write(chunk.encode())
            return response

        app = web.Application()
        app.router.add_get("/chat", chat)
        runner = web.AppRunner(app, handler_cancellation=is_cancelled)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            async with ClientSession() as client:
                response = await client.get(f"http://127.0.0.1:{runner.addresses[0][1]}/chat")
                while b"window" not in await response.content.readany():
                    pass
                response.close()
            if not is_cancelled:
                await anyio.sleep(0.05)
                model.go_on.set()
            await one_write(service)
        finally:
            await runner.cleanup()
    [(texts, is_interrupted)] = stored(service)
    assert texts[1].startswith("A: You like window ")
    assert (is_interrupted, model.closed.is_set()) == (True, True)
