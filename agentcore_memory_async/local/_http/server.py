"""
HTTP: requests in, answers in AWS's form out.

`RequestHandler` answers a request in steps; two tables below it list them in their order.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, PayloadEncodingError
from aiohttp.web_protocol import RequestHandler as HttpProtocol
from attrs import define, field

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.local._api.errors import AwsError, access_denied, validation
from agentcore_memory_async.local._api.service_model import parse_body
from agentcore_memory_async.local._database.store import StoreError
from agentcore_memory_async.local._http.admin import HEALTH_PATH
from agentcore_memory_async.local._http.admin import PATH as ADMIN_PATH
from agentcore_memory_async.local._http.exchanges import RecordedExchange, RecordedRequest, ids_of
from agentcore_memory_async.local._operations.dispatch import perform
from agentcore_memory_async.local.clock import SystemClock, delay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from agentcore_memory_async.local._api.service_model import Api, Route, ServiceModel
    from agentcore_memory_async.local._api.throttle import QuotaLimiter
    from agentcore_memory_async.local._http.admin import AdminApi
    from agentcore_memory_async.local._operations.request import Params, ServiceContext
    from agentcore_memory_async.local.faults import Fault, Faults


_LOG = logging.getLogger("agentcore_memory_async.local")
_EXTRACTION_DELAY = "x-agentcore-local-extraction-delay"
"""Header with the time from an event to its extraction, in seconds; the real service has none."""
_JSON_TYPE = re.compile(r"application/(?:json|x-amz-json-1\.[01]|[\w.-]+\+json)", re.IGNORECASE)
"""Content types of SDKs."""
_DRAIN = 1024 * 1024
"""Bytes of a refused body that are read all the same, so that the client reads the answer."""


class _Protocol(HttpProtocol):
    """Answers what is not valid HTTP, too, in AWS's form and without a traceback."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that could not be read, and close the connection."""
        del request, message
        _LOG.info("a malformed request: %s", type(exc).__name__)
        error = AwsError(
            "SerializationException", "The HTTP request is malformed", status=min(status, 499)
        )
        response = web.Response(
            status=error.status,
            body=json.dumps(error.body()).encode(),
            content_type="application/json",
        )
        response.headers["x-amzn-errortype"] = error.code
        response.headers["x-amzn-RequestId"] = random_id()
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log a failed connection in one line: the cause is the client."""
        _LOG.info("a connection failed: %s", type(kw.get("exc_info") or args[-1]).__name__)


class Server(web.Server):
    """The HTTP server of a request handler."""

    def __call__(self) -> HttpProtocol:
        """Return the protocol of a new connection."""
        return _Protocol(self, loop=self._loop, **self._kwargs)


@define(repr=False)
class _RequestState:
    """
    One request on its way through the steps.

    Attributes:
        request: The request.
        request_id: Request id of the answer.
        name: Wire name of the operation; method and path until it is known.
        is_operation: Whether the operation is known, and with it *model* and *route*.
        model: Service model of the operation.
        route: The operation, and the members that the path carries.
        memory_id: Id of the memory, once it is checked.
        body: Body of the request, once it is read.
        params: Members of the request: those of the path, later all.
        fault: Fault to inject, unless it is a latency.
        response: Answer, once there is one.
        dropped: Whether the connection is dropped in place of an answer.
    """

    request: web.BaseRequest
    name: str
    request_id: str = field(factory=random_id)
    is_operation: bool = False
    model: ServiceModel = field(init=False)
    route: Route = field(init=False)
    memory_id: str = ""
    body: bytes = b""
    params: Params = field(factory=dict[str, Any])
    fault: Fault | None = None
    response: web.Response | None = None
    dropped: bool = False

    @property
    def path(self) -> str:
        """Path of the request, still percent-encoded."""
        path = self.request.raw_path.partition("?")[0]
        if "://" in path[:8]:  # the absolute form that proxies use
            return "/" + path.split("/", 3)[3] if path.count("/") > 2 else "/"
        return path

    @property
    def answer_body(self) -> bytes:
        """Bytes of the answer's body."""
        body = self.response.body if self.response is not None else None
        return body if isinstance(body, bytes) else b""


