"""Records of the requests that were answered."""

from __future__ import annotations

from typing import Any

from attrs import frozen


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
    """

    operation: str
    status: int
    request_id: str
    error: str | None
    milliseconds: float


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
