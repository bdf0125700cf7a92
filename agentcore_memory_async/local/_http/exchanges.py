"""What is told of a request that was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.frozen
class Call:
    """
    One request that was answered.

    Attributes:
        operation: Its wire name, or method and path of one that is none.
        status: The HTTP status; 0 where the connection was cut on purpose.
        request_id: As in the answer.
        error: The code of an error answer.
        milliseconds: How long it took.
    """

    operation: str
    status: int
    request_id: str
    error: str | None
    milliseconds: float


@attrs.frozen
class Exchange:
    """
    One request to an operation and its answer, as they were on the wire.

    Attributes:
        operation: Its wire name.
        params: The request's members, those of path and query included.
        status: The HTTP status of the answer.
        error: The code of an error answer.
        body: The answer's bytes.
        fault: What a test had asked to go wrong.
    """

    operation: str
    params: dict[str, Any]
    status: int
    error: str | None
    body: bytes
    fault: str | None


#: Told of every exchange of every service in this process; for tests.
RECORDERS: list[Callable[[Exchange], None]] = []