@define
class RequestHandler:
    """
    Answers requests, step by step.

    The steps of ``_TO_ANSWER`` run until one of them has an answer; an error that a step raises
    becomes one. If the operation is known by then, the steps of ``_WITH_ANSWER`` run on its
    answer, be it a success or an error.

    Attributes:
        api: Operations of the service.
        service: Parts of the service that operations use.
        faults: Faults to inject.
        allowed_hosts: Names allowed in the Host header beside those of this machine; "*" for all.
        on_request: Called with every request.
        on_exchange: Called with every exchange with an operation.
        limiter: Quotas; None for none.
        admin: Admin API; None if it is off.
    """

    api: Api
    service: ServiceContext
    faults: Faults
    allowed_hosts: frozenset[str]
    on_request: Callable[[RecordedRequest], None]
    on_exchange: Callable[[RecordedExchange], None] | None = None
    limiter: QuotaLimiter | None = None
    admin: AdminApi | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        started = time.perf_counter()
        name = f"{request.method} {request.raw_path.split('?', 1)[0][:200]}"
        state = _RequestState(request, name)
        try:
            await self._answer(state)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - an answer is owed; the log has the trace
            _LOG.exception("%s failed in the local service", state.name)
            defect = AwsError("ServiceException", "An internal error occurred")
            state.response = self._error(defect, state.request_id)
        response = state.response
        if state.dropped or response is None:
            if request.transport is not None:
                request.transport.abort()
            response, status = web.Response(status=500), 0
        else:
            status = response.status
        if not request.content.is_eof():
            response.force_close()  # what is left of the body is not read
        self._record(state, status, response, (time.perf_counter() - started) * 1000)
        return response

    async def _answer(self, state: _RequestState) -> None:
        try:
            for step in _TO_ANSWER:
                await step(self, state)
                if state.response is not None or state.dropped:
                    break
        except AwsError as error:
            state.response = self._error(error, state.request_id)
        except StoreError as error:  # the store logs it, once
            unusable = AwsError("ServiceException", f"An internal error occurred: {error}")
            state.response = self._error(unusable, state.request_id)
        if state.is_operation and state.response is not None:
            for follow in _WITH_ANSWER:
                follow(self, state)

    def _record(
        self, state: _RequestState, status: int, response: web.Response, spent_ms: float
    ) -> None:
        error = response.headers.get("x-amzn-errortype")
        ids = ids_of(state.params)
        recorded = RecordedRequest(state.name, status, state.request_id, error, spent_ms, ids)
        self.on_request(recorded)

    # The steps.

    async def check_host(self, state: _RequestState) -> None:
        """
        Refuse requests of web pages of other hosts.

        The Origin header names the host of a page; the Host header does so where a page rebinds
        its own name to this machine.
        """
        if "*" in self.allowed_hosts:
            return
        headers = state.request.headers
        for origin in headers.getall("Origin", []):
            name = _host_name(origin.rpartition("://")[2])
            if not is_loopback(name):
                self._check_allowed("Origin", name, "to pages of this machine")
        for host in headers.getall("Host", [""]):
            name = _host_name(host)
            if not is_loopback(name) and _address(name) is None:
                self._check_allowed("Host", name, "to addresses and localhost")

    async def check_content_type(self, state: _RequestState) -> None:
        """
        Refuse a body that is not declared to be JSON.

        A page may send other types to any host without asking first.
        """
        request = state.request
        if request.body_exists and not _JSON_TYPE.fullmatch(request.content_type):
            text = f"The Content-Type is {request.content_type[:100]!r}; give application/json"
            raise AwsError("UnsupportedMediaTypeException", text, status=415)

    async def tell_health(self, state: _RequestState) -> None:
        """Answer that the service works, admin API or not: health checks ask for nothing else."""
        if state.path == HEALTH_PATH and state.request.method in {"GET", "HEAD"}:
            await self.service.store.read(lambda _: None)
            state.response = self._success(200, json.dumps({"status": "ok"}), state.request_id)

    async def administer(self, state: _RequestState) -> None:
        """Answer a request to the admin API."""
        if self.admin is None or not state.path.startswith(ADMIN_PATH):
            return
        request = state.request
        params = parse_body(await self._read(request))
        answer = await self.admin.answer(request.method, state.path, request.content_type, params)
        state.response = self._success(200, json.dumps(answer), state.request_id)

    async def match(self, state: _RequestState) -> None:
        """Find the operation."""
        matched = self.api.match(state.request.method, state.path)
        if matched is None:
            text = f"Unknown operation: {state.name}"
            raise AwsError("UnknownOperationException", text)
        state.model, state.route = matched
        state.is_operation = True
        state.name = state.route.operation.name
        state.params = dict(state.route.labels)

    async def read(self, state: _RequestState) -> None:
        """Read the body."""
        state.body = await self._read(state.request)

    async def inject_faults_before(self, state: _RequestState) -> None:
        """Add latencies; then raise the error or drop the connection, if a fault says so."""
        for fault in self.faults.take(state.name):
            if fault.kind == "latency":
                await delay(self.service.clock, fault.seconds)
            else:
                state.fault = fault
        injected = state.fault
        if injected is not None and injected.kind == "error":
            raise AwsError(injected.code, injected.message, status=injected.status)
        state.dropped = injected is not None and injected.kind == "lost-before"

    async def parse(self, state: _RequestState) -> None:
        """Read the members of the request: of its body, its query string and its path."""
        model, route = state.model, state.route
        params = parse_body(state.body)
        query = state.request.raw_path.partition("?")[2]
        try:
            given = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=1000)
        except ValueError:
            text = "The query string could not be parsed"
            raise validation(text, reason="CannotParse") from None
        state.params = params | model.query(route.operation, given) | route.labels

    async def throttle(self, state: _RequestState) -> None:
        """Refuse what exceeds the quotas."""
        if self.limiter is not None:
            self.limiter.check(state.name, state.params)

    async def validate(self, state: _RequestState) -> None:
        """Check the members against the model; skip the memory id's pattern unless ``strict``."""
        memories, labels = self.service.memories, state.route.labels
        skip = frozenset[str]()
        if "memoryId" in labels:
            state.memory_id = memories.check_id(labels["memoryId"])
            skip = skip if memories.strict else frozenset({"memoryId"})
        state.model.check(state.route.operation, state.params, skip=skip)

    async def perform(self, state: _RequestState) -> None:
        """Perform the operation."""
        answer = await perform(self.service, state.name, state.memory_id, state.params)
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        status = state.route.operation.status
        state.response = self._success(status, text, state.request_id)

    def inject_faults_after(self, state: _RequestState) -> None:
        """Corrupt the answer's body or drop the connection, if a fault says so."""
        fault, response = state.fault, state.response
        if fault is None or response is None:
            return
        if fault.kind == "lost-after":
            state.dropped = True
        elif response.status < 300 and response.status != 204 and fault.kind in _CORRUPTED:
            corrupted = _CORRUPTED[fault.kind]
            response.body, response.content_type = corrupted(state.answer_body)

    def record(self, state: _RequestState) -> None:
        """Report the exchange to ``on_exchange``."""
        response = state.response
        if self.on_exchange is not None and response is not None:
            self.on_exchange(
                RecordedExchange(
                    state.name,
                    state.params,
                    response.status,
                    response.headers.get("x-amzn-errortype"),
                    state.answer_body,
                    state.fault.kind if state.fault is not None else None,
                )
            )

    # Helpers of the steps.

    def _success(self, status: int, text: str, request_id: str) -> web.Response:
        headers = self._headers(request_id)
        if status == 204:
            return web.Response(status=status, headers=headers)
        return web.Response(
            status=status,
            body=text.encode(),
            headers=headers,
            content_type="application/json",
        )

    def _error(self, error: AwsError, request_id: str) -> web.Response:
        headers = self._headers(request_id)
        headers["x-amzn-errortype"] = error.code
        return web.Response(
            status=error.status,
            body=json.dumps(error.body()).encode(),
            headers=headers,
            content_type="application/json",
        )

    def _headers(self, request_id: str) -> dict[str, str]:
        date = formatdate(self.service.clock.now(), usegmt=True)
        headers = {"x-amzn-RequestId": request_id, "Date": date, "Server": "agentcore-memory-local"}
        if isinstance(self.service.clock, SystemClock):
            # The seconds of another clock tell a client nothing about its own time.
            headers[_EXTRACTION_DELAY] = f"{self.service.delays.shortest_s:.3f}"
        return headers

    async def _read(self, request: web.BaseRequest) -> bytes:
        limit = self.service.behavior.body_limit
        length = request.content_length
        if length is not None and length > limit + _DRAIN:
            raise _too_large(limit)
        parts: list[bytes] = []
        size = 0
        try:
            async for part in request.content.iter_any():
                size += len(part)
                if size <= limit:
                    parts.append(part)
                elif size > limit + _DRAIN:
                    break
        except (web.RequestPayloadError, HttpProcessingError, PayloadEncodingError):
            text = "The request body could not be read"
            raise validation(text, reason="CannotParse") from None
        if size > limit:
            raise _too_large(limit)
        return b"".join(parts)

    def _check_allowed(self, header: str, name: str, others: str) -> None:
        if name in self.allowed_hosts:
            return
        shown = name[:100].encode("ascii", "replace").decode()
        text = (
            f"The {header} header names {shown!r}; the local service answers {others}, and to "
            "what allowed_hosts (--allow-host) adds"
        )
        raise access_denied(text)


