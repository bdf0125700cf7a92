"""
FastAPI and Starlette: one manager for the app, which opens and closes with it.

```python
memory = AgentCoreMemory(os.environ["MEMORY_ID"])
app = FastAPI(lifespan=memory.lifespan)
memory.add_exception_handlers(app)
```

It imports Starlette only, which FastAPI is built on.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from starlette.requests import Request  # noqa: TC002 - FastAPI reads the hints of a route
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketState

from agentcore_memory_async.integrations._app_memory import AppMemory, logged_answer
from agentcore_memory_async.integrations._web import ANSWERED

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from starlette.applications import Starlette
    from starlette.requests import HTTPConnection

__all__ = ("AgentCoreMemory",)

AppT = TypeVar("AppT")
StateT = TypeVar("StateT", None, "Mapping[str, Any]")

_NO_REQUEST = cast("Request", None)
"""Lets a handler of the app's own call ``check()``: FastAPI refuses a hint with None in it."""
_CLOSE_CODES = {422: 1008, 500: 1011}
"""Codes that close a WebSocket in place of a status; others are 1013, "try again later"."""
_MOST_REASON = 123
"""Longest reason with which a WebSocket is closed, in bytes (RFC 6455)."""


class AgentCoreMemory(AppMemory):
    """
    One AgentCore Memory for a FastAPI or Starlette app: ``FastAPI(lifespan=memory.lifespan)``.

    Make it where the app is made. It opens nothing: each lifespan opens a manager, in its worker
    and its event loop, and closes it in the end. Unless *namespaces* are declared, the lifespan
    reads those of the memory's strategies, by ``GetMemory``; where that fails, the app starts
    nevertheless, and logs why.

    Args:
        memory_id: Id or ARN of the memory, such as ``chat-a1B2c3D4e5``.
        region_name: AWS region; where it comes from if omitted, as for the manager.
        options: Further arguments of `AsyncMemorySessionManager`.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    _advice: ClassVar[str] = (
        "give the app lifespan=memory.lifespan, or lifespan_with(yours). In tests enter the "
        "TestClient by 'with', or 'async with memory.lifespan(app)' around httpx's ASGITransport"
    )

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncGenerator[None]:  # noqa: ARG002 - of Starlette
        """
        Open a manager while the app runs; give it to the app as its ``lifespan=``.

        Args:
            app: The app, which is not used.
        """
        async with self._running():
            yield

    def lifespan_with(
        self, lifespan: Callable[[AppT], AbstractAsyncContextManager[StateT]]
    ) -> Callable[[AppT], AbstractAsyncContextManager[StateT]]:
        """
        Return a lifespan that runs *lifespan* while the manager is open, and yields its state.

        Args:
            lifespan: A lifespan of the app's own; it may use ``manager`` and ``session()``.
        """

        @asynccontextmanager
        async def both(app: AppT) -> AsyncGenerator[StateT]:
            async with self._running(), lifespan(app) as state:
                yield state

        return both

    def add_exception_handlers(self, app: Starlette) -> None:
        """
        Let *app* answer errors of this package as ``{"detail": ...}``, without any content.

        - ``InvalidInputError``: 422 with its text; 500 without it where the app knows no
          namespaces, which the client can't mend.
        - ``ThrottledError``: 429 with ``Retry-After``.
        - What passes by itself, such as an outage, a timeout, a lost answer or a closed manager:
          503.

        The others are for whoever runs the app, such as a missing permission: the app answers 500
        and logs them. A WebSocket is closed, with code 1008 in place of 422, 1011 in place of 500,
        and else 1013.

        Args:
            app: A FastAPI or Starlette app.
        """
        for kind in ANSWERED:
            app.add_exception_handler(kind, _answer)

    async def check(self, request: Request = _NO_REQUEST) -> Response:  # noqa: ARG002 - of Starlette
        """
        Return 200 if the memory answers within two seconds, else 503; it is a route's endpoint.

        ``app.add_api_route("/healthz", memory.check)``

        Args:
            request: The request, which is not used.

        AWS operation: ``ListEvents`` with one result and no payloads.
        """
        if await self._is_answering():
            return JSONResponse({"status": "ok"})
        return JSONResponse({"detail": "the memory does not answer"}, 503)


async def _answer(connection: HTTPConnection, error: Exception) -> Any:
    """Answer an error of a request, or close the WebSocket that it happened in, if it is open."""
    answer = logged_answer(error)
    if isinstance(connection, WebSocket):
        # To close it a second time would raise, and hide the error.
        if WebSocketState.DISCONNECTED in {connection.client_state, connection.application_state}:
            return None
        reason = answer.text.encode()[:_MOST_REASON].decode(errors="ignore")
        await connection.close(_CLOSE_CODES.get(answer.status, 1013), reason)
        return None
    return JSONResponse({"detail": answer.text}, answer.status, answer.headers)
