"""HTTP: requests in, answers in AWS's form out."""

from __future__ import annotations

import ipaddress
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import attrs
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, PayloadEncodingError
from aiohttp.web_protocol import RequestHandler

from agentcore_memory_async.local._api.errors import AwsError, access_denied, validation
from agentcore_memory_async.local._api.service_model import Api, Route, ServiceModel, parse_body
from agentcore_memory_async.local._http.admin import PATH as CONTROL_PATH
from agentcore_memory_async.local._http.exchanges import RECORDERS, Call, Exchange
from agentcore_memory_async.local.clock import Clock, sleep

if TYPE_CHECKING:
    from agentcore_memory_async.local._api.throttle import Throttle
    from agentcore_memory_async.local._http.admin import Console
    from agentcore_memory_async.local.faults import Fault, Faults


_LOG = logging.getLogger("agentcore_memory_async.local")
_ACCESS = logging.getLogger("agentcore_memory_async.local.access")
_DRAIN = 1024 * 1024  # bytes of a refused body that are still read

#: Performs an operation: its model, name and wire members in, JSON members out.
Perform = Callable[[ServiceModel, Route, dict[str, Any]], Awaitable[dict[str, Any]]]


class _Protocol(RequestHandler):
    """Answers what is no HTTP request at all in the form of the service, with no trace."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that could not be read, then hang up."""
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
        response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Note what went wrong with a connection in one line: who caused it is the client."""
        _LOG.info("a connection failed: %s", type(kw.get("exc_info") or args[-1]).__name__)


class Server(web.Server):
    """The HTTP server of a handler."""

    def __call__(self) -> RequestHandler:
        """Make what speaks HTTP on one connection."""
        return _Protocol(self, loop=self._loop, **self._kwargs)


@attrs.define
class Front:
    """
    The handler of all requests.

    Attributes:
        api: Finds the operation and gives its status.
        perform: Does the work.
        clock: Dates the answers.
        faults: Consulted before and after the work.
        body_limit: Bytes that a request may have.
        allowed_hosts: Names in the Host header beside those of this machine; "*" allows all.
        on_call: Told of every request.
        throttle: Refuses what comes faster than the quotas allow.
        console: The control path, where it is on.
    """

    api: Api
    perform: Perform
    clock: Clock
    faults: Faults
    body_limit: int
    allowed_hosts: frozenset[str]
    on_call: Callable[[Call], None]
    throttle: Throttle | None = None
    console: Console | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        started = time.perf_counter()
        request_id = str(uuid.uuid4())
        name = f"{request.method} {request.raw_path.split('?', 1)[0][:200]}"
        error: str | None = None
        response: web.Response | None
        try:
            name, response = await self._answer(request, request_id, name)
        except AwsError as refused:
            error = refused.code
            response = self._error(refused, request_id)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001  (an answer is owed; the log has the trace)
            _LOG.exception("%s failed in the local service", name)
            error = "ServiceException"
            response = self._error(AwsError(error, "An internal error occurred"), request_id)
        if response is None:
            if request.transport is not None:
                request.transport.abort()
            response = web.Response(status=500)
            status = 0
        else:
            status = response.status
            error = error or response.headers.get("x-amzn-errortype")
        if not request.content.is_eof():
            response.force_close()  # what is left of the body is not read
        spent = (time.perf_counter() - started) * 1000
        self.on_call(Call(name, status, request_id, error, spent))
        _ACCESS.info("%-24s %s %s%.1f ms", name, status, f"{error} " if error else "", spent)
        return response

    async def _answer(
        self, request: web.BaseRequest, request_id: str, name: str
    ) -> tuple[str, web.Response | None]:
        self._check_host(request)
        raw_path, _, query = request.raw_path.partition("?")
        if "://" in raw_path[:8]:  # the absolute form that proxies use
            raw_path = "/" + raw_path.split("/", 3)[3] if raw_path.count("/") > 2 else "/"
        if self.console is not None and raw_path.startswith(CONTROL_PATH):
            wanted = parse_body(await self._read(request))
            answer = await self.console.answer(
                request.method, raw_path, request.content_type, wanted
            )
            return name, self._success(200, json.dumps(answer), request_id, None)
        matched = self.api.match(request.method, raw_path)
        if matched is None:
            text = f"Unknown operation: {name}"
            raise AwsError("UnknownOperationException", text)
        model, route = matched
        operation = route.operation
        body = await self._read(request)
        faults = self.faults.take(operation.name)
        for fault in faults:
            if fault.kind == "latency":
                await sleep(self.clock, fault.seconds)
        broken = next((item for item in faults if item.kind != "latency"), None)
        if broken is not None and broken.kind == "error":
            return operation.name, self._error(
                AwsError(broken.code, broken.message, status=broken.status), request_id
            )
        if broken is not None and broken.kind == "lost-before":
            return operation.name, None
        params: dict[str, Any] = dict(route.labels)
        response: web.Response
        try:
            params = self._params(model, route, body, query)
            if self.throttle is not None:
                self.throttle.check(operation.name, params)
            result = await self.perform(model, route, params)
            text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
            response = self._success(operation.status, text, request_id, broken)
        except AwsError as refused:
            response = self._error(refused, request_id)
        for recorder in RECORDERS:
            recorder(
                Exchange(
                    operation.name,
                    params,
                    response.status,
                    response.headers.get("x-amzn-errortype"),
                    response.body if isinstance(response.body, bytes) else b"",
                    broken.kind if broken is not None else None,
                )
            )
        if broken is not None and broken.kind == "lost-after":
            return operation.name, None
        return operation.name, response

    @staticmethod
    def _params(model: ServiceModel, route: Route, body: bytes, query: str) -> dict[str, Any]:
        """Return the members of a request: of its body, its query string and its path."""
        params = parse_body(body)
        try:
            given = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=1000)
        except ValueError:
            text = "The query string could not be parsed"
            raise validation(text, reason="CannotParse") from None
        params.update(model.query(route.operation, given))
        params.update(route.labels)
        return params

    def _success(
        self, status: int, text: str, request_id: str, fault: Fault | None
    ) -> web.Response:
        if status == 204:
            return web.Response(status=status, headers=self._headers(request_id))
        body, kind = text.encode(), "application/json"
        if fault is not None:
            if fault.kind == "empty-body":
                body = b""
            elif fault.kind == "cut-body":
                body = body[: len(body) // 2]
            elif fault.kind == "html-body":
                body, kind = b"<html><body>It works!</body></html>", "text/html"
        return web.Response(
            status=status, body=body, headers=self._headers(request_id), content_type=kind
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
        date = formatdate(self.clock.now(), usegmt=True)
        return {"x-amzn-RequestId": request_id, "Date": date, "Server": "agentcore-memory-local"}

    async def _read(self, request: web.BaseRequest) -> bytes:
        length = request.content_length
        if length is not None and length > self.body_limit + _DRAIN:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        try:
            async for part in request.content.iter_any():
                size += len(part)
                if size <= self.body_limit:
                    parts.append(part)
                elif size > self.body_limit + _DRAIN:
                    break
        except (web.RequestPayloadError, HttpProcessingError, PayloadEncodingError):
            text = "The request body could not be read"
            raise validation(text, reason="CannotParse") from None
        if size > self.body_limit:
            raise self._too_large()
        return b"".join(parts)

    def _too_large(self) -> AwsError:
        text = f"The request body is larger than {self.body_limit} bytes"
        return AwsError("RequestEntityTooLargeException", text)

    def _check_host(self, request: web.BaseRequest) -> None:
        """
        Refuse a request for another host: a web page that rebinds its name to this machine.

        And one that a browser sends for a page of another host.
        """
        if "*" in self.allowed_hosts:
            return
        origin = request.headers.get("Origin")
        if origin is not None:
            self._check_name("Origin", _host_name(origin.rpartition("://")[2]))
        self._check_name("Host", _host_name(request.headers.get("Host", "")))

    def _check_name(self, header: str, host: str) -> None:
        if host in self.allowed_hosts or host == "localhost" or host.endswith(".localhost"):
            return
        try:
            ipaddress.ip_address(host)
        except ValueError:
            shown = host[:100].encode("ascii", "replace").decode()
            text = (
                f"The {header} header names {shown!r}; the local service answers to addresses and "
                "localhost, and to what allowed_hosts (--allow-host) adds"
            )
            raise access_denied(text) from None


def _host_name(header: str) -> str:
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].removesuffix(".")


def host_names(names: Iterable[str]) -> frozenset[str]:
    """Return names as they are compared with the Host header."""
    return frozenset("*" if name == "*" else _host_name(name) for name in names)