_TO_ANSWER: tuple[Callable[[RequestHandler, _RequestState], Awaitable[None]], ...] = (
    RequestHandler.check_host,
    RequestHandler.check_content_type,
    RequestHandler.tell_health,
    RequestHandler.administer,
    RequestHandler.match,
    RequestHandler.read,
    RequestHandler.inject_faults_before,
    RequestHandler.parse,
    RequestHandler.throttle,
    RequestHandler.validate,
    RequestHandler.perform,
)
"""The steps to an answer, in their order."""
_WITH_ANSWER: tuple[Callable[[RequestHandler, _RequestState], None], ...] = (
    RequestHandler.inject_faults_after,
    RequestHandler.record,
)
"""The steps with an answer, in their order."""
_CORRUPTED: dict[str, Callable[[bytes], tuple[bytes, str]]] = {
    "empty-body": lambda _: (b"", "application/json"),
    "cut-body": lambda body: (body[: len(body) // 2], "application/json"),
    "html-body": lambda _: (b"<html><body>It works!</body></html>", "text/html"),
}
"""Functions from an answer's body to the corrupt one and its content type, by fault."""


def _too_large(limit: int) -> AwsError:
    text = f"The request body is larger than {limit} bytes"
    return AwsError("RequestEntityTooLargeException", text)


def _host_name(header: str) -> str:
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].removesuffix(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def is_loopback(name: str) -> bool:
    """Return whether *name*, or an address, is always this machine's."""
    address = _address(name)
    if address is not None:
        return address.is_loopback
    return name == "localhost" or name.endswith(".localhost")


def host_names(names: Iterable[str]) -> frozenset[str]:
    """Return *names* as they are compared with those of headers."""
    return frozenset("*" if name == "*" else _host_name(name) for name in names)
