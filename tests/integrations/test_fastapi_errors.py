"""Errors of this package in an app: answered, logged, and without any content."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from agentcore_memory_async import (
    AccessDeniedError,
    ClosedError,
    InvalidInputError,
    OutcomeUnknownError,
    ThrottledError,
    TransportTimeoutError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.integrations.fastapi import AgentCoreMemory
from agentcore_memory_async.testing import FakeTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LATER = "the memory is not available; try again later"
SLOW_DOWN = "the memory has too many requests; try again later"
IN_DOUBT = "the memory did not answer; this may or may not have been stored"
MISTAKE = "query is empty; give 1 character or more"
CONTENT = {"payload": ["CANARY"]}
CASES: dict[str, tuple[Exception, int, str]] = {
    "throttled": (service_error("X", "ThrottledException", "no", 429), 429, SLOW_DOWN),
    "broken": (service_error("X", "ServiceException", "no", 500), 503, LATER),
    "late": (TransportTimeoutError("X", "after 10 s"), 503, LATER),
    "in doubt": (OutcomeUnknownError("CreateEvent", "token-1", 2, CONTENT), 503, IN_DOUBT),
    "closed": (ClosedError("it is closed"), 503, LATER),
    "a mistake": (InvalidInputError(MISTAKE), 422, MISTAKE),
}


def app_raising(error: Exception) -> FastAPI:
    """Return an app whose routes raise *error*."""
    memory = AgentCoreMemory("chat-a1B2c3D4e5", transport=FakeTransport())
    app = FastAPI(lifespan=memory.lifespan)
    memory.add_exception_handlers(app)

    @app.get("/error")
    async def fail() -> None:
        raise error

    @app.get("/sync")
    def fail_in_a_thread() -> None:
        raise error

    @app.websocket("/refused")
    async def refuse(websocket: WebSocket) -> None:
        raise error

    @app.websocket("/socket")
    async def break_off(websocket: WebSocket) -> None:
        await websocket.accept()
        raise error

    @app.websocket("/closed")
    async def close_before(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()
        raise error

    @app.websocket("/left")
    async def see_it_left(websocket: WebSocket) -> None:
        await websocket.accept()
        with suppress(WebSocketDisconnect):
            await websocket.receive_text()
        raise error

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[str]:
            yield "first "
            raise error

        return StreamingResponse(chunks())

    return app


@pytest.mark.parametrize("name", CASES)
def test_errors_have_a_status_and_a_text(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the error where the client made no mistake; a body never has content."""
    error, status, text = CASES[name]
    with TestClient(app_raising(error)) as client:
        caplog.clear()
        answers = [client.get(path) for path in ("/error", "/sync")]
    logged = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert [(status, {"detail": text})] * 2 == [(a.status_code, a.json()) for a in answers]
    assert (status == 429) == ("Retry-After" in answers[0].headers)
    assert ([] if status == 422 else [True] * 2) == [str(error) in line for line in logged]


@pytest.mark.parametrize("name", CASES)
def test_a_websocket_is_closed_with_a_reason(name: str) -> None:
    """An open one gets a code and a text; one that was not accepted is refused."""
    error, status, text = CASES[name]
    code = 1008 if status == 422 else 1013
    with TestClient(app_raising(error)) as client:
        with client.websocket_connect("/socket") as socket:
            assert {"type": "websocket.close", "code": code, "reason": text} == socket.receive()
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/refused"):
            pass


@pytest.mark.parametrize("path", ["/closed", "/left"])
def test_a_websocket_that_has_ended_is_not_closed_again(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whichever side ended it; the log has the error, and no other one hides it."""
    error, *_ = CASES["throttled"]
    with TestClient(app_raising(error)) as client, client.websocket_connect(path):
        pass
    assert str(error) in caplog.text


def test_a_reason_is_as_long_as_a_websocket_takes() -> None:
    """It is cut at a character."""
    with (
        TestClient(app_raising(InvalidInputError("ü" * 200))) as client,
        client.websocket_connect("/socket") as socket,
    ):
        assert "ü" * 61 == socket.receive()["reason"]


def test_errors_for_whoever_runs_the_app_are_raised() -> None:
    """They are no answer to a client: a server logs them, and answers 500 without their text."""
    error = service_error("CreateEvent", "AccessDeniedException", "no", 403)
    app = app_raising(error)
    with TestClient(app) as client, pytest.raises(AccessDeniedError):
        client.get("/error")
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/error")
    assert (500, "Internal Server Error") == (answer.status_code, answer.text)


def test_a_stream_that_has_begun_is_broken_off() -> None:
    """Its status is sent already, so the server ends the connection, and logs the error."""
    error = service_error("X", "ThrottledException", "no", 429)
    with (
        TestClient(app_raising(error)) as client,
        pytest.raises(RuntimeError, match="response already started") as raised,
    ):
        client.get("/stream")
    assert isinstance(raised.value.__cause__, ThrottledError)


def test_a_mounted_app_has_handlers_of_its_own() -> None:
    """Those of the app around it are not asked; without any it answers 500."""
    error, status, text = CASES["throttled"]
    app, inner = app_raising(error), app_raising(error)
    app.mount("/inner", inner)
    without = FastAPI(routes=inner.routes)
    app.mount("/without", without)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/inner/error")
        assert (status, {"detail": text}) == (answer.status_code, answer.json())
        assert 500 == client.get("/without/error").status_code


def test_handlers_of_the_app_go_before() -> None:
    """An app may answer an error in its own way."""
    app = app_raising(CASES["throttled"][0])

    async def own(*_: Any) -> StreamingResponse:
        return StreamingResponse(iter(["mine"]), 418)

    app.add_exception_handler(ThrottledError, own)
    with TestClient(app) as client:
        assert (418, "mine") == (client.get("/error").status_code, client.get("/error").text)
