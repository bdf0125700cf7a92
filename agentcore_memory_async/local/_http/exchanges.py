"""Records of the requests that were answered."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACCESS = logging.getLogger("agentcore_memory_async.local.access")

_CALLS_KEPT = 10_000
"""Number of recorded requests that are kept, the latest."""
_IDS = ("memoryId", "actorId", "sessionId", "eventId", "memoryRecordId", "memoryStrategyId")
"""Members of requests that are ids."""


def ids_of(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids that a request names; what it calls an id may be anything."""
    return {name: params[name] for name in _IDS if isinstance(params.get(name), str)}


@frozen
class RecordedRequest:
    """
    One request that was answered.

    Attributes:
        operation: Wire name of the operation; method and path where it is none.
        status: HTTP status of the answer; 0 where the connection was dropped on purpose.
        request_id: Request id of the answer.
        error: Code of an error answer; None for a success.
        milliseconds: Time that it took.
        ids: Ids that the request names, by their members, such as ``actorId``.
    """

    operation: str
    status: int
    request_id: str
    error: str | None
    milliseconds: float
    ids: dict[str, str] = field(factory=dict[str, str])


class CallLog:
    """The requests that were answered, the latest of them."""

    def __init__(self) -> None:
        self._calls: deque[RecordedRequest] = deque(maxlen=_CALLS_KEPT)

    def add(self, call: RecordedRequest) -> None:
        """Add a request, and log it; handlers find it as ``record.call``."""
        self._calls.append(call)
        note = f"{call.error} " if call.error else ""
        line = ("%-24s %s %s%.1f ms", call.operation, call.status, note, call.milliseconds)
        _ACCESS.info(*line, extra={"call": call})

    def of(self, operation: str | None) -> list[RecordedRequest]:
        """Return the requests for one operation, or all, oldest first."""
        return [call for call in self._calls if operation in {None, call.operation}]

    def clear(self) -> None:
        """Forget them."""
        self._calls.clear()


@frozen
class RecordedExchange:
    """
    One request to an operation and its answer, as they were on the wire.

    Attributes:
        operation: Wire name of the operation.
        params: Members of the request, those of path and query included; those of the path
            only, where the rest was not read.
        status: HTTP status of the answer.
        error: Code of an error answer; None for a success.
        body: Bytes of the answer.
        fault: Kind of the fault that was injected; None for an answer without one.
    """

    operation: str
    params: dict[str, Any]
    status: int
    error: str | None
    body: bytes
    fault: str | None
