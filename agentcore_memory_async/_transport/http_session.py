"""
HTTP sessions for aiobotocore that check host names, and are made off the event loop.

aiobotocore 1.4 to 3.8, which includes the one that aioboto3 15.5.0 pins, does not compare the name
in the certificate with the host, and behind a proxy it checks no certificate at all. Every client
gets a session class of ours, which does both on every version, and follows no redirects. It knows
its connections, so that those that can't be trusted are closed: after another request's answer, and
after a loss on a kept one. It overrides
two private methods of aiobotocore, ``_get_ssl_context`` and ``_get_session``, and sets aiohttp's
``_response_class``; importing this module fails where they do not exist.
"""

# botocore and aiobotocore carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import io
import os
import ssl
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

import aiohttp
import anyio
from aiobotocore.httpsession import AIOHTTPSession
from attrs import define
from botocore.httpsession import get_cert_path

from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async._transport.base import current_send_state
from agentcore_memory_async._transport.capture import note_connections, note_proxy, note_sent
from agentcore_memory_async._transport.lean_session import LeanSession
from agentcore_memory_async.errors import ClosedError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Awaitable

LARGE_BYTES = 2**20
"""Size from which on aiohttp warns about a body that is sent as bytes."""
IDLE_S = 1.0
"""
Time since its last answer from which on a connection may be lost.

Busy connections are younger. It is taken by the wall clock, as monotonic ones stand still while a
machine sleeps.
"""
IDLE_SHARE = 0.25
"""
Share of an attempt's time that such a connection has to answer: 2 of 8 seconds.

The service answers in a fraction of a second, and if it takes longer for once, a new connection
has the whole time.
"""

for _name in ("_get_ssl_context", "_get_session"):
    getattr(AIOHTTPSession, _name)  # without them ours would never be called
if "_response_class" not in aiohttp.ClientSession.ATTRS:
    raise ImportError("this aiohttp is too new: its sessions have no _response_class any more")


class PreparedContext(ssl.SSLContext):
    """
    A client's TLS context whose certificates are read already.

    aiobotocore reads the same files again, on the event loop; for those this does nothing.
    """

    def __new__(cls, *_: Any, **__: Any) -> PreparedContext:
        """Make a context with Python's defaults: host name and chain checked, TLS 1.2 or newer."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, authorities: str | None, certificate: tuple[str, str | None] | None) -> None:
        self.minimum_version = ssl.TLSVersion.TLSv1_2
        self._authorities: str | None = None
        self._certificate: tuple[str, str | None] | None = None
        key_log = os.environ.get("SSLKEYLOGFILE")
        if key_log:
            self.keylog_filename = key_log
        if authorities:
            self.load_verify_locations(authorities)
            self._authorities = authorities
        if certificate:
            self.load_cert_chain(*certificate)
            self._certificate = certificate

    def load_verify_locations(
        self, cafile: Any = None, capath: Any = None, cadata: Any = None
    ) -> None:
        """Read a file of authorities, unless it was read already."""
        if cafile is None or cafile != self._authorities or capath or cadata:
            super().load_verify_locations(cafile, capath, cadata)

    def load_cert_chain(self, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        """Read the client's certificate, unless it was read already."""
        if (certfile, keyfile) != self._certificate:
            super().load_cert_chain(certfile, keyfile, password)


