"""How a web app answers an error of this package: pure, the same for all frameworks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agentcore_memory_async._mistakes import NamespacesUnknownError
from agentcore_memory_async.errors import (
    ClosedError,
    ConflictError,
    DecodeError,
    ExtractionTimeoutError,
    InvalidInputError,
    MemoryTimeoutError,
    OutcomeUnknownError,
    ServiceError,
    ServiceUnavailableError,
    ThrottledError,
    TransportError,
    UnsentError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_IN_DOUBT = (OutcomeUnknownError, UnsentError)
"""Errors of writes of which some may have been stored."""
_UNAVAILABLE = (
    ClosedError,
    ConflictError,
    DecodeError,
    ExtractionTimeoutError,
    MemoryTimeoutError,
    ServiceUnavailableError,
    TransportError,
)
"""Errors that pass by themselves, so that the same request may succeed later."""
ANSWERED: tuple[type[Exception], ...] = (
    InvalidInputError,
    ThrottledError,
    *_IN_DOUBT,
    *_UNAVAILABLE,
)
"""
Errors that have an answer. The others, such as a missing permission, are for whoever runs the app:
a framework answers them with 500, without their text, and logs them.
"""
_RETRY_AFTER_S = 1.0
"""When to try again after throttling, where the service named no time, in seconds."""
_MOST_S = 3600.0
"""Longest time after which a client is told to try again, in seconds."""
_DATA_PLANE = "bedrock-agentcore."
"""Mark of an endpoint of AWS that knows no memories, only what is in them."""


@frozen
class Answer:
    """
    The answer to a request that failed.

    Attributes:
        status: HTTP status.
        text: What to tell the client, as ``{"detail": text}``: no content, and no other user's.
        headers: Headers, such as ``Retry-After``.
    """

    status: int
    text: str
    headers: Mapping[str, str] = field(factory=dict[str, str])


def answer_to(error: Exception) -> Answer:
    """Return the answer to one of the errors `ANSWERED`."""
    if isinstance(error, NamespacesUnknownError):
        return Answer(500, "the memory is not set up for this; the log says what is missing")
    if isinstance(error, InvalidInputError):
        return Answer(422, str(error))
    headers = _retry_after(error)
    if isinstance(error, ThrottledError):
        return Answer(429, "the memory has too many requests; try again later", headers)
    if isinstance(error, _IN_DOUBT):
        return Answer(503, "the memory did not answer; this may or may not have been stored")
    return Answer(503, "the memory is not available; try again later", headers)


def _retry_after(error: Exception) -> dict[str, str]:
    """Return the header that says when to try again, in whole seconds; none where unknown."""
    asked = error.retry_after_s if isinstance(error, ServiceError) else None
    if asked is None and isinstance(error, ThrottledError):
        asked = _RETRY_AFTER_S
    return {} if asked is None else {"Retry-After": str(max(1, math.ceil(min(asked, _MOST_S))))}


def control_options(region_name: str | None, options: Mapping[str, Any]) -> dict[str, Any] | None:
    """
    Return the arguments of a control plane's client that reads the memory's namespaces.

    Args:
        region_name: AWS region of the manager.
        options: Further arguments of the manager.

    Returns:
        None where nothing is to be read: they are declared, or nothing goes over a network.
    """
    if options.get("namespaces") is not None or options.get("transport") is not None:
        return None
    shared = {name: options.get(name) for name in ("aws_session", "config", "endpoint_url")}
    if _DATA_PLANE in (shared["endpoint_url"] or ""):
        shared["endpoint_url"] = None
    return {"region_name": region_name, **shared}
