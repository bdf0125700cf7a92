"""Any operation of the model, by its wire name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    AnswerMismatchError,
    ClosedError,
    DecodeError,
    InvalidInputError,
    MemorySessionManager,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
    TransportError,
)
from agentcore_memory_async._wire.service_model import OPERATIONS
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.local import Behavior, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY, manager_on, wire_event
from tests.client.model_answers import answer

ARN = f"arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/{MEMORY}"
MESSAGE = {"conversational": {"role": "USER", "content": {"text": "hi"}}}
WRITE = {"actorId": "a", "sessionId": "s", "eventTimestamp": 1.0005, "payload": [MESSAGE]}
EVENT = {"actorId": "a", "sessionId": "s", "eventId": "1#a1"}
RECORD = {"memoryRecordId": "mem-" + "0" * 36}
RECORDS: dict[str, Any] = {"records": []}
REQUESTS: dict[str, dict[str, Any]] = {
    "BatchCreateMemoryRecords": RECORDS,
    "BatchDeleteMemoryRecords": RECORDS,
    "BatchUpdateMemoryRecords": RECORDS,
    "CreateEvent": WRITE,
    "DeleteEvent": EVENT,
    "DeleteMemoryRecord": RECORD,
    "GetEvent": EVENT,
    "GetMemoryRecord": RECORD,
    "IngestData": {
        "actorId": "a",
        "contentTimestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "source": {"inline": {"payload": [MESSAGE]}},
    },
    "ListActors": {},
    "ListEvents": {"actorId": "a", "sessionId": "s"},
    "ListMemoryExtractionJobs": {"filter": {"status": "FAILED"}},
    "ListMemoryRecords": {"namespacePath": "/facts/a/"},
    "ListSessions": {"actorId": "a", "filter": {"eventFilter": "HAS_EVENTS"}},
    "RetrieveMemoryRecords": {"namespace": "/facts/a/", "searchCriteria": {"searchQuery": "q"}},
    "StartMemoryExtractionJob": {"extractionJob": {"jobId": "job-1"}},
}
"""The least that each operation takes, and a little more."""
WITH_TOKEN = {
    "BatchCreateMemoryRecords",
    "CreateEvent",
    "IngestData",
    "StartMemoryExtractionJob",
}
READS = {name for name in OPERATIONS if name.startswith(("Get", "List", "Retrieve"))}


def answering(operation: str) -> dict[str, Any]:
    """Return an answer to the request of `REQUESTS`."""
    body = answer(operation)
    if operation == "CreateEvent":
        body["event"] |= {**WRITE, "eventTimestamp": 1.0}
    if "event" in body:
        body["event"]["eventId"] = "1#a1"
    if "memoryRecord" in body:
        body["memoryRecord"] |= RECORD
    if operation.startswith("Batch"):
        body |= {"successfulRecords": [], "failedRecords": []}
    for member in ("eventId", "memoryRecordId"):
        if member in body:
            body[member] = REQUESTS[operation][member]
    return body


@pytest.mark.parametrize("operation", OPERATIONS)
@virtual_time
async def test_every_operation_is_sent(operation: str) -> None:
    """Every operation is sent with the memory, and one token where it takes one."""
    transport = FakeTransport()
    body = answering(operation)
    lost = TransportError(operation, "connection lost", sent=True)
    transport.reply(operation, lost, body)
    async with manager_on(transport) as manager:
        assert body == await manager.call(operation, REQUESTS[operation])
    first, second = transport.sent(operation)
    assert first == second
    assert MEMORY == first["memoryId"]
    assert (operation in WITH_TOKEN) == ("clientToken" in first)
    assert "1767225600.0" == str(first.get("contentTimestamp", 1_767_225_600.0))


@pytest.mark.parametrize("operation", OPERATIONS)
@virtual_time
async def test_reads_fail_and_writes_are_unknown(operation: str) -> None:
    """Without any answer a read raises what it lost, and a write that its outcome is unknown."""
    transport = FakeTransport()
    transport.reply(operation, TransportError(operation, "connection lost", sent=True))
    async with manager_on(transport, retry=RetryPolicy(max_attempts=1)) as manager:
        with pytest.raises((TransportError, OutcomeUnknownError)) as caught:
            await manager.call(operation, REQUESTS[operation])
    assert (operation in READS) == isinstance(caught.value, TransportError)


@pytest.mark.parametrize("operation", OPERATIONS)
@virtual_time
async def test_an_answer_lacks_nothing_that_is_promised(operation: str) -> None:
    """An answer without what its operation promises is none, and leaves a change unknown."""
    transport = FakeTransport()
    transport.reply(operation, {})
    async with manager_on(transport, retry=RetryPolicy(max_attempts=1)) as manager:
        with pytest.raises((DecodeError, OutcomeUnknownError)) as caught:
            await manager.call(operation, REQUESTS[operation])
    assert (operation in READS) == isinstance(caught.value, DecodeError)


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name.startswith("Batch")])
@virtual_time
async def test_a_list_of_a_batch_may_be_missing(operation: str) -> None:
    """One of the two lists tells, as it does for the methods."""
    bodies: list[dict[str, Any]] = [
        {"successfulRecords": []},
        {"failedRecords": [], "successfulRecords": None},
    ]
    for body in bodies:
        transport = FakeTransport()
        transport.reply(operation, body)
        async with manager_on(transport) as manager:
            assert body == await manager.call(operation, REQUESTS[operation])
        assert 1 == len(transport.sent(operation))


@virtual_time
async def test_an_event_in_doubt_is_settled_by_its_session() -> None:
    """An event that `call` may have written is settled as that of ``add_turns``, by its session."""
    transport = FakeTransport()
    transport.reply("CreateEvent", {"event": {"eventId": None}})
    async with manager_on(transport, retry=RetryPolicy(max_attempts=1)) as manager:
        with pytest.raises(OutcomeUnknownError) as caught:
            await manager.call("CreateEvent", WRITE)
        session = await manager.create_memory_session("a", "s", verify=False)
        event = await session.resolve(caught.value)
    first, second = transport.sent("CreateEvent")
    assert first == second
    assert ("hi", 1) == (event.messages[0].text, event.timestamp.second)


@virtual_time
async def test_a_request_is_a_copy() -> None:
    """What the caller does to its own data later, or between attempts, is not sent."""
    payload: list[Any] = [{"json": {"content": {"k": [1]}}}]
    given = {**WRITE, "payload": payload, "clientToken": "t", "memoryId": ARN}

    def lose(_: Any) -> dict[str, Any]:
        payload[0]["json"]["content"]["k"].append(2)
        given["sessionId"] = "other"
        raise TransportError("CreateEvent", "connection lost", sent=True)

    transport = FakeTransport()
    transport.reply("CreateEvent", lose)
    async with manager_on(transport) as manager:
        await manager.call("CreateEvent", given)
    first, second = transport.sent("CreateEvent")
    assert first == second
    assert ([{"json": {"content": {"k": [1]}}}], "s", "t", MEMORY) == (
        second["payload"],
        second["sessionId"],
        second["clientToken"],
        second["memoryId"],
    )


@virtual_time
async def test_an_answer_to_another_request_is_never_shown() -> None:
    """What an answer repeats is held against the request."""
    transport = FakeTransport()
    transport.reply("GetEvent", {"event": wire_event(1, "theirs", eventId="2#b")})
    async with manager_on(transport, retry=RetryPolicy(max_attempts=1)) as manager:
        with pytest.raises(AnswerMismatchError) as caught:
            await manager.call("GetEvent", EVENT)
    assert "theirs" not in repr(vars(caught.value))


@virtual_time
async def test_errors_of_the_service_are_typed_and_show_no_content() -> None:
    """An error of the service is of its class, without what it repeats of the request."""
    said = "a secret that nobody reads in a log"
    item = {"conversational": {"role": "USER", "content": {"text": said}}}
    transport = FakeTransport()
    denied = service_error("CreateEvent", "AccessDeniedException", f"no: {said}", 403)
    transport.reply("CreateEvent", denied)
    async with manager_on(transport) as manager:
        with pytest.raises(AccessDeniedError) as caught:
            await manager.call("CreateEvent", {**WRITE, "payload": [item]})
    assert said not in str(caught.value)


@virtual_time
async def test_what_was_deleted_by_a_lost_attempt_is_deleted() -> None:
    """Not found after a lost answer is answered as the deletion is."""
    for operation in ("DeleteEvent", "DeleteMemoryRecord"):
        transport = FakeTransport()
        lost = TransportError(operation, "connection lost", sent=True)
        gone = service_error(operation, "ResourceNotFoundException", "made by a test", 404)
        transport.reply(operation, lost, gone)
        async with manager_on(transport) as manager:
            found = await manager.call(operation, REQUESTS[operation])
        assert answering(operation) == found


@virtual_time
async def test_a_path_in_an_actor_id_needs_the_option() -> None:
    """An actor id with ``/`` is refused here too, unless the manager takes such ids."""
    params = {"actorId": "a/b"}
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        with pytest.raises(InvalidInputError, match="'/'"):
            await manager.call("ListSessions", params)
    async with manager_on(transport, allow_hierarchical_actor_ids=True) as manager:
        assert {"sessionSummaries": []} == await manager.call("ListSessions", params)
    with pytest.raises(ClosedError):
        await manager.call("ListActors", {})


async def test_the_service_answers_as_it_does() -> None:
    """The local service performs what is called, and its answers come as they are."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        stamped = {**WRITE, "eventTimestamp": datetime(2026, 1, 1, tzinfo=UTC)}
        event = (await manager.call("CreateEvent", stamped))["event"]
        ids = {name: event[name] for name in ("actorId", "sessionId", "eventId")}
        assert (1_767_225_600.0, [MESSAGE]) == (event["eventTimestamp"], event["payload"])
        assert {"event": event} == await manager.call("GetEvent", ids)
        page = await manager.call("ListActors", {"maxResults": 1})
        assert [{"actorId": "a"}] == page["actorSummaries"]
        assert {"eventId": event["eventId"]} == await manager.call("DeleteEvent", ids)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_service_takes_every_operation(operation: str) -> None:
    """Every operation goes over the network; what names a thing by its id does not find it."""
    names_a_thing = operation in {"DeleteEvent", "DeleteMemoryRecord", "StartMemoryExtractionJob"}
    names_a_thing |= operation.startswith("Get")
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        if names_a_thing:
            with pytest.raises(NotFoundError):
                await manager.call(operation, REQUESTS[operation])
        else:
            assert await manager.call(operation, REQUESTS[operation])
        assert [operation] == [each.operation for each in service.calls()]


async def test_a_blob_may_come_back_in_another_notation() -> None:
    """An object in a blob, which the service shows as text, acknowledges its write."""
    behavior = Behavior(java_blob_strings=True)
    async with (
        LocalMemoryService(strict=False, behavior=behavior) as service,
        service.manager(MEMORY) as manager,
    ):
        written = {**WRITE, "payload": [{"blob": {"k": "v"}}]}
        answered = await manager.call("CreateEvent", written)
    assert [{"blob": "{k=v}"}] == answered["event"]["payload"]


def test_the_facade_calls_too() -> None:
    """The blocking manager calls without ``await``."""
    with MemorySessionManager(MEMORY, transport=FakeTransport()) as manager:
        assert {"actorSummaries": []} == manager.call("ListActors", {})