class UnusedContext(ssl.SSLContext):
    """The TLS context of an endpoint without TLS, which reads no authorities: that takes 20 ms."""

    def __new__(cls) -> UnusedContext:
        """Make a context."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def load_verify_locations(self, *_: Any, **__: Any) -> None:
        """Read nothing."""


@lru_cache(maxsize=4)
def _shared(authorities: str | None, _changed: object) -> PreparedContext:
    """
    Return the one context for a file of authorities, until the file changes.

    Reading it takes 20 ms, which a program that opens a client for each request would pay each
    time.
    """
    return PreparedContext(authorities, None)


@define
class _Carrier:
    """What is known of a connection: who holds it, and when it answered last."""

    holder: ref[aiohttp.connector.Connection]
    answered_at: float | None = None


class Connections:
    """
    The connections of one http session that have carried a request.

    aiohttp's pool is private, so each connection is noted when its answer is awaited. A network can
    lose kept connections without a word: after a change of networks, a resumed machine, or a NAT
    that forgets. Then each would take a whole attempt. So one that has been idle gets a share of an
    attempt, and after a loss on a used connection the other idle ones are closed.
    """

    def __init__(self) -> None:
        self._carriers: WeakKeyDictionary[Any, _Carrier] = WeakKeyDictionary()

    def response_class(self) -> type[aiohttp.ClientResponse]:
        """Return a class of responses that notes the connection of each."""
        connections = self

        class NotedResponse(aiohttp.ClientResponse):
            async def start(self, connection: aiohttp.connector.Connection) -> Any:
                carrier = self._carrier = connections.carrier_of(connection)
                try:
                    return await connections.await_answer(carrier, super().start(connection))
                except BaseException as error:
                    connections.lost(carrier, error)
                    raise

            async def read(self) -> bytes:
                try:
                    return await super().read()
                except BaseException as error:
                    connections.lost(self._carrier, error)
                    raise

        return NotedResponse

    def carrier_of(self, connection: aiohttp.connector.Connection) -> _Carrier:
        """Return what is known of *connection*, which is in use from now on."""
        carrier = self._carriers.get(connection.protocol)
        if carrier is None:
            carrier = self._carriers[connection.protocol] = _Carrier(ref(connection))
        else:
            carrier.holder = ref(connection)
        return carrier

    async def await_answer(self, carrier: _Carrier, answer: Awaitable[Any]) -> Any:
        """Return the *answer*, with the time that its connection has for it."""
        state = current_send_state()
        state.is_kept = carrier.answered_at is not None
        state.times_sent += 1
        limit_s = idle_limit_s(carrier.answered_at, time.time(), state.timeout_s)
        found = await (answer if limit_s is None else _within(limit_s, answer))
        carrier.answered_at = time.time()
        return found

    def lost(self, carrier: _Carrier, error: BaseException) -> None:
        """
        Close the idle connections where *error* came on one that has answered before.

        A cancellation, such as that by the end of an attempt, counts if no answer came for long.
        """
        at = carrier.answered_at
        if at is not None and (isinstance(error, Exception) or is_idle(at, time.time())):
            self.drop_idle()

    def drop_idle(self) -> None:
        """Close those that are idle now."""
        for protocol, carrier in list(self._carriers.items()):
            holder = carrier.holder()
            if holder is None or holder.protocol is None:
                protocol.close()
                del self._carriers[protocol]

    def drop(self) -> None:
        """Close those that are idle now, and the others once their answer is read."""
        self.drop_idle()
        for protocol in list(self._carriers):
            protocol.force_close()


def is_idle(answered_at: float, now: float) -> bool:
    """Return whether a connection may be lost: too long ago, or the clock was set back since."""
    return not 0 <= now - answered_at < IDLE_S


def idle_limit_s(answered_at: float | None, now: float, timeout_s: float | None) -> float | None:
    """Return how long an answer is waited for, if shorter than an attempt: not on new ones."""
    if answered_at is None or timeout_s is None or not is_idle(answered_at, now):
        return None
    return timeout_s * IDLE_SHARE


async def _within(limit_s: float, answer: Awaitable[Any]) -> Any:
    """Return the *answer* of the next *limit_s* seconds; raise as aiohttp does where it is late."""
    with anyio.move_on_after(limit_s):
        return await answer
    raise aiohttp.SocketTimeoutError("no answer on a connection that was idle")


class NoRedirectSession:
    """
    An aiohttp session that follows no redirects.

    aiobotocore keeps aiohttp's default, by which another host would get the session token, and
    with a 307 or 308 the conversation too; botocore itself never follows. A large body is sent as a
    file: aiohttp warns about large bytes, which is an error where warnings are errors.
    """

    def __init__(self, session: Any) -> None:
        self._session = session

    def request(self, *args: Any, data: Any = None, **options: Any) -> Any:
        """Send a request."""
        if isinstance(data, bytes | bytearray) and len(data) > LARGE_BYTES:
            data = io.BytesIO(data)
        return self._session.request(*args, data=data, allow_redirects=False, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class VerifyingSession(AIOHTTPSession):  # type: ignore[misc]  # aiobotocore carries no types
    """
    aiobotocore's session over aiohttp, with host names checked.

    It follows no redirects, and sends nothing once it is closed. Beside it there is a
    `LeanSession`.
    """

    _has_proxy: bool
    has_tls = True
    """Whether the endpoint is one of ``https``."""

    def __init__(self, verify: Any = True, proxies: Any = None, **options: Any) -> None:
        self._connections = Connections()
        self._noted = self._connections.response_class()
        self._files = (verify, options.get("client_cert"))
        self._contexts: list[ssl.SSLContext] = []
        self._is_closed = False
        if verify and proxies:
            # Without a bundle here, aiobotocore before 3.9 checks no certificate behind a proxy.
            settings = dict(options.get("proxies_config") or {})
            settings.setdefault("proxy_ca_bundle", get_cert_path(verify))
            options["proxies_config"] = settings
        super().__init__(verify=verify, proxies=proxies, **options)

    async def __aenter__(self) -> Any:
        if self._files[0]:
            self._contexts = await run_in_thread(self._prepare)
        return await super().__aenter__()

    async def __aexit__(self, kind: Any = None, error: Any = None, traceback: Any = None) -> Any:
        self._is_closed = True
        return await super().__aexit__(kind, error, traceback)

    def _prepare(self) -> list[ssl.SSLContext]:
        """Read all files: one context for direct connections, and one for those behind a proxy."""
        verify, client = self._files
        authorities = get_cert_path(verify)
        certificate = (client, None) if isinstance(client, str) else client and tuple(client)
        for file in filter(None, certificate or ()):
            Path(file).stat()  # whose error names the file, which that of the context does not
        if not self._has_proxy and not certificate:
            changed = Path(authorities).stat().st_mtime_ns if authorities else None
            return [_shared(authorities, changed) if self.has_tls else UnusedContext()]
        contexts: list[ssl.SSLContext] = [PreparedContext(authorities, certificate)]
        if self._has_proxy:
            contexts.append(PreparedContext(authorities, None))
        return contexts

    def _get_ssl_context(self) -> ssl.SSLContext:
        if self._contexts:
            return self._contexts.pop(0)
        return PreparedContext(None, None)

    async def _get_session(self, proxy_url: Any) -> Any:
        session = await super()._get_session(proxy_url)
        session._response_class = self._noted  # noqa: SLF001 - the module's docstring says it
        return NoRedirectSession(session)

    async def send(self, request: Any) -> Any:
        """Send, unless closed: aiobotocore before 3.9 would open, and leak, a new session."""
        if self._is_closed:
            raise ClosedError("closed while the call was under way: create a new one")
        note_connections(self._connections.drop)
        if self._has_proxy and (proxy_url := self._proxy_config.proxy_url_for(request.url)):
            note_proxy(proxy_url)
        return await super().send(request)


def session_class(given: Any, opened: list[Any], *, has_tls: bool = True) -> type[Any]:
    """
    Return a class derived from *given* (the caller's ``http_session_cls``) that tracks instances.

    Sessions over aiohttp become verifying ones. A class of another kind, such as a service in
    memory, is used as it is; *opened* shows afterwards that the client took ours.

    Raises:
        InvalidInputError: It is httpx, on an aiobotocore that does not check certificates there.
    """
    if not isinstance(given, type):
        raise InvalidInputError("config: http_session_cls must be a class")
    bases: tuple[type[Any], ...] = (given,)
    if issubclass(given, AIOHTTPSession):
        bases = _over_aiohttp(given)
    elif given.__module__.startswith("aiobotocore.") and _is_before_3_9_2():
        text = (
            "config: an http_session_cls for httpx needs aiobotocore 3.9.2 or newer, "
            "which checks certificates"
        )
        raise InvalidInputError(text)

    class TrackedSession(*bases):  # type: ignore[misc]  # the caller's class is its base
        def __init__(self, *args: Any, **options: Any) -> None:
            opened.append(self)
            super().__init__(*args, **options)

        async def send(self, request: Any) -> Any:
            note_sent()
            return await super().send(request)

    TrackedSession.has_tls = has_tls
    return TrackedSession


def _over_aiohttp(given: type[Any]) -> tuple[type[Any], ...]:
    """Return the bases: the caller's class checks nothing, and may send in its own way."""
    if issubclass(given, VerifyingSession):
        return (given,)
    own = () if given is AIOHTTPSession else (given,)
    return (VerifyingSession, *own, LeanSession)


def _is_before_3_9_2() -> bool:
    import aiobotocore

    return tuple(int(part) for part in aiobotocore.__version__.split(".")[:3]) < (3, 9, 2)
