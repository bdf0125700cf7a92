"""Requests that do the same once or twice: their outcome is known, or the error says it is not."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import (
    DecodeError,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
    TransportError,
)
from agentcore_memory_async._calls.settling import settle_by_answer, settle_deletion
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, SlowService, manager_on, said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from agentcore_memory_async._calls.settling import Settle
    from agentcore_memory_async._transport.base import Answer

OPERATION = "DeleteEvent"
LOST = TransportError(OPERATION, "connection lost", sent=True)
UNSENT = TransportError(OPERATION, "connection refused", sent=False)
GONE = service_error(OPERATION, "ResourceNotFoundException", "made by a test", 404)
FORBIDDEN = service_error(OPERATION, "AccessDeniedException", "made by a test", 403)
INVALID = service_error(OPERATION, "ValidationException", "made by a test", 400)
DONE = {"eventId": "1#a"}
DELETE = {"memoryId": MEMORY, "actorId": "a", "sessionId": "s", "eventId": "1#a"}
DELETED: Settle[str] = partial(settle_deletion, "gone")
START = {"memoryId": MEMORY, "extractionJob": {"jobId": "job-1"}, "clientToken": "token-1"}


def read_id(answer: Answer) -> str:
    """Return the id of the deleted event."""
    if "eventId" not in answer.body:
        raise DecodeError(OPERATION, "it has no eventId", parsed=True)
    return str(answer.body["eventId"])


async def change(
    *replies: Mapping[str, Any] | Exception,
    settle: Settle[str] = settle_by_answer,
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
            settle=settle,
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
        await change(error, most=1, settle=DELETED)


@virtual_time
async def test_an_invalid_request_was_never_done() -> None:
    """What the service calls invalid was not done by an earlier attempt either."""
    with pytest.raises(type(INVALID)):
        await change(LOST, INVALID, settle=DELETED)


@virtual_time
async def test_what_an_earlier_attempt_deleted_is_gone() -> None:
    """After a lost answer, not found means that it was deleted, for what deletes only."""
    assert await change(LOST, GONE, settle=DELETED) == "gone"
    with pytest.raises(OutcomeUnknownError) as caught:
        await change(LOST, GONE)
    assert isinstance(caught.value.__cause__, NotFoundError)


@pytest.mark.parametrize(
    ("message", "is_deleted"),
    [
        ("Memory record not found: mem-1", True),
        ("Unable to find event with id 1#a", True),
        ("No such thing", True),
        (f"Memory not found: {MEMORY}", False),
        ("The memory does not exist", False),
    ],
)
@virtual_time
async def test_a_memory_that_is_missing_tells_of_no_deletion(
    message: str, is_deleted: bool
) -> None:
    """Only what is said of the thing itself, not of its memory, settles its deletion."""
    missing = service_error(OPERATION, "ResourceNotFoundException", message, 404)
    if is_deleted:
        assert await change(LOST, missing, settle=DELETED) == "gone"
        return
    with pytest.raises(OutcomeUnknownError) as caught:
        await change(LOST, missing, settle=DELETED)
    assert isinstance(caught.value.__cause__, NotFoundError)


@pytest.mark.parametrize(
    ("operation", "params", "is_rejected"),
    [(OPERATION, DELETE, True), ("StartMemoryExtractionJob", START, False)],
)
@virtual_time
async def test_what_may_be_refused_because_it_was_done_stays_unknown(
    operation: str, params: Mapping[str, Any], is_rejected: bool
) -> None:
    """A refusal as invalid says nothing of an earlier attempt where that may be its reason."""
    with pytest.raises(type(INVALID) if is_rejected else OutcomeUnknownError) as caught:
        await change(LOST, INVALID, operation=operation, params=params)
    assert is_rejected or isinstance(caught.value.__cause__, type(INVALID))
    with pytest.raises(type(INVALID)):
        await change(UNSENT, INVALID, operation=operation, params=params)


@virtual_time
async def test_an_answer_of_the_wrong_shape_acknowledges_nothing() -> None:
    """It is asked for again; without another one the outcome is unknown, with its token."""
    assert "1#a" == await change({}, DONE)
    with pytest.raises(OutcomeUnknownError) as caught:
        await change({}, {}, most=2, operation="StartMemoryExtractionJob", params=START)
    assert ("token-1", 2) == (caught.value.client_token, caught.value.attempts)
    assert isinstance(caught.value.__cause__, DecodeError)


@virtual_time
async def test_what_is_said_fits_every_reason() -> None:
    """An answer that does not tell is no lost answer."""
    with pytest.raises(OutcomeUnknownError, match="no answer in 2 attempt") as caught:
        await change(LOST, FORBIDDEN)
    assert isinstance(caught.value.__cause__, type(FORBIDDEN))


@pytest.mark.parametrize("is_sent", [True, False])
@virtual_time
async def test_a_cancelled_change_is_logged_with_its_token(
    is_sent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A token that was made for a cancelled change is in the log, else nothing could settle it."""
    service = SlowService(takes_s=1.0)
    async with manager_on(service) as manager:
        actor = manager.actor("a")
        with anyio.move_on_after(1.5 if is_sent else 0.0):
            await actor.ingest_data([said("CANARY")])
    warned = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    logged = [text for text in warned if "IngestData" in text]
    sent = service.sent("IngestData")
    assert is_sent == bool(sent) == bool(logged)
    assert all(params["clientToken"] in text for params in sent for text in logged)
    assert "CANARY" not in caplog.text
