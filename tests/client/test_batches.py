"""Batches of records: split, concurrent, and told of record by record; nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import (
    BatchResult,
    InvalidInputError,
    MemoryRecord,
    MemoryRecordUpdate,
    RecordOutcome,
    ServiceLimits,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.batches import (
    BATCHES,
    CANARY,
    CREATE,
    DELETE,
    NOW,
    UPDATE,
    change,
    new,
    record_id,
)
from tests.client.doubles import MEMORY, SlowService, manager_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agentcore_memory_async import AsyncMemorySessionManager


@virtual_time
async def test_a_creation_has_the_members_of_the_model() -> None:
    """Every member is sent by the service's name; templates are filled in."""
    transport = FakeTransport()
    metadata = {"topic": "x", "tags": ["a"], "n": 1}
    other = new(
        namespace="/s/{memoryStrategyId}/", memory_strategy_id="facts-1", request_identifier="row-1"
    )
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.batch_create_memory_records(
            [new(namespace="/{actorId}/{sessionId}/", metadata=metadata), other],
            expiry_days=31,
            client_token="token-1",
        )
    [created] = transport.sent(CREATE)
    first, second = created["records"]
    assert "row-1" != first.pop("requestIdentifier")
    assert {
        "namespaces": ["/a/s/"],
        "content": {"text": f"{CANARY} 0"},
        "timestamp": NOW.timestamp(),
        "metadata": {
            "topic": {"stringValue": "x"},
            "tags": {"stringListValue": ["a"]},
            "n": {"numberValue": 1},
        },
    } == first
    assert ("row-1", ["/s/facts-1/"]) == (second["requestIdentifier"], second["namespaces"])
    assert ("token-1", MEMORY) == (created["clientToken"], created["memoryId"])
    assert {"recordExpiryDurationDays": 31} == created["recordExpirySpecification"]


@virtual_time
async def test_a_change_has_the_members_of_the_model() -> None:
    """What is given is sent by the service's name, and nothing else; templates are filled in."""
    transport = FakeTransport()
    whole = change(
        1,
        content="text",
        namespace="/{actorId}/b/",
        source_namespace="/{actorId}/",
        memory_strategy_id="facts-1",
        metadata={"topic": "y"},
    )
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.batch_update_memory_records([whole, change(2)], expiry_days="REMOVE")
        await session.batch_update_memory_records([change(2)])
    changed, plain = transport.sent(UPDATE)
    assert [
        {
            "memoryRecordId": record_id(1),
            "timestamp": NOW.timestamp(),
            "content": {"text": "text"},
            "namespaces": ["/a/b/"],
            "sourceNamespaces": ["/a/"],
            "memoryStrategyId": "facts-1",
            "metadata": {"topic": {"stringValue": "y"}},
        },
        {"memoryRecordId": record_id(2), "timestamp": NOW.timestamp()},
    ] == changed["records"]
    assert {"action": "REMOVE"} == changed["recordExpirySpecification"]
    assert {"memoryId", "records"} == set(plain)


@virtual_time
async def test_a_deletion_takes_ids_and_records() -> None:
    """The namespace is that of the call, or of the record, or none."""
    transport = FakeTransport()
    record = MemoryRecord("/facts/b/", CANARY, None, NOW, record_id(2))
    async with manager_on(transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.batch_delete_memory_records([record_id(1), record])
        await session.batch_delete_memory_records([record_id(1), record], namespace="/{actorId}/")
    ids = [{"memoryRecordId": record_id(number)} for number in (1, 2)]
    assert [
        [ids[0], {**ids[1], "namespace": "/facts/b/"}],
        [{**each, "namespace": "/a/"} for each in ids],
    ] == [params["records"] for params in transport.sent(DELETE)]


@pytest.mark.parametrize("operation", BATCHES)
@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])]
)
@virtual_time
async def test_a_batch_is_split_into_requests_of_a_hundred(
    operation: str, count: int, sizes: list[int]
) -> None:
    """The outcomes are in the order of the records, however many requests there were."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        result = await BATCHES[operation](manager, count)
    assert sizes == [len(params["records"]) for params in transport.sent(operation)]
    assert list(range(count)) == [outcome.index for outcome in result]
    assert result
    assert (count, count) == (len(result), len(result.succeeded))
    assert () == result.failed == result.unknown


@virtual_time
async def test_requests_are_concurrent_within_a_bound() -> None:
    """The requests of a large batch run side by side, a few at a time."""
    service = SlowService(takes_s=1.0)
    most = 0
    unpaced = manager_on(service, limits=ServiceLimits(None, None))
    async with unpaced as manager, anyio.create_task_group() as tasks:
        began = anyio.current_time()

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, service.under_way)
                await anyio.sleep(0.1)

        tasks.start_soon(watch)
        await BATCHES[DELETE](manager, 100 * 8 * 2)
        took_s = anyio.current_time() - began
        tasks.cancel_scope.cancel()
    assert 8 == most
    assert took_s == pytest.approx(4.0, abs=0.2)


@virtual_time
async def test_a_repeated_call_is_the_same_requests() -> None:
    """Tokens and identifiers come from the token of the call, and no two parts share one."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        for token in ("token-1", "token-1", "token-2", None):
            result = await BATCHES[CREATE](manager, 201, client_token=token)
            assert token in {result.client_token, None}
        alone = await BATCHES[CREATE](manager, 1)
    calls = [transport.sent(CREATE)[start : start + 3] for start in (0, 3, 6, 9)]
    assert calls[0] == calls[1]
    tokens = {params["clientToken"] for call in calls for params in call}
    assert 9 == len(tokens)
    identifiers = {
        record["requestIdentifier"]
        for call in calls
        for params in call
        for record in params["records"]
    }
    assert 603 == len(identifiers)
    assert alone.client_token == transport.sent(CREATE)[-1]["clientToken"]


