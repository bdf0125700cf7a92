"""Requests that do the same once or twice: their outcome is known, or the error says it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async import (
    DecodeError,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
    TransportError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from agentcore_memory_async._transport.base import Answer

OPERATION = "DeleteEvent"
LOST = TransportError(OPERATION, "connection lost", sent=True)
UNSENT = TransportError(OPERATION, "connection refused", sent=False)
GONE = service_error(OPERATION, "ResourceNotFoundException", "made by a test", 404)
FORBIDDEN = service_error(OPERATION, "AccessDeniedException", "made by a test", 403)
INVALID = service_error(OPERATION, "ValidationException", "made by a test", 400)
DONE = {"eventId": "1#a"}
DELETE = {"memoryId": MEMORY, "actorId": "a", "sessionId": "s", "eventId": "1#a"}
START = {"memoryId": MEMORY, "extractionJob": {"jobId": "job-1"}, "clientToken": "token-1"}


def read_id(answer: Answer) -> str:
    """Return the id of the deleted event."""
    if "eventId" not in answer.body:
        raise DecodeError(OPERATION, "it has no eventId", parsed=True)
    return str(answer.body["eventId"])


async def change(
    *replies: Mapping[str, Any] | Exception,
    gone: Callable[[], str] | None = None,
    most: int | None = None,
    operation: str = OPERATION,
    params: Mapping[str, Any] = DELETE,
) -> str:
    """Send one change that gets *replies*."""
    transport = FakeTransport()
    transport.reply(operation, *replies)
    async with manager_on(transport) as manager:
        return await manager._core.retrier.change(
            operation,
            params,
            read_id,
            RetryPolicy(max_attempts=most),
            gone=gone,
        )


@pytest.mark.parametrize("replies", [(), (LOST,), (UNSENT, LOST)])
@virtual_time
async def test_an_answer_settles_it(replies: tuple[Exception, ...]) -> None:
    """A change is sent until an answer about it is read."""
    assert await change(*replies, DONE) == "1#a"


@pytest.mark.parametrize(
    ("operation", "params", "token"),
    [(OPERATION, DELETE, None), ("StartMemoryExtractionJob", START, "token-1")],
)
@virtual_time
async def test_a_lost_answer_leaves_the_outcome_unknown(
    operation: str, params: Mapping[str, Any], token: str | None
) -> None:
    """Without any answer the error says so, and has the request and its token."""
    with pytest.raises(OutcomeUnknownError) as caught:
        await change(LOST, UNSENT, most=2, operation=operation, params=params)
    error = caught.value
    found = error.operation, error.client_token, error.attempts, error.request
    assert (operation, token, 2, params) == found
    assert "does nothing twice" in str(error)


@pytest.mark.parametrize("error", [UNSENT, FORBIDDEN, INVALID, GONE])
@virtual_time
async def test_what_was_not_done_keeps_its_error(error: Exception) -> None:
    """An error before anything was done stays what it is."""
    with pytest.raises(type(error)):
        await change(error, most=1, gone=lambda: "gone")


@virtual_time
async def test_an_invalid_request_was_never_done() -> None:
    """What the service calls invalid was not done by an earlier attempt either."""
    with pytest.raises(type(INVALID)):
        await change(LOST, INVALID, gone=lambda: "gone")


@virtual_time
async def test_what_an_earlier_attempt_deleted_is_gone() -> None:
    """After a lost answer, not found means that it was deleted, for what deletes only."""
    assert await change(LOST, GONE, gone=lambda: "gone") == "gone"
    with pytest.raises(OutcomeUnknownError) as caught:
        await change(LOST, GONE)
    assert isinstance(caught.value.__cause__, NotFoundError)


@virtual_time
async def test_an_answer_of_the_wrong_shape_is_not_asked_for_again() -> None:
    """The service had the request, so its wrong answer is raised after one attempt."""
    with pytest.raises(DecodeError):
        await change({}, DONE)
