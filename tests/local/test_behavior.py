"""Behavior and Lags: other behavior of the service, late answers, quotas."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local import Behavior, Lags, LocalMemoryService, RecordedExchange
from tests.local.local_client import START

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client


async def test_branches_can_be_strict(serve: Callable[..., Any]) -> None:
    """With strict_branches each event of a branch must name its root; otherwise only the first."""
    for strict, status in ((True, 400), (False, 201)):
        async with serve(behavior=Behavior(strict_branches=strict)) as client:
            root = await client.event_id()
            await client.create(at=START + 1, branch={"name": "b", "rootEventId": root})
            more = await client.create(at=START + 2, branch={"name": "b"})
            assert more.status == status


async def test_another_root_can_be_accepted(serve: Callable[..., Any]) -> None:
    """With branch_conflict="accept" an event may name another root; the branch keeps its own."""
    cases = ((Behavior(), 400), (Behavior(branch_conflict="accept"), 201))
    for behavior, status in cases:
        async with serve(behavior=behavior) as client:
            roots = [await client.event_id(at=START + number) for number in range(2)]
            await client.create(at=START + 2, branch={"name": "b", "rootEventId": roots[0]})
            other = await client.create(at=START + 3, branch={"name": "b", "rootEventId": roots[1]})
            assert other.status == status
            if status == 400:
                assert other.body["reason"] == "ResourceConflict"
            else:
                assert other.body["event"]["branch"]["rootEventId"] == roots[0]


@pytest.mark.parametrize(
    ("blob", "expected"),
    [
        ({"content": "hi", "role": "user"}, "{content=hi, role=user}"),
        ({"a": [1, 2.5, None, True, {"b": "c"}]}, "{a=[1, 2.5, null, true, {b=c}]}"),
        (["x", []], "[x, []]"),
        ("text", "text"),
        (7, 7),
    ],
)
async def test_blobs_can_be_javas(serve: Callable[..., Any], blob: Any, expected: Any) -> None:
    """With java_blob_strings an object is returned as Java prints it."""
    async with serve(behavior=Behavior(java_blob_strings=True)) as client:
        created = await client.create(payload=[{"blob": blob}])
        assert created.body["event"]["payload"] == [{"blob": expected}]
        assert (await client.events()).body["events"][0]["payload"] == [{"blob": expected}]


async def test_ties_can_be_shuffled(serve: Callable[..., Any]) -> None:
    """With shuffle_ties only events of the same millisecond are reordered."""
    async with serve(behavior=Behavior(shuffle_ties=3)) as client:
        for number in range(6):
            await client.create(f"m{number}")
        await client.create("older", at=START - 1)
        await client.create("newer", at=START + 1)
        orders = {tuple(await client.texts()) for _ in range(10)}
        assert len(orders) > 1
        assert {(order[0], order[-1]) for order in orders} == {("newer", "older")}
        assert {frozenset(order) for order in orders} == {frozenset(next(iter(orders)))}


async def test_records_can_be_shuffled(serve: Callable[..., Any]) -> None:
    """With shuffle_records a page is reordered."""
    async with serve(behavior=Behavior(shuffle_records=3)) as client:
        await client.put(*"abcdef")
        assert len({tuple(await client.contents()) for _ in range(10)}) > 1


async def test_the_page_of_a_request_without_a_size(serve: Callable[..., Any]) -> None:
    """default_page is the size of a page if the request has none."""
    async with serve(behavior=Behavior(default_page=100)) as client:
        for number in range(30):
            await client.create(at=START + number)
        assert len(await client.texts()) == 30


async def test_lists_can_lag(serve: Callable[..., Any]) -> None:
    """With a lag of event lists GetEvent returns a new event, and ListEvents does not."""
    async with serve(lags=Lags(event_lists=5)) as client:
        event_id = await client.event_id()
        assert await client.texts() == []
        got = await client.call("GET", "actor", "ann", "sessions", "s1", "events", event_id)
        assert got.status == 200
        client.clock.advance(5)
        assert await client.texts() == ["hello"]


async def test_the_first_reads_can_be_stale(serve: Callable[..., Any]) -> None:
    """With stale_reads that many filtered lists miss a new event; other lists do not."""
    wanted = {"filter": {"eventMetadata": [{"left": {"metadataKey": "k"}, "operator": "EXISTS"}]}}
    async with serve(lags=Lags(stale_reads=2)) as client:
        await client.create(metadata={"k": {"stringValue": "v"}})
        assert await client.texts() == ["hello"]
        assert [await client.texts(**wanted) for _ in range(3)] == [[], [], ["hello"]]


async def test_a_record_can_be_unknown_by_its_id_for_a_while(serve: Callable[..., Any]) -> None:
    """With a lag of record ids Get and Delete of a new record are 404."""
    async with serve(lags=Lags(record_ids=60)) as client:
        (record_id,) = await client.put("late")
        for method, kind in (("GET", "memoryRecord"), ("DELETE", "memoryRecords")):
            reply = await client.call(method, kind, record_id)
            assert (reply.status, reply.code) == (404, "ResourceNotFoundException")
        client.clock.advance(60)
        assert (await client.call("GET", "memoryRecord", record_id)).status == 200


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Behavior(token_mismatch="no"), "token_mismatch is 'no'; use 'ignore' or 'error'"),  # type: ignore[arg-type]
        (lambda: Behavior(metadata_paging=""), "use 'post-scan' or 'index'"),  # type: ignore[arg-type]
        (lambda: Behavior(strict_branches=1), "strict_branches is 1; use True or False"),  # type: ignore[arg-type]
        (lambda: Behavior(shuffle_ties="x"), "an int as the seed"),  # type: ignore[arg-type]
        (lambda: Behavior(default_page=0), "default_page is 0; give a whole number from 1 to 100"),
        (lambda: Behavior(body_limit=0), "body_limit is 0; give a whole number from 1"),
        (lambda: Lags(stale_reads=-1), "stale_reads is -1; give a whole number from 0"),
        (lambda: Lags(record_ids=-1), "record_ids is -1; give 0 to 1000000000 seconds"),
        (lambda: Lags(provisioning=timedelta(days=-1)), "provisioning is datetime.timedelta"),
        (lambda: LocalMemoryService(extraction_delay=-1), "extraction_delay is -1; give 0"),
    ],
)
def test_invalid_settings_are_refused(make: Callable[[], object], error: str) -> None:
    """The error names the attribute, its value and what to use."""
    with pytest.raises((TypeError, ValueError), match=re.escape(error)):
        make()


async def test_on_exchange_is_called_with_every_exchange(serve: Callable[..., Any]) -> None:
    """It gets request and answer of each operation, those with injected errors included."""
    exchanges: list[RecordedExchange] = []
    async with serve(on_exchange=exchanges.append) as client:
        client.service.fail("ThrottledException", operation="ListActors", times=1)
        for _ in range(2):
            await client.call("POST", "actors")
        await client.send("GET", "/nothing")
    assert [(item.operation, item.status, item.fault) for item in exchanges] == [
        ("ListActors", 429, "error"),
        ("ListActors", 200, None),
    ]
    assert exchanges[1].body == b'{"actorSummaries":[]}'


async def answered(client: Client, count: int, **members: Any) -> list[int]:
    """Create *count* events, and return their statuses."""
    return [(await client.create(at=START + number, **members)).status for number in range(count)]


async def test_the_quota_of_a_session(serve: Callable[..., Any]) -> None:
    """A session has five conversational events a second, ten others, and twenty lists."""
    async with serve(behavior=Behavior(throttle=True)) as client:
        assert await answered(client, 7) == [201] * 5 + [429] * 2
        assert await answered(client, 2, session="s2") == [201] * 2
        refused = await client.create()
        assert (refused.code, refused.body["message"]) == ("ThrottledException", "Rate exceeded.")
        blobs = await answered(client, 12, session="s3", payload=[{"blob": "x"}])
        assert blobs == [201] * 10 + [429] * 2
        client.clock.advance(1)
        assert await answered(client, 6) == [201] * 5 + [429]
        client.clock.advance(0.2)
        assert await answered(client, 2) == [201, 429]
        assert [(await client.events()).status for _ in range(21)] == [200] * 20 + [429]


async def test_the_quota_of_the_account(serve: Callable[..., Any]) -> None:
    """An account has 30 searches a second, 30 lists of records, 20 of most others."""
    async with serve(behavior=Behavior(throttle=True)) as client:
        made = [
            (
                await client.send(
                    "POST", "/memories/create", {"name": f"m{number}", "eventExpiryDuration": 30}
                )
            ).status
            for number in range(4)
        ]
        assert made == [202] * 3 + [429]
        lists = [(await client.call("POST", "actors")).status for _ in range(21)]
        assert lists == [200] * 20 + [429]
        records = [
            (await client.call("POST", "memoryRecords", namespacePath="/")).status
            for _ in range(31)
        ]
        assert records == [200] * 30 + [429]


async def test_throttling_is_off_by_default(client: Client) -> None:
    """A hundred events at once are accepted."""
    assert set(await answered(client, 100)) == {201}
