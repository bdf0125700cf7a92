"""The seam to the network: one operation and its JSON members in, the JSON of the answer out."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from attrs import frozen

from agentcore_memory_async._wire.weight import LARGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from agentcore_memory_async._collector import RestingCollector

T = TypeVar("T")

_USER_INFO = re.compile(r"(?<=//)[^/?#\s]*@")
"""User name and password of a URL, with the ``@`` after them."""


@frozen(repr=False)
class Answer:
    """
    A success of the service.

    Attributes:
        body: JSON object of the answer, as the service wrote it.
        status: HTTP status, 200 to 299.
        date: The service's clock when it answered (the ``Date`` header), in UTC.
        request_id: Request id, which AWS support asks for.
        size: Length of the body in bytes.
        extraction_delay_s: Time from an event to its records, in seconds, as the local service
            tells it; None for the service of AWS, which does not.
    """

    body: dict[str, Any]
    status: int = 200
    date: datetime | None = None
    request_id: str | None = None
    size: int | None = None
    extraction_delay_s: float | None = None

    @property
    def is_large(self) -> bool:
        """Whether it is checked and read in a thread, since that would hold the event loop."""
        return self.size is not None and self.size >= LARGE

    def __repr__(self) -> str:
        size = "" if self.size is None else f", {self.size} bytes"
        return f"Answer(status={self.status}, request_id={self.request_id!r}{size})"


class Transport(Protocol):
    """
    Sends one operation, once.

    *operation* is the wire name, such as ``CreateEvent``. *params* are its members by the service's
    names, timestamps as epoch seconds with at most three decimals.

    Raises:
        ServiceError: The service answered with an error; a subclass says which.
        TransportError: No answer came; `TransportTimeoutError` if none came in time.
        DecodeError: A success without a JSON object: nothing is acknowledged by it.
    """

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Send *operation* and return its answer."""
        ...


def _nothing_to_drop() -> None:
    """Do nothing: the transport keeps no connections."""


class SendState:
    """
    What a transport notes of one request, for whoever has to judge a call that was cut short.

    A transport that cannot tell leaves it as it is.

    Args:
        timeout_s: Longest duration of the attempt; None where it is not known.
        is_large: Whether the request is large; None where nobody has weighed it.
        collector: What rests while the answer is read; its giver lets it resume.

    Attributes:
        sent: Whether the request left this process.
        is_kept: Whether it went on a connection that had answered before. What is lost there says
            nothing of the service.
        times_sent: How often it went out: aiohttp itself sends some requests again.
        drop_connections: Lets no later request use a connection that is open by now.
    """

    def __init__(
        self,
        timeout_s: float | None = None,
        *,
        is_large: bool | None = None,
        collector: RestingCollector | None = None,
    ) -> None:
        self.timeout_s = timeout_s
        self.is_large = is_large
        self.collector = collector
        self.sent = True
        self.is_kept = False
        self.times_sent = 0
        self.drop_connections: Callable[[], None] = _nothing_to_drop


_send_state: ContextVar[SendState | None] = ContextVar(
    "agentcore_memory_async_send_state", default=None
)


class Bound(Generic[T]):
    """
    Sets a context variable in a block, several times a call: a generator would take twice as long.

    Args:
        variable: Context variable.
        value: Its value in the block.
    """

    __slots__ = ("_token", "_value", "_variable")

    def __init__(self, variable: ContextVar[T | None], value: T) -> None:
        self._variable = variable
        self._value = value

    def __enter__(self) -> None:
        self._token = self._variable.set(self._value)

    def __exit__(self, *_: object) -> None:
        self._variable.reset(self._token)


def track_send_state(state: SendState) -> Bound[SendState]:
    """Make *state* the one in which a transport notes whether its request left this process."""
    return Bound(_send_state, state)


def current_send_state() -> SendState:
    """Return the state of the call that this task is making."""
    return _send_state.get() or SendState()


def without_user(url: str) -> str:
    """Return a text without the user names and passwords of its URLs."""
    return _USER_INFO.sub("", url)
