"""Records, namespaces, search and batches over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local import Behavior, Lags

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client

START = 1_767_225_600.0


async def test_a_path_covers_whole_segments_only(client: Client) -> None:
    """``/users/1`` and ``/users/1/`` cover the namespaces below, and not ``/users/10``."""
    for namespace in ("/users/1/", "/users/1/facts/", "/users/10/", "/users/", "other"):
        await client.put(f"in {namespace}", namespace=namespace)
    for path in ("/users/1", "/users/1/"):
        assert await client.contents(path) == ["in /users/1/facts/", "in /users/1/"]
    assert len(await client.records("/")) == 5
    assert await client.contents("/users/1/fact") == []


async def test_a_namespace_is_exact(client: Client) -> None:
    """``namespace`` matches the whole string only, with its slash."""
    await client.put("a", namespace="/users/1/")
    for namespace, count in (("/users/1/", 1), ("/users/1", 0), ("/users/", 0), ("/", 0)):
        reply = await client.call("POST", "memoryRecords", namespace=namespace)
        assert len(reply.body["memoryRecordSummaries"]) == count


async def test_a_namespace_can_be_a_prefix(serve: Callable[..., Any]) -> None:
    """With legacy_prefix ``namespace`` matches by its first characters."""
    async with serve(behavior=Behavior(legacy_prefix=True)) as client:
        await client.put("a", namespace="/users/10/")
        reply = await client.call("POST", "memoryRecords", namespace="/users/1")
        assert len(reply.body["memoryRecordSummaries"]) == 1


async def test_one_of_namespace_and_path_is_needed(client: Client) -> None:
    """Neither and both are refused."""
    for members in ({}, {"namespace": "/a/", "namespacePath": "/a/"}):
        reply = await client.call("POST", "memoryRecords", **members)
        assert (reply.status, reply.code) == (400, "ValidationException")


async def test_records_are_listed_newest_first_over_pages(client: Client) -> None:
    """Pages return every record once."""
    for number in range(5):
        await client.put(f"r{number}")
        client.clock.advance(1)
    first = (await client.call("POST", "memoryRecords", namespacePath="/", maxResults=3)).body
    second = (
        await client.call(
            "POST", "memoryRecords", namespacePath="/", maxResults=3, nextToken=first["nextToken"]
        )
    ).body
    texts = [
        record["content"]["text"]
        for page in (first, second)
        for record in page["memoryRecordSummaries"]
    ]
    assert texts == ["r4", "r3", "r2", "r1", "r0"]
    assert "nextToken" not in second


async def test_one_record_is_read_and_deleted(client: Client) -> None:
    """GetMemoryRecord returns a record; after DeleteMemoryRecord both are 404."""
    (record_id,) = await client.put("text", metadata={"n": {"numberValue": 1.5}})
    got = await client.call("GET", "memoryRecord", record_id)
    assert got.body["memoryRecord"] == {
        "memoryRecordId": record_id,
        "content": {"text": "text"},
        "memoryStrategyId": "none",
        "namespaces": ["/facts/ann/"],
        "createdAt": START,
        "timestamp": START,
        "metadata": {"n": {"numberValue": 1.5}},
    }
    deleted = await client.call("DELETE", "memoryRecords", record_id, query="?namespace=%2Ffacts")
    assert deleted.body == {"memoryRecordId": record_id}
    for method, part in (("GET", "memoryRecord"), ("DELETE", "memoryRecords")):
        gone = await client.call(method, part, record_id)
        assert (gone.status, gone.code) == (404, "ResourceNotFoundException")


async def test_a_search_ranks_by_relevance(client: Client) -> None:
    """The best record comes first; scores are in 0..1 and descend."""
    await client.put(
        "I'm having trouble with order #12345. It hasn't arrived yet.",
        "The user's favourite colour is blue.",
        "I would like to order a pizza with mushrooms tonight.",
    )
    misspelt = "oder trubles 12345"  # codespell:ignore oder,trubles
    for query in ("order problem", "order delivery issue", misspelt):
        found = await client.search(query)
        assert found[0]["content"]["text"].startswith("I'm having trouble")
        scores = [record["score"] for record in found]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score <= 1 for score in scores)
        assert scores[0] > 0.5
    far = await client.search("quantum chromodynamics")
    assert all(record["score"] <= 0.1 for record in far)


async def test_a_search_for_the_very_text_scores_one(client: Client) -> None:
    """The same words have the score 1.0."""
    await client.put("window seats on long flights")
    assert (await client.search("Window seats on long flights!"))[0]["score"] == 1.0


async def test_a_search_stays_below_its_path(client: Client) -> None:
    """Only records under the path are found."""
    await client.put("likes tea", namespace="/facts/ann/")
    await client.put("likes tea", namespace="/facts/anna/")
    found = await client.search("tea", "/facts/ann/")
    assert [record["namespaces"] for record in found] == [["/facts/ann/"]]


async def test_top_k_bounds_the_search_and_pages_part_it(client: Client) -> None:
    """TopK is 10 by default, and its records come in pages of maxResults."""
    await client.put(*(f"tea number {number}" for number in range(30)))
    assert len(await client.search("tea")) == 10
    members = {"namespacePath": "/", "searchCriteria": {"searchQuery": "tea", "topK": 5}}
    first = (await client.call("POST", "retrieve", **members, maxResults=3)).body
    second = (
        await client.call("POST", "retrieve", **members, maxResults=3, nextToken=first["nextToken"])
    ).body
    ids = [
        record["memoryRecordId"]
        for page in (first, second)
        for record in page["memoryRecordSummaries"]
    ]
    assert (len(ids), len(set(ids)), "nextToken" in second) == (5, 5, False)


@pytest.mark.parametrize(
    ("key", "operator", "value", "texts"),
    [
        ("n", "GREATER_THAN", {"numberValue": 1}, ["b"]),
        ("n", "LESS_THAN_OR_EQUALS", {"numberValue": 1}, ["a"]),
        ("s", "EQUALS_TO", {"stringValue": "x"}, ["a"]),
        ("l", "CONTAINS", {"stringValue": "p"}, ["b"]),
        ("s", "NOT_EXISTS", None, ["b"]),
        ("x-amz-agentcore-memory-createdAt", "AFTER", {"dateTimeValue": START + 5}, ["b"]),
        ("x-amz-agentcore-memory-createdAt", "BEFORE", {"dateTimeValue": START + 5}, ["a"]),
    ],
)
async def test_records_are_filtered_by_metadata(
    client: Client, key: str, operator: str, value: dict[str, Any] | None, texts: list[str]
) -> None:
    """Lists and searches filter by the caller's keys and the system's."""
    await client.put("a", metadata={"n": {"numberValue": 1}, "s": {"stringValue": "x"}})
    client.clock.advance(10)
    await client.put("b", metadata={"n": {"numberValue": 2}, "l": {"stringListValue": ["p", "q"]}})
    expression: dict[str, Any] = {"left": {"metadataKey": key}, "operator": operator}
    if value is not None:
        expression["right"] = {"metadataValue": value}
    assert await client.contents(metadataFilters=[expression]) == texts
    found = await client.search("a b", metadataFilters=[expression])
    assert [record["content"]["text"] for record in found] in (texts, [])


async def test_each_record_of_a_batch_fails_by_itself(client: Client) -> None:
    """Records that fail are listed, and the others are written."""
    kept, other = await client.put("kept", "other")
    unknown = "mem-" + "0" * 36
    updated = await client.call(
        "POST",
        "memoryRecords",
        "batchUpdate",
        records=[
            {"memoryRecordId": kept, "timestamp": START, "content": {"text": "changed"}},
            {"memoryRecordId": unknown, "timestamp": START},
            {"memoryRecordId": other, "timestamp": START, "memoryStrategyId": "none-such"},
        ],
    )
    assert updated.body["successfulRecords"] == [{"memoryRecordId": kept, "status": "SUCCEEDED"}]
    assert [
        (record["memoryRecordId"], record["errorCode"]) for record in updated.body["failedRecords"]
    ] == [(unknown, 404), (other, 404)]
    assert (await client.search("changed"))[0]["memoryRecordId"] == kept
    assert all(record["score"] <= 0.1 for record in await client.search("kept"))
    deleted = await client.call(
        "POST",
        "memoryRecords",
        "batchDelete",
        records=[{"memoryRecordId": kept}, {"memoryRecordId": unknown}],
    )
    assert len(deleted.body["successfulRecords"]) == len(deleted.body["failedRecords"]) == 1
    assert await client.contents() == ["other"]


async def test_a_batch_with_a_used_token_makes_nothing_new(client: Client) -> None:
    """The same client token returns the answer of its first use."""
    record = {
        "requestIdentifier": "r",
        "namespaces": ["/a/"],
        "content": {"text": "x"},
        "timestamp": START,
    }
    where = ("POST", "memoryRecords", "batchCreate")
    first = await client.call(*where, records=[record], clientToken="t")
    second = await client.call(*where, records=[record], clientToken="t")
    assert first.body == second.body
    assert len(await client.records()) == 1


async def test_records_expire(client: Client) -> None:
    """A record expires after its days; an update starts them again, REMOVE removes them."""
    record = {
        "requestIdentifier": "r",
        "namespaces": ["/a/"],
        "content": {"text": "x"},
        "timestamp": START,
    }
    created = await client.call(
        "POST",
        "memoryRecords",
        "batchCreate",
        records=[record],
        recordExpirySpecification={"recordExpiryDurationDays": 31},
    )
    record_id = created.body["successfulRecords"][0]["memoryRecordId"]
    day = 86_400
    client.clock.advance(30 * day)
    change = {"memoryRecordId": record_id, "timestamp": START}
    await client.call("POST", "memoryRecords", "batchUpdate", records=[change])
    client.clock.advance(30 * day)
    got = (await client.call("GET", "memoryRecord", record_id)).body["memoryRecord"]
    assert got["expiresAt"] == START + 61 * day
    client.clock.advance(day)
    assert await client.contents() == []
    assert await client.search("x") == []


async def test_records_can_show_late(serve: Callable[..., Any]) -> None:
    """With lags of records a new one is neither listed nor updated at once."""
    async with serve(lags=Lags(record_lists=87, record_ids=60)) as client:
        (record_id,) = await client.put("late")
        change = {"memoryRecordId": record_id, "timestamp": START}
        assert await client.contents() == []
        assert await client.search("late") == []
        reply = await client.call("POST", "memoryRecords", "batchUpdate", records=[change])
        assert reply.body["failedRecords"][0]["errorCode"] == 404
        client.clock.advance(87)
        assert await client.contents() == ["late"]
        reply = await client.call("POST", "memoryRecords", "batchUpdate", records=[change])
        assert reply.body["failedRecords"] == []
