"""
What the hooks in botocore keep of an answer, and how it is decoded.

botocore parses answers by its own model, and calls a body that it cannot read a success. So its
hooks only keep the bytes here, and they are decoded after the call.

botocore gets no body, neither of a request nor of an answer. It would encode and parse by walking
the shapes of its model, which is most of what its calls cost, and hold the event loop where a body
is large. A hook takes the members of the body out and encodes them, in a thread where they are
large, and another puts the bytes in their place; those of an answer are taken out by a third.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from attrs import define, field

from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async._transport.base import Answer, Bound, SendState
from agentcore_memory_async._wire.pieces import decode_in_pieces, encode_in_pieces
from agentcore_memory_async._wire.weight import LARGE, is_large
from agentcore_memory_async.errors import DecodeError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
"""Seconds in plain decimals, below a billion."""
_YEARS = range(2000, 3000)
"""Years of a date that comes from a clock; beyond them, arithmetic with it could overflow."""
_EXTRACTION_DELAY = "x-agentcore-local-extraction-delay"
"""Header in which the local service tells its extraction delay, in seconds."""
_PORTS = {"http": 80, "https": 443}
"""Ports of proxies whose URL names none."""
_NO_PORT = (
    "the port of the proxy must be a number from 1 to 65535; check HTTP_PROXY and HTTPS_PROXY, or "
    "the proxies of the config"
)
"""Text for a proxy without a usable port. The URL may have a password."""
DIGEST = "X-Amz-Content-SHA256"
"""Header with the digest of a body; signatures take it from there."""
_UNREADABLE = object()
"""Sentinel for a body that is not JSON; None is valid JSON."""


@define(repr=False)
class ResponseCapture:
    """
    What the hooks keep of an answer while its call runs.

    Attributes:
        operation: Wire name of the operation.
        send_state: Whether the request left this process.
        outside_body: Members of the request that go into its path, query or headers.
        was_answered: Whether the service ever answered this client before.
        status: HTTP status; None before an answer came.
        body: Bytes of a success.
        headers: Headers of the answer.
        parsed: Whether botocore has read the answer.
        proxy: Host and port of the proxy that it goes through; empty for none.
        signed_with: Credentials of the request; None before it was signed.
        request_body: Body of the request; None where it has none.
        request_digest: SHA-256 of a large body, as hexadecimal digits.
    """

    operation: str
    send_state: SendState
    outside_body: frozenset[str] = frozenset()
    was_answered: bool = False
    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict[str, str])
    parsed: bool = False
    proxy: str = ""
    signed_with: object = None
    request_body: bytes | None = None
    request_digest: str = ""

    def encode_request(self, members: Mapping[str, Any]) -> None:
        """Build a large body, as botocore would, with its digest; for a thread."""
        self.request_body = "".join(encode_in_pieces(members)).encode()
        self.request_digest = hashlib.sha256(self.request_body).hexdigest()

    @property
    def is_large(self) -> bool:
        """Whether the body of the answer is large."""
        return len(self.body) >= LARGE


_capture: ContextVar[ResponseCapture | None] = ContextVar(
    "agentcore_memory_async_capture", default=None
)


def capturing(capture: ResponseCapture) -> Bound[ResponseCapture]:
    """Let the hooks fill *capture* in the block."""
    return Bound(_capture, capture)


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
    """Note the proxy that the request of this task goes through; raise where its port is none."""
    capture = _capture.get()
    if capture is None:
        return
    parts = urlsplit(url)
    port: int | None = None
    with suppress(ValueError):
        port = parts.port or _PORTS.get(parts.scheme)
    if not port:
        raise InvalidInputError(_NO_PORT)
    capture.proxy = f"{parts.hostname}:{port}"


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


async def take_members(params: dict[str, Any], **_: object) -> None:
    """
    Take the members of the body out and encode them; a hook for ``before-parameter-build``.

    It is the last of the hooks there, so that those of the caller see and change the members.
    """
    capture = _capture.get()
    if capture is None:
        return
    elsewhere = capture.outside_body
    # botocore leaves out what has no value.
    members = {
        name: value for name, value in params.items() if name not in elsewhere and value is not None
    }
    if not members:
        return
    for name in members:
        del params[name]
    weighed = capture.send_state.is_large
    if is_large(members) if weighed is None else weighed:
        await run_in_thread(capture.encode_request, members)
    else:
        capture.request_body = json.dumps(members).encode()


def place_request(params: dict[str, Any], **_: object) -> None:
    """Set the body that was encoded before in its place; a hook for botocore's ``before-call``."""
    capture = _capture.get()
    if capture is None or capture.request_body is None:
        return
    params["body"] = capture.request_body
    params["headers"].setdefault("Content-Type", "application/json")
    if capture.request_digest:
        params["headers"][DIGEST] = capture.request_digest


def capture_response(response_dict: dict[str, Any], **_: object) -> None:
    """Keep status and headers, and take the bytes of a success; a hook for ``before-parse``."""
    capture = _capture.get()
    if capture is None:
        return
    capture.status = response_dict["status_code"]
    capture.headers = response_dict["headers"]
    if 200 <= response_dict["status_code"] < 300:
        capture.body = response_dict["body"]
        response_dict["body"] = b"{}"


def note_parsed(**_: object) -> None:
    """Note that botocore has read the answer; a hook for botocore's ``response-received``."""
    capture = _capture.get()
    if capture is not None:
        capture.parsed = True


HOOKS: dict[str, Callable[..., object]] = {
    "before-call": place_request,
    "before-parse": capture_response,
    "response-received": note_parsed,
}
"""The hooks by the names of botocore's events."""


_NO_CONTENT = 204
"""HTTP status of an answer that has no body."""


def decode(operation: str, capture: ResponseCapture) -> Answer:
    """
    Return the answer of a success; anything but a JSON object is a `DecodeError`.

    An answer that has no content, by its status, is an empty object.
    """
    status = capture.status or 0
    body = b"{}" if status == _NO_CONTENT else capture.body
    if not body:
        raise DecodeError(operation, f"status {status} with an empty body")
    parsed: object = _UNREADABLE
    with suppress(ValueError, RecursionError):  # not as a cause: it would show the body
        parsed = decode_in_pieces(body) if capture.is_large else json.loads(body)
    if parsed is _UNREADABLE:
        kind = (
            "HTML" if body.lstrip().startswith(b"<") else "not JSON, cut off, or nested too deeply"
        )
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


@lru_cache(maxsize=16)  # the answers of a second have the same one
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
