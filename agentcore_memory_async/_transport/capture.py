"""
What the hooks in botocore keep of an answer, and how it is decoded.

botocore parses answers by its own model, and calls a body that it cannot read a success. So its
hooks only keep the bytes here, and they are decoded after the call.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from attrs import define, field

from agentcore_memory_async._transport.base import Answer, SendState
from agentcore_memory_async.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
"""Seconds in plain decimals, below a billion."""
_YEARS = range(2000, 3000)
"""Years of a date that comes from a clock; beyond them, arithmetic with it could overflow."""
_EXTRACTION_DELAY = "x-agentcore-local-extraction-delay"
"""Header in which the local service tells its extraction delay, in seconds."""
_PORTS = {"http": 80, "https": 443}
"""Ports of proxies whose URL names none."""
_UNREADABLE = object()
"""Sentinel for a body that is not JSON; None is valid JSON."""


@define(repr=False)
class ResponseCapture:
    """
    What the hooks keep of an answer while its call runs.

    Attributes:
        operation: Wire name of the operation.
        send_state: Whether the request left this process.
        was_answered: Whether the service ever answered this client before.
        status: HTTP status; None before an answer came.
        body: Bytes of a success.
        headers: Headers of the answer.
        parsed: Whether botocore has read the answer.
        proxy: Host and port of the proxy that it goes through; empty for none.
        signed_with: Credentials of the request; None before it was signed.
    """

    operation: str
    send_state: SendState
    was_answered: bool = False
    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict[str, str])
    parsed: bool = False
    proxy: str = ""
    signed_with: object = None


_capture: ContextVar[ResponseCapture | None] = ContextVar(
    "agentcore_memory_async_capture", default=None
)


@contextmanager
def capturing(capture: ResponseCapture) -> Generator[None]:
    """Let the hooks fill *capture* in the block."""
    token = _capture.set(capture)
    try:
        yield
    finally:
        _capture.reset(token)


def current_operation() -> str:
    """Return the wire name of the operation that this task is calling, for the texts of errors."""
    capture = _capture.get()
    return "opening" if capture is None else capture.operation


def note_credentials(frozen: object) -> None:
    """Note the credentials that the request of this task is signed with."""
    capture = _capture.get()
    if capture is not None:
        capture.signed_with = frozen


def note_proxy(url: str) -> None:
    """Note the proxy that the request of this task goes through."""
    capture = _capture.get()
    if capture is not None:
        parts = urlsplit(url)
        capture.proxy = f"{parts.hostname}:{parts.port or _PORTS.get(parts.scheme)}"


def note_sent() -> None:
    """Note that the request of this task is handed to the connection."""
    capture = _capture.get()
    if capture is not None:
        capture.send_state.sent = True


def note_connections(drop: Callable[[], None]) -> None:
    """Note how the connections of this task's request are dropped, if its answer is another's."""
    capture = _capture.get()
    if capture is not None:
        capture.send_state.drop_connections = drop


def capture_response(response_dict: Mapping[str, Any], **_: object) -> None:
    """
    Keep status, headers and, of a success, the bytes; a hook for botocore's ``before-parse``.

    It changes nothing, so that whatever else listens to botocore's events goes on working.
    """
    capture = _capture.get()
    if capture is None:
        return
    capture.status = response_dict["status_code"]
    capture.headers = response_dict["headers"]
    if 200 <= response_dict["status_code"] < 300:
        capture.body = response_dict["body"]


def note_parsed(**_: object) -> None:
    """Note that botocore has read the answer; a hook for botocore's ``response-received``."""
    capture = _capture.get()
    if capture is not None:
        capture.parsed = True


HOOKS = {"before-parse": capture_response, "response-received": note_parsed}
"""The hooks by the names of botocore's events."""


def decode(operation: str, capture: ResponseCapture) -> Answer:
    """Return the answer of a success; anything but a JSON object is a `DecodeError`."""
    status = capture.status or 0
    body = capture.body
    if not body:
        raise DecodeError(operation, f"status {status} with an empty body")
    parsed: object = _UNREADABLE
    with suppress(ValueError, RecursionError):  # not as a cause: it would show the body
        parsed = json.loads(body)
    if parsed is _UNREADABLE:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "not JSON, cut off, or nested too deeply"
        text = f"status {status}, {len(body)} bytes: {kind}"
        raise DecodeError(operation, text, raw=body)
    if not isinstance(parsed, dict):
        text = f"status {status}, {len(body)} bytes: JSON, but not an object"
        raise DecodeError(operation, text, raw=body, parsed=True)
    return Answer(
        body=cast("dict[str, Any]", parsed),
        status=status,
        date=read_date(capture.headers.get("date")),
        request_id=capture.headers.get("x-amzn-requestid"),
        size=len(body),
        extraction_delay_s=read_seconds(capture.headers.get(_EXTRACTION_DELAY)),
    )


def read_seconds(value: str | None) -> float | None:
    """Return a number of seconds; None for none, and for one that is malformed or absurd."""
    if not value or _SECONDS.fullmatch(value) is None:
        return None
    return float(value)


def read_date(value: str | None) -> datetime | None:
    """Return an HTTP date in UTC; None for none, and for one that is malformed or absurd."""
    if not value:
        return None
    try:
        date = parsedate_to_datetime(value)
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, LookupError):
        return None
    return date if date.year in _YEARS else None


def clock_offset_s(headers: Mapping[str, str]) -> float | None:
    """Return how far the service's clock is ahead of this machine's, by the ``Date``."""
    date = read_date(headers.get("date"))
    return None if date is None else float(round((date - datetime.now(UTC)).total_seconds()))
