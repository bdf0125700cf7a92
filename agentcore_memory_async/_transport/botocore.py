"""
The seam to the service: one operation in, the wire JSON of its answer out.

`Transport` is all that the layers above know of the network, and a fake can stand in for it.
`BotocoreTransport` is the real one; what it knows of aioboto3, aiobotocore and botocore is in
`client`, `_credentials`, `_tls` and `_failures`, which are imported when it opens, in a thread,
because importing and preparing them takes longer than an event loop may stand still.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

import anyio

from agentcore_memory_async._transport.base import Answer, Sending, _sending, without_user
from agentcore_memory_async._transport.capture import (
    Captured,
    _captured,
    decode,
    keep_answer,
    note_parsed,
)
from agentcore_memory_async._transport.lifecycle import Lifecycle
from agentcore_memory_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from agentcore_memory_async._transport import client


# asyncio imports it when a thread is first needed: in the loop.
importlib.import_module("concurrent.futures.thread")

_LOG = logging.getLogger("agentcore_memory_async.transport")
_CLOSE_S = 5.0
"""How long closing the connections may take."""


_first_load = threading.Lock()


def _load() -> Any:
    """
    Import what knows botocore, and anyio's asyncio backend; for a thread, 0.3 s at first.

    So many objects are made that Python would look through all of them, 30 ms with the interpreter
    held, on the loop's time. All of them are there to stay, so they are put among the old ones
    unseen: freezing and thawing does that and nothing else.
    """
    name = "agentcore_memory_async._transport.client"
    with _first_load:
        if name in sys.modules or not gc.isenabled() or gc.get_freeze_count():
            return importlib.import_module(name)
        gc.disable()
        try:
            anyio.run(anyio.sleep, 0)
            return importlib.import_module(name)
        finally:
            gc.freeze()
            gc.unfreeze()
            gc.enable()


class BotocoreTransport:
    """
    The service over aioboto3, or over aiobotocore alone where aioboto3 is not installed.

    One client with one pool of connections, opened once and for one event loop. It makes exactly
    one attempt per call: botocore's retries are off. The caller's *session* is never changed: the
    client is made on a private session with a copy of its event hooks, its configuration and its
    credentials, and with the service model that this package ships.

    Region: *region_name* (or ``region_name`` of *config*), else that of *session*, else
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
        session: object | None = None,
        endpoint_url: str | None = None,
        config: object | None = None,
        max_concurrency: int = 50,
    ) -> None:
        self.region = region_name or ""
        self.region_source = "argument" if region_name else ""
        self.endpoint_url = without_user(endpoint_url or "")
        self._given_region = region_name
        self._given_endpoint = endpoint_url
        self._session = session
        self._config = config
        self._max_concurrency = max_concurrency
        self._lifecycle = Lifecycle("client")
        self._connection: client.Connection | None = None

    def __repr__(self) -> str:
        where = f" {self.region} ({self.region_source})" if self.region else ""
        return f"<BotocoreTransport {self._lifecycle.state}{where} {self.endpoint_url}>".replace(
            " >", ">"
        )

    async def open(self) -> None:
        """
        Make the client: credentials are loaded, nothing is sent to the service.

        All that blocks is done in a thread. If it fails or is cancelled, nothing stays open and it
        may be called again.

        Raises:
            AccessDeniedError: There are no credentials, they are incomplete, or what should give
                them failed. No request was made; ``status`` is 0 and ``code`` is the name of
                botocore's error, such as ``NoCredentialsError``.
            InvalidInputError: A region, endpoint, profile, session or config that can't be used.
            ClosedError: It is open, or was.
        """
        with self._lifecycle.opening():
            # Not anyio's thread: its first use imports its backend, here, for 20 ms. Not
            # asyncio.to_thread: `_load` runs anyio, which must not find this loop's context there.
            module = await asyncio.get_running_loop().run_in_executor(None, _load)
            connection: client.Connection = await module.connect(
                module.Settings(
                    region_name=self._given_region,
                    session=self._session,
                    endpoint_url=self._given_endpoint,
                    config=self._config,
                    max_concurrency=self._max_concurrency,
                    hooks={"before-parse": keep_answer, "response-received": note_parsed},
                )
            )
        self._connection = connection
        self.region = connection.region
        self.region_source = connection.region_source
        self.endpoint_url = without_user(connection.endpoint_url)
        _LOG.debug("open: %s (%s) at %s", self.region, self.region_source, self.endpoint_url)

    async def aclose(self) -> None:
        """
        Close the connections. Once is enough, more does no harm, and without `open` it is allowed.

        When it is cut short, closing again closes what is left. In a forked child nothing is
        closed: the connections are the parent's.
        """
        self._lifecycle.closed()
        connection = self._connection
        if connection is None:
            return
        if self._lifecycle.is_inherited:
            _left_to_the_parent.append(connection)
        else:
            with anyio.move_on_after(_CLOSE_S, shield=True):
                await connection.aclose()
        self._connection = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """
        Send *operation* with *params* once and give its answer, as `Transport` says.

        Raises:
            ClosedError: Not open yet, or closed.
            ForkedError: Opened by the parent of this process.
            WrongLoopError: Opened in another event loop.
        """
        sending = _sending.get() or Sending()
        sending.sent = False
        self._lifecycle.check()
        connection = cast("client.Connection", self._connection)
        method = connection.methods.get(operation)
        if method is None:
            raise InvalidInputError(f"{operation!r} is no operation of the memory service")
        captured = Captured(operation, sending)
        token = _captured.set(captured)
        failure: Exception | None = None
        try:
            await method(**params)
        except Exception as exc:
            failure = connection.failure(exc, captured)
            if failure is exc:
                raise
            # Whatever botocore made of a success, its bytes are here and are read below.
        finally:
            _captured.reset(token)
        if failure is not None:
            _LOG.debug("%s: %s", operation, type(failure).__name__)
            # Not from what it was made of: that shows the service's text, parameters, URLs or
            # pieces of an answer.
            raise failure
        connection.answered = True
        answer = decode(operation, captured)
        _LOG.debug("%s: %r", operation, answer)
        return answer


_left_to_the_parent: list[object] = []
"""Clients inherited by a fork, kept so that no finaliser touches the parent's sockets."""