@virtual_time
async def test_a_cancelled_batch_leaves_nothing_in_flight() -> None:
    """Cancelling stops all requests; calling again with the token is the same call."""
    service = SlowService(takes_s=1.0)
    async with manager_on(service) as manager:
        with anyio.move_on_after(0.5):
            await BATCHES[CREATE](manager, 1000, client_token="token-1")
        assert 0 == service.under_way
        sent = {params["clientToken"]: params for params in service.sent(CREATE)}
        service.takes_s = 0.0
        await BATCHES[CREATE](manager, 1000, client_token="token-1")
        again = {params["clientToken"]: params for params in service.sent(CREATE)}
    assert 10 == len(again)
    assert sent.items() <= again.items()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda m: m.batch_create_memory_records([new(request_identifier="a")] * 2),
            r"\[1\] has the same",
        ),
        (lambda m: m.batch_update_memory_records([change(1)] * 2), "same memory_record_id"),
        (lambda m: m.batch_delete_memory_records([record_id(1)] * 2), "same memory_record_id"),
    ],
)
async def test_a_record_is_given_once(
    call: Callable[[AsyncMemorySessionManager], Awaitable[object]], text: str
) -> None:
    """Two entries with one name could not be told apart, so that nothing is sent."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        with pytest.raises(InvalidInputError, match=text):
            await call(manager)
    assert [] == transport.requests


# The local service.


async def test_batches_of_the_local_service() -> None:
    """Over its HTTP: 250 records are created, changed, moved and deleted, some in vain."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        made = await manager.batch_create_memory_records(
            (new(number) for number in range(250)), client_token="token-1", expiry_days=31
        )
        again = await manager.batch_create_memory_records(
            (new(number) for number in range(250)), client_token="token-1", expiry_days=31
        )
        assert made == again
        ids = [outcome.memory_record_id for outcome in made.succeeded]
        assert (250, 250) == (len(ids), len(await manager.list_long_term_memory_records("/facts/")))
        changed = await manager.batch_update_memory_records(
            [
                MemoryRecordUpdate(memory_record_id=each, timestamp=NOW, namespace="/facts/b/")
                for each in (*ids[:200], record_id(1))
            ],
            expiry_days="REMOVE",
        )
        assert [200] == [outcome.index for outcome in changed.failed]
        assert 404 == changed.failed[0].code
        moved = await manager.list_long_term_memory_records("/facts/b/")
        assert {*ids[:200]} == {record.memory_record_id for record in moved}
        assert (await manager.get_memory_record(ids[0])).expires_at is None
        assert (await manager.get_memory_record(ids[-1])).expires_at is not None
        deleted = await manager.batch_delete_memory_records([*moved, *ids[200:], record_id(2)])
        assert ([250], 250) == ([each.index for each in deleted.failed], len(deleted.succeeded))
        assert [] == await manager.list_long_term_memory_records("/")


async def test_a_record_that_the_local_service_refuses_fails_alone() -> None:
    """A strategy that does not exist fails its record, and the others are created."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        result = await manager.batch_create_memory_records(
            [new(0), new(1, memory_strategy_id="absent"), new(2)]
        )
        assert [1] == [outcome.index for outcome in result.failed]
        assert (404, "") == (result.failed[0].code, result.failed[0].memory_record_id)
        assert "strategy" in result.failed[0].message
        assert 2 == len(await manager.list_long_term_memory_records("/facts/"))


def test_a_result_counts_and_shows_no_content() -> None:
    """A result is true without failures, also when it is empty; its reprs show no reasons."""
    done = RecordOutcome(0, "SUCCEEDED", record_id(1))
    failed = RecordOutcome(1, "FAILED", code=400, message=CANARY)
    assert [True, True, False, False] == [
        bool(BatchResult(outcomes))
        for outcomes in ((), (done,), (done, failed), (RecordOutcome(0, "UNKNOWN"),))
    ]
    assert CANARY not in repr(BatchResult((failed,)))
    assert CANARY in str(BatchResult((failed,)).to_dict())
