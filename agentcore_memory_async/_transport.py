"""
The seam to the service: one operation in, the wire JSON of its answer out.

`Transport` is all that the layers above know of the network, and a fake can stand in for it.
`BotocoreTransport` is the real one; what it knows of aioboto3, aiobotocore and botocore is in
`_botocore`, `_credentials`, `_tls` and `_failures`, which are imported when it opens, in a thread,
because importing and preparing them takes longer than an event loop may stand still.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import logging
import re
import sys
import threading
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol, cast

import anyio
import attrs

from agentcore_memory_async._lifecycle import Lifecycle
from agentcore_memory_async.errors import (
    DecodeError,
    InvalidInputError,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from types import TracebackType
    from typing import Self

    from agentcore_memory_async import _botocore

__all__ = ("Answer", "BotocoreTransport", "Transport")

# asyncio imports it when a thread is first needed: in the loop.
importlib.import_module("concurrent.futures.thread")

_LOG = logging.getLogger("agentcore_memory_async.transport")
_CLOSE_S = 5.0
"""How long closing the connections may take."""
_YEARS = range(2000, 3000)
"""A date outside of these comes from no clock, and reckoning with it could overflow."""
_UNREADABLE = object()
_USER_INFO = re.compile(r"(?<=//)[^/?#\s]*@")


@attrs.frozen(repr=False)
class Answer:
    """
    A success of the service.

    Attributes:
        body: The JSON object of the answer, as the service wrote it.
        status: The HTTP status, 200 to 299.
        date: The service's clock when it answered (the ``Date`` header), in UTC.
        request_id: What AWS support asks for.
        size: The length of the body in bytes.
    """

    body: dict[str, Any]
    status: int = 200
    date: datetime | None = None
    request_id: str | None = None
    size: int | None = None

    def __repr__(self) -> str:
        size = "" if self.size is None else f", {self.size} bytes"
        return f"Answer(status={self.status}, request_id={self.request_id!r}{size})"


class Transport(Protocol):
    """
    Sends one operation, once.

    *operation* is the wire name, such as ``CreateEvent``; *params* are its members by the service's
    names, timestamps as epoch seconds with at most three decimals.

    Raises:
        ServiceError: The service answered with an error; a subclass says which.
        TransportError: No answer came; `TransportTimeoutError` if none came in time.
        DecodeError: A success without a JSON object: nothing is acknowledged by it.
    """

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Send *operation* and give its answer."""
        ...


class Sending:
    """
    Whether a request left this program, for whoever has to judge a call that was cut short.

    A transport that can't tell leaves it as it is: a request counts as sent.
    """

    def __init__(self) -> None:
        self.sent = True


_sending: ContextVar[Sending | None] = ContextVar("agentcore_memory_async_sending", default=None)


@contextmanager
def noting(sending: Sending) -> Generator[None]:
    """Let the transport that is called in the block note in *sending* what becomes of it."""
    token = _sending.set(sending)
    try:
        yield
    finally:
        _sending.reset(token)


@attrs.define(repr=False)
class Captured:
    """What the hooks keep of an answer while its call runs."""

    operation: str
    sending: Sending
    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    parsed: bool = False


_captured: ContextVar[Captured] = ContextVar("agentcore_memory_async_captured")


def current_operation() -> str:
    """Give the wire name of the operation that this task is calling, for the texts of errors."""
    captured = _captured.get(None)
    return "opening" if captured is None else captured.operation


def note_sent() -> None:
    """Note that the request of this task is handed to the connection."""
    captured = _captured.get(None)
    if captured is not None:
        captured.sending.sent = True


def without_user(url: str) -> str:
    """Leave user name and password out of the URLs in a text."""
    return _USER_INFO.sub("", url)


def keep_answer(response_dict: Mapping[str, Any], **_: object) -> None:
    """
    Keep status, headers and, of a success, the bytes; a hook for botocore's ``before-parse``.

    It changes nothing, so that whatever else listens to botocore's events goes on working.
    """
    captured = _captured.get(None)
    if captured is None:
        return
    captured.status = response_dict["status_code"]
    captured.headers = response_dict["headers"]
    if 200 <= response_dict["status_code"] < 300:
        captured.body = response_dict["body"]


def note_parsed(**_: object) -> None:
    """Note that botocore has read the answer; a hook for botocore's ``response-received``."""
    captured = _captured.get(None)
    if captured is not None:
        captured.parsed = True


def decode(operation: str, captured: Captured) -> Answer:
    """Make the answer of a success; anything but a JSON object is a `DecodeError`."""
    status = captured.status or 0
    body = captured.body
    if not body:
        raise DecodeError(operation, f"status {status} with an empty body")
    parsed: object = _UNREADABLE
    with suppress(ValueError, RecursionError):  # not as a cause: it would show the body
        parsed = json.loads(body)
    if parsed is _UNREADABLE:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "no JSON, cut, or nested too deeply"
        text = f"status {status}, {len(body)} bytes: {kind}"
        raise DecodeError(operation, text, raw=body)
    if not isinstance(parsed, dict):
        text = f"status {status}, {len(body)} bytes: JSON, but no object"
        raise DecodeError(operation, text, raw=body)
    return Answer(
        body=cast(dict[str, Any], parsed),
        status=status,
        date=read_date(captured.headers.get("date")),
        request_id=captured.headers.get("x-amzn-requestid"),
        size=len(body),
    )


def read_date(value: str | None) -> datetime | None:
    """Read an HTTP date; None for none, and for what is not one or of no clock."""
    if not value:
        return None
    try:
        date = parsedate_to_datetime(value)
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, LookupError):
        return None
    return date if date.year in _YEARS else None


_first_load = threading.Lock()


def _load() -> Any:
    """
    Import what knows botocore, and anyio's asyncio backend; for a thread, 0.3 s at first.

    So many objects are made that Python would look through all of them, 30 ms with the interpreter
    held, on the loop's time. All of them are there to stay, so they are put among the old ones
    unseen: freezing and thawing does that and nothing else.
    """
    name = "agentcore_memory_async._botocore"
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
        self._connection: _botocore.Connection | None = None

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
            connection: _botocore.Connection = await module.connect(
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
        connection = cast("_botocore.Connection", self._connection)
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
