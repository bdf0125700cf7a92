"""What the hooks in botocore keep of an answer, and how it is read."""

from __future__ import annotations

import json
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

import attrs

from agentcore_memory_async._transport.base import Answer, Sending
from agentcore_memory_async.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Mapping


_YEARS = range(2000, 3000)
"""A date outside of these comes from no clock, and reckoning with it could overflow."""


_UNREADABLE = object()


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
        body=cast("dict[str, Any]", parsed),
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
