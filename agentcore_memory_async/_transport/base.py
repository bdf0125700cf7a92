"""The seam to the network: one operation out, the JSON of its answer back."""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

import attrs

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import datetime

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


def without_user(url: str) -> str:
    """Leave user name and password out of the URLs in a text."""
    return _USER_INFO.sub("", url)
