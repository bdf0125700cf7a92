"""What botocore, aiobotocore and aiohttp raise, as this package's errors."""

# botocore and aiobotocore carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from botocore import exceptions as boto

from agentcore_memory_async._transport.capture import clock_offset_s, read_date
from agentcore_memory_async._transport.credentials import (
    CREDENTIAL_ERRORS,
    credentials_error,
)
from agentcore_memory_async._transport.settings import SETTING_ERRORS, setting_error
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    CertificateError,
    InvalidInputError,
    ServiceError,
    TransportError,
    TransportTimeoutError,
    service_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.capture import ResponseCapture


_MAX_TEXT = 300
"""Largest number of characters that are kept of the text of an error that names no code."""
_LOST_FOR_BOTOCORE = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError)
"""What botocore raises when a connection fails or is lost."""
_LOST = (OSError, EOFError, aiohttp.ClientError)
"""What a caller's own http session may raise when a connection is lost."""
_UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    ConnectionRefusedError,
    socket.gaierror,
)
"""What is raised before a connection is established."""
_WRONG_TIME = (9, 10)
"""OpenSSL's codes for certificates that are not valid yet, or no longer."""
_START = "python -m agentcore_memory_async.local"
"""The command that starts the local service."""
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
"""Refusals of a proxy that may not stay."""


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the wait asked for: ``x-amz-retry-after`` (ms) or ``Retry-After`` (s, or a date)."""
    for name, unit_s in (
        ("x-amz-retry-after", 0.001),
        ("x-amz-retry-afterms", 0.001),
        ("retry-after", 1),
    ):
        value = headers.get(name, "").strip()
        if value.isascii() and value.replace(".", "", 1).isdigit():
            return float(value) * unit_s
    until = read_date(headers.get("retry-after"))
    if until is None:
        return None
    now = read_date(headers.get("date")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def answered_error(
    operation: str, response: Mapping[str, Any], status: int | None, headers: Mapping[str, str]
) -> ServiceError:
    """Return the error of an answer, from what botocore parsed of it and its headers."""
    error: Mapping[str, Any] = response.get("Error", {})
    metadata: Mapping[str, Any] = response.get("ResponseMetadata", {})
    status = status or int(metadata.get("HTTPStatusCode", 0))
    headers = headers or metadata.get("HTTPHeaders", {})
    code = str(error.get("Code") or "").rpartition("#")[2].partition(":")[0].strip()
    message = str(error.get("Message") or "").strip()
    named = bool(code) and not code.isdigit()
    if not named:
        code = str(status)
    if not message or message.startswith("<") or "<html" in message.lower():
        message = _phrase(status)
        if not named:
            message += ", without an error of the service"
    if not named:
        # It came from a proxy or the like, of which nothing is known.
        message = " ".join(message.split())[:_MAX_TEXT]
    return service_error(
        operation,
        code,
        message,
        status,
        headers.get("x-amzn-requestid") or metadata.get("RequestId") or None,
        retry_after_s=retry_after_s(headers),
        clock_offset_s=clock_offset_s(headers),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP status {status}"


def failure(exc: Exception, captured: ResponseCapture, *, maybe_resent: bool) -> Exception | None:
    """
    Return what to raise for *exc*; None for a success after all, *exc* itself if it is not ours.

    With *maybe_resent* aiohttp may have sent the request before, on a connection that was gone.

    The cases, in this order:

    1. An error of this package, such as that of a closed session, is raised as it is.
    2. A success whose body botocore could not parse is decoded later. An error after parsing comes
       from a hook of the caller, and is raised as it is.
    3. The service answered with an error, which botocore parsed or, for odd bodies, did not.
    4. Nothing was sent: parameters, credentials, or a setting of the caller is unusable.
    5. No answer came.
    """
    operation, status, headers = captured.operation, captured.status, captured.headers
    if isinstance(exc, AgentCoreMemoryError):
        return exc
    if status is not None and 200 <= status < 300:
        return exc if captured.parsed else None
    if isinstance(exc, boto.ClientError):
        return answered_error(operation, exc.response, status, headers)
    if status is not None:
        code = headers.get("x-amzn-errortype", "")
        return answered_error(operation, {"Error": {"Code": code}}, status, headers)
    if isinstance(exc, boto.ParamValidationError):
        return InvalidInputError(f"botocore refused the parameters of {operation}")
    if isinstance(exc, CREDENTIAL_ERRORS):
        return credentials_error(operation, exc)
    cause = exc.kwargs.get("error") if isinstance(exc, _LOST_FOR_BOTOCORE) else exc
    if isinstance(cause, SETTING_ERRORS):
        return setting_error(cause)
    if isinstance(exc, _LOST_FOR_BOTOCORE):
        return _no_answer(captured, exc, cause, maybe_resent=maybe_resent)
    if isinstance(exc, _LOST) and captured.send_state.sent:
        return _no_answer(captured, exc, exc, maybe_resent=maybe_resent)
    return exc


def _no_answer(
    captured: ResponseCapture, exc: Exception, cause: object, *, maybe_resent: bool
) -> TransportError | ServiceError:
    """Return the error of a missing answer, by host and cause; the URL would show ids."""
    operation, where = captured.operation, _where(exc, cause, captured.proxy)
    connecting = isinstance(cause, _UNSENT) or type(cause).__name__ in {
        "ConnectError",
        "ConnectTimeout",
    }
    unsent = connecting and not maybe_resent
    if isinstance(exc, boto.ConnectTimeoutError):
        text = f"while connecting to {where}"
        return TransportTimeoutError(operation, text, sent=maybe_resent)
    if isinstance(exc, boto.ReadTimeoutError | TimeoutError):
        text = f"while waiting for {where}"
        return TransportTimeoutError(operation, text, sent=not unsent)
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        return _refused_by_proxy(captured, cause.status)
    if isinstance(exc, boto.SSLError):
        refused = isinstance(_tls_reason(cause), ssl.SSLCertVerificationError)
        made = CertificateError if refused else TransportError
        return made(operation, _tls_text(where, cause), sent=not unsent)
    if connecting:
        text = _connect_text(where, cause)
        is_absent = unsent and not captured.was_answered and _is_absent(where, cause)
        if is_absent:
            port = urlsplit(f"//{where}").port
            text += f"; the local service is started by '{_START} --port {port}'"
        return TransportError(operation, text, sent=not unsent, is_absent=is_absent)
    if isinstance(exc, boto.ConnectionClosedError):
        text = f"{where} closed the connection before the answer was complete"
        return TransportError(operation, text)
    kind = type(cause).__name__ if cause is not None else type(exc).__name__
    return TransportError(operation, f"the connection to {where} was lost ({kind})")


def _where(exc: Exception, cause: object, proxy: str) -> str:
    """Return what was connected to: the proxy where it could not be, else the endpoint."""
    connected = ""
    if isinstance(cause, aiohttp.ClientConnectorError):
        connected = f"{cause.host}:{cause.port}"
    if proxy and (connected == proxy or isinstance(exc, boto.ProxyConnectionError)):
        return f"the proxy {proxy}"
    url = getattr(exc, "kwargs", {}).get("endpoint_url")
    netloc = urlsplit(url).netloc if isinstance(url, str) else ""
    where = netloc.rpartition("@")[2] or connected or "the service"
    return f"{where} through the proxy {proxy}" if proxy else where


def _refused_by_proxy(captured: ResponseCapture, status: int) -> TransportError | ServiceError:
    """Return the error of a tunnel that a proxy refused, so that nothing went through it."""
    text = f"the proxy {captured.proxy} refused the connection: {status} {_phrase(status)}"
    if 400 <= status < 500 and status not in _LATER:
        return service_error(captured.operation, str(status), text, status)
    return TransportError(captured.operation, text, sent=False)


def _is_absent(where: str, cause: object) -> bool:
    """Return whether nothing listens at an endpoint on this machine."""
    host = (urlsplit(f"//{where}").hostname or "") if " " not in where else ""
    return _is_this_machine(host) and _is_refused(cause)


def _is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        address = ip_address(host)
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or address.is_unspecified
    return host.rstrip(".").rpartition(".")[2] == "localhost"


def _is_refused(cause: object) -> bool:
    """Return whether no address took the connection, by aiohttp's error or by what httpx wraps."""
    reason = getattr(cause, "os_error", cause)
    while isinstance(reason, BaseException):
        # Without a number it stands for several addresses that failed differently: a machine may
        # have a name for ::1 and no IPv6.
        several = type(reason) is OSError and reason.errno is None
        if several or isinstance(reason, ConnectionRefusedError):
            return True
        reason = reason.__cause__ or reason.__context__
    return False


def _connect_text(where: str, cause: object) -> str:
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        what = "its setting" if where.startswith("the proxy ") else "the region and the endpoint"
        return f"the name of {where} cannot be resolved; check {what}"
    reason = getattr(cause, "os_error", None)
    text = getattr(reason, "strerror", None) or type(reason or cause).__name__
    return f"cannot connect to {where}: {text}"


def _tls_reason(cause: object) -> object:
    return getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None)


def _tls_text(where: str, cause: object) -> str:
    reason = _tls_reason(cause)
    if isinstance(reason, ssl.SSLCertVerificationError):
        text = reason.verify_message.rstrip(".")
        advice = "If a private authority issued it, name its bundle in AWS_CA_BUNDLE"
        if reason.verify_code in _WRONG_TIME:
            advice = "If it should be valid now, check this machine's clock"
        return f"the certificate of {where} is not trusted: {text}. {advice}"
    text = getattr(reason, "reason", None) or type(reason or cause).__name__
    return f"TLS with {where} failed: {text}; is it an https endpoint?"
