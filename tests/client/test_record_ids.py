"""One record, read or deleted by its id."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_memory_async import (
    AnswerMismatchError,
    DecodeError,
    InvalidInputError,
    NewMemoryRecord,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
    TransportError,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import EPOCH_S, virtual_time
from tests.client.batches import NOW
from tests.client.doubles import MEMORY, manager_on, wire_record
from tests.client.model_answers import answer, members_of, without

GET, DELETE = "GetMemoryRecord", "DeleteMemoryRecord"
RECORD_ID = f"mem-{1:036d}"
OTHER_ID = f"mem-{2:036d}"
LEFT_OUT = {"memoryStrategyId"}
"""Members that the model requires, and a record may do without."""
ONCE = RetryPolicy(max_attempts=1)


def lost(operation: str) -> TransportError:
    """Return a lost answer."""
    return TransportError(operation, "connection lost", sent=True)


@virtual_time
async def test_a_record_is_read_whole() -> None:
    """A record has what only this operation shows, and unknown members are kept."""
    metadata = {"topic": {"stringValue": "billing"}, "n": {"numberValue": 1.5}}
    members: dict[str, Any] = {
        "expiresAt": EPOCH_S + 100,
        "timestamp": EPOCH_S,
        "metadata": metadata,
        "new": 1,
    }
    transport = FakeTransport()
    transport.reply(GET, *[{"memoryRecord": wire_record(1, **members)}] * 2)
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        record = await session.get_memory_record(RECORD_ID, namespace="/facts/{actorId}/")
        assert record == await manager.get_memory_record(RECORD_ID)
    assert ("fact 1", {"topic": "billing", "n": 1.5}) == (record.content, dict(record.metadata))
    assert record.expires_at is not None
    assert record.timestamp is not None
    assert 100 == (record.expires_at - record.timestamp).total_seconds()
    assert {"new": 1} == record.extra
    assert record.score is None
    scoped, plain = transport.sent(GET)
    assert {"memoryId": MEMORY, "memoryRecordId": RECORD_ID, "namespace": "/facts/a/"} == scoped
    assert {"memoryId": MEMORY, "memoryRecordId": RECORD_ID} == plain


@pytest.mark.parametrize("null", [False, True], ids=["out", "null"])
@pytest.mark.parametrize(("path", "required"), members_of(GET), ids=str)
@virtual_time
async def test_members_of_a_record_may_be_missing(
    path: tuple[str | int, ...], required: bool, null: bool
) -> None:
    """An optional member may be absent or null; a required one that is missing is named."""
    body = answer(GET)
    body["memoryRecord"]["memoryRecordId"] = RECORD_ID
    transport = FakeTransport()
    transport.reply(GET, without(body, path, null=null))
    async with manager_on(transport) as manager:
        if required and path[-1] not in LEFT_OUT:
            with pytest.raises(DecodeError, match=f"its {path[-1]} is|has no record"):
                await manager.get_memory_record(RECORD_ID)
        else:
            record = await manager.get_memory_record(RECORD_ID)
            assert "None" not in {record.content, record.namespace, record.memory_record_id}


@virtual_time
async def test_another_record_never_reaches_the_caller() -> None:
    """An answer with another id is asked for again, and is never shown or taken as done."""
    transport = FakeTransport()
    theirs, mine = ({"memoryRecord": wire_record(number)} for number in (2, 1))
    transport.reply(GET, theirs, mine, theirs)
    transport.reply(DELETE, {"memoryRecordId": OTHER_ID}, {"memoryRecordId": RECORD_ID})
    async with manager_on(transport) as manager:
        assert RECORD_ID == (await manager.get_memory_record(RECORD_ID)).memory_record_id
        with pytest.raises(AnswerMismatchError) as caught:
            await manager.with_options(retry=ONCE).get_memory_record(RECORD_ID)
        assert "fact 2" not in repr(vars(caught.value))
        assert RECORD_ID == await manager.delete_memory_record(RECORD_ID)
    assert 2 == len(transport.sent(DELETE))


@virtual_time
async def test_a_deletion_is_settled() -> None:
    """It is sent until it is known; after a lost answer, not found means deleted."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        assert RECORD_ID == await session.delete_memory_record(RECORD_ID, namespace="/{actorId}/")
        assert {"memoryId": MEMORY, "memoryRecordId": RECORD_ID, "namespace": "/a/"} == (
            transport.sent(DELETE)[0]
        )
        transport.reply(DELETE, lost(DELETE))
        transport.fail(DELETE, "ResourceNotFoundException", status=404, times=2)
        assert RECORD_ID == await session.delete_memory_record(RECORD_ID)
        with pytest.raises(NotFoundError):
            await session.delete_memory_record(RECORD_ID)
        transport.reply(DELETE, lost(DELETE))
        with pytest.raises(OutcomeUnknownError, match="does nothing twice"):
            await session.with_options(retry=ONCE).delete_memory_record(RECORD_ID)
        transport.reply(DELETE, {})
        with pytest.raises(OutcomeUnknownError) as caught:
            await session.with_options(retry=ONCE).delete_memory_record(RECORD_ID)
        assert "memoryRecordId is missing" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("record_id", "is_id"),
    [
        ("mem-" + "a" * 36, True),
        ("mem-" + "_-" * 23, True),
        ("mem-" + "a" * 35, False),
        ("mem-" + "a" * 47, False),
        ("rec-" + "a" * 36, False),
        ("mem-" + "a" * 35 + "/", False),
        ("mem-" + "a" * 35 + "\n", False),
        (5, False),
    ],
    ids=str,
)
async def test_ids_are_those_of_the_model(record_id: Any, is_id: bool) -> None:
    """A record id has 40 to 50 characters of the model's, or nothing is sent."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        if is_id:
            assert record_id == await manager.delete_memory_record(record_id)
            return
        for call in (manager.get_memory_record, manager.delete_memory_record):
            with pytest.raises(InvalidInputError, match="memory_record_id"):
                await call(record_id)
    assert [] == transport.requests


async def test_records_of_the_local_service_are_read_and_deleted() -> None:
    """Over its HTTP: a record with an expiry is read by its id, deleted once, and then gone."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        new = NewMemoryRecord(namespace="/facts/a/", content="A fact.", timestamp=NOW)
        [made] = await manager.batch_create_memory_records([new], expiry_days=31)
        record = await manager.get_memory_record(made.memory_record_id, namespace="/facts/a/")
        assert ("A fact.", "/facts/a/", NOW) == (record.content, record.namespace, record.timestamp)
        assert record.expires_at is not None
        assert 31 == (record.expires_at - record.created_at).days
        listed = await manager.list_long_term_memory_records("/facts/a/")
        assert [None] == [each.expires_at for each in listed]
        assert made.memory_record_id == await manager.delete_memory_record(made.memory_record_id)
        for call in (manager.get_memory_record, manager.delete_memory_record):
            with pytest.raises(NotFoundError):
                await call(made.memory_record_id)
