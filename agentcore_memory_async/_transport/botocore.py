"""
The transport over aiobotocore.

What it knows of them is in `client`, `loader`, `credentials`, `http_session` and `errors`. They are
imported when it opens, in a thread, since importing and preparing them takes longer than an event
loop may stand still.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

import anyio

from agentcore_memory_async._lazy import lasting
from agentcore_memory_async._threads import run_apart
from agentcore_memory_async._transport.base import Answer, current_send_state, without_user
from agentcore_memory_async._transport.capture import ResponseCapture, capturing, decode
from agentcore_memory_async._transport.lifecycle import Lifecycle
from agentcore_memory_async._wire.service_model import SERVICE
from agentcore_memory_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from agentcore_memory_async._transport import client

# asyncio imports it when a thread is first needed: in the loop.
importlib.import_module("concurrent.futures.thread")

_LOG = logging.getLogger("agentcore_memory_async.transport")
_CLOSE_TIMEOUT_S = 5.0
"""How long closing the connections may take."""
_first_load = threading.Lock()


def _load() -> Any:
    """Import what knows botocore, and anyio's backend; for a thread, 0.2 s the first time."""
    name = "agentcore_memory_async._transport.client"
    with _first_load:
        if name not in sys.modules:
            with lasting():
                anyio.run(anyio.sleep, 0)
                importlib.import_module(name)
        return sys.modules[name]


class BotocoreTransport:
    """
    A service over aiobotocore.

    One client with one connection pool, opened once and for one event loop. It makes exactly one
    attempt per call: botocore's retries are off. The caller's *aws_session* is never changed: the
    client is made on a private session with a copy of its event hooks, its configuration and its
    credentials, and with the service model that this package ships.

    Region: *region_name* (or ``region_name`` of *config*), else that of *aws_session*, else
    ``AWS_REGION``, else ``AWS_DEFAULT_REGION`` (botocore itself knows only the latter), else the
    profile's, else us-west-2.

    Attributes:
        region: The region in use; empty before `open`.
        region_source: Where it came from: argument, session, environment, profile or default.
        endpoint_url: Where requests go, without a user name and password; as given, or empty,
            before `open`.
    """

    def __init__(
        self,
        *,
        region_name: str | None = None,
        aws_session: object | None = None,
        endpoint_url: str | None = None,
        config: object | None = None,
        max_concurrency: int = 50,
        service: str = SERVICE,
    ) -> None:
        self.region = region_name or ""
        self.region_source = "argument" if region_name else ""
        self.endpoint_url = without_user(endpoint_url or "")
        self._given_region = region_name
        self._given_endpoint = endpoint_url
        self._aws_session = aws_session
        self._config = config
        self._max_concurrency = max_concurrency
        self._service = service
        self._lifecycle = Lifecycle("client")
        self._connection: client.Connection | None = None

    def __repr__(self) -> str:
        where = f" {self.region} ({self.region_source})" if self.region else ""
        return f"<BotocoreTransport {self._lifecycle.state}{where} {self.endpoint_url}>".replace(
            " >", ">"
        )

    @property
    def credentials_origin(self) -> tuple[str, str] | None:
        """What gave the credentials, and the end of the access key; None if closed or unsigned."""
        credentials = self._connection.credentials if self._connection else None
        return credentials.origin if credentials else None

    async def open(self) -> None:
        """
        Make the client: load the credentials, send nothing to the service.

        Everything that blocks is done in a thread. If it fails or is cancelled, nothing stays open
        and it may be called again.

        Raises:
            AccessDeniedError: There are no credentials, they are incomplete, or their provider
                failed. No request was made; ``status`` is 0 and ``code`` is the name of botocore's
                error, such as ``NoCredentialsError``.
            InvalidInputError: A region, endpoint, profile, session or config is unusable.
            ClosedError: It is open already, or was closed.
        """
        with self._lifecycle.opening():
            # Not anyio's thread: its first use imports its backend in the loop, for 20 ms. Not
            # asyncio.to_thread: `_load` runs anyio, which must not find this loop's context there.
            module = await asyncio.get_running_loop().run_in_executor(None, _load)
            connection: client.Connection = await module.connect(
                module.Settings(
                    service=self._service,
                    region_name=self._given_region,
                    aws_session=self._aws_session,
                    endpoint_url=self._given_endpoint,
                    config=self._config,
                    max_concurrency=self._max_concurrency,
                )
            )
        self._connection = connection
        self.region = connection.region
        self.region_source = connection.region_source
        self.endpoint_url = without_user(connection.endpoint_url)
        _LOG.debug("open: %s (%s) at %s", self.region, self.region_source, self.endpoint_url)

    async def aclose(self) -> None:
        """
        Close the connections; allowed more than once, and without `open`.

        If it is cut short, closing again closes what is left. In a forked child nothing is closed:
        the connections are the parent's.
        """
        self._lifecycle.closed()
        connection = self._connection
        if connection is None:
            return
        if self._lifecycle.is_inherited:
            _inherited.append(connection)
        else:
            with anyio.move_on_after(_CLOSE_TIMEOUT_S, shield=True):
                await connection.aclose()
        self._connection = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """
        Send *operation* with *params* once and return its answer, as `Transport` says.

        Raises:
            ClosedError: Not open yet, or closed.
            ForkedError: Opened by the parent of this process.
            WrongLoopError: Opened in another event loop.
        """
        send_state = current_send_state()
        send_state.sent = False
        self._lifecycle.check()
        connection = cast("client.Connection", self._connection)
        method = connection.methods.get(operation)
        if method is None:
            raise InvalidInputError(f"{operation!r} is not an operation of the service")
        outside_body = connection.outside_body[operation]
        capture = ResponseCapture(operation, send_state, outside_body, connection.answered)
        failure: Exception | None = None
        try:
            with capturing(capture):
                await method(**params)
        except Exception as error:
            failure = connection.failure(error, capture)
            if failure is error:
                raise
            # Whatever botocore made of a success, its bytes are in the capture, decoded below.
        finally:
            connection.answered |= capture.status is not None
        if failure is not None:
            _LOG.debug("%s: %s", operation, type(failure).__name__)
            # Without its cause: that shows the service's text, parameters, URLs or pieces of an
            # answer.
            raise failure
        if send_state.collector is not None and not capture.is_large:
            # A page of a list is a thousand objects at once. Half of them are its JSON, which is
            # gone when it is read, without the collector. But those that a collection in its midst
            # finds alive count as old: every hundred pages all objects of the program would be
            # visited, for 40 ms of the loop's time.
            send_state.collector.rest()
        answer = await run_apart(decode, operation, capture, large=capture.is_large)
        _LOG.debug("%s: %r", operation, answer)
        return answer


_inherited: list[object] = []
"""Clients inherited by a fork, kept so that no finalizer touches the parent's sockets."""
