"""Metadata of records: indexed keys, schemas of strategies, filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local.local_client import START
from tests.local.test_memories import created_memory, update

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client, Reply

KEYS = [
    {"key": "topic", "type": "STRING"},
    {"key": "labels", "type": "STRINGLIST"},
    {"key": "size", "type": "NUMBER"},
]
SCHEMA = {"metadataSchema": [{"key": "topic", "type": "STRING"}]}
STRATEGIES = [
    {"semanticMemoryStrategy": {"name": "With", "memoryRecordSchema": SCHEMA}},
    {"semanticMemoryStrategy": {"name": "Without"}},
]


def expression(key: str, operator: str, **value: Any) -> dict[str, Any]:
    """Return a filter expression."""
    left = {"left": {"metadataKey": key}, "operator": operator}
    return left | ({"right": {"metadataValue": value}} if value else {})


async def write(client: Client, metadata: dict[str, Any], **members: Any) -> Reply:
    """Write one record with metadata."""
    record = {
        "requestIdentifier": "r",
        "namespaces": ["/a/"],
        "content": {"text": "text"},
        "timestamp": START,
        "metadata": metadata,
    } | members
    return await client.call("POST", "memoryRecords", "batchCreate", records=[record])


@pytest.mark.parametrize(
    "metadata",
    [
        {"topic": {"numberValue": 1}},
        {"labels": {"stringValue": "x"}},
        {"size": {"stringValue": "1"}},
        {"size": {"numberValue": 1}, "topic": {"stringListValue": ["x"]}},
    ],
)
async def test_an_indexed_key_has_one_type(client: Client, metadata: dict[str, Any]) -> None:
    """A value of another type fails the record, with the service's text."""
    await created_memory(client, indexedKeys=KEYS)
    reply = await write(client, metadata)
    (failed,) = reply.body["failedRecords"]
    assert failed["errorCode"] == 400
    assert failed["errorMessage"] == "value type does not match declared indexed key type"
    assert failed["requestIdentifier"] == "r"
    assert await client.records() == []


@pytest.mark.parametrize(
    "metadata",
    [
        {"when": {"dateTimeValue": START}},
        {"x-amz-agentcore-memory-createdAt": {"stringValue": "now"}},
    ],
)
async def test_system_metadata_is_refused(client: Client, metadata: dict[str, Any]) -> None:
    """Times and the system's keys are refused."""
    reply = await write(client, metadata)
    assert len(reply.body["failedRecords"]) == 1


async def test_keys_out_of_the_schema_are_dropped(client: Client) -> None:
    """With a strategy only the keys of its schema are kept; without one, all keys."""
    memory = await created_memory(client, memoryStrategies=STRATEGIES)
    given = {"topic": {"stringValue": "a"}, "more": {"stringValue": "b"}}
    kept = []
    for strategy_id in (*(item["strategyId"] for item in memory["strategies"]), None):
        chosen = {"memoryStrategyId": strategy_id} if strategy_id else {}
        reply = await write(client, given, namespaces=[f"/{strategy_id}/"], **chosen)
        (record,) = reply.body["successfulRecords"]
        got = await client.call("GET", "memoryRecord", record["memoryRecordId"])
        kept.append(got.body["memoryRecord"].get("metadata"))
    assert kept == [{"topic": {"stringValue": "a"}}, None, given]


async def test_an_update_of_dropped_keys_changes_nothing(client: Client) -> None:
    """Metadata that the schema does not have are ignored without an error."""
    memory = await created_memory(client, memoryStrategies=STRATEGIES)
    strategy_id = memory["strategies"][0]["strategyId"]
    reply = await write(client, {"topic": {"stringValue": "a"}}, memoryStrategyId=strategy_id)
    record_id = reply.body["successfulRecords"][0]["memoryRecordId"]
    for value, kept in (
        ({"more": {"stringValue": "b"}}, "a"),
        ({"topic": {"stringValue": "c"}}, "c"),
    ):
        change = {"memoryRecordId": record_id, "timestamp": START, "metadata": value}
        reply = await client.call("POST", "memoryRecords", "batchUpdate", records=[change])
        assert len(reply.body["successfulRecords"]) == 1
        (record,) = await client.records()
        assert record["metadata"] == {"topic": {"stringValue": kept}}


async def test_only_indexed_keys_can_be_filtered_by(client: Client) -> None:
    """Other keys are refused; the system's keys need no index."""
    await created_memory(client, indexedKeys=KEYS)
    for members in (
        {"metadataFilters": [expression("other", "EXISTS")]},
        {
            "metadataFilters": [
                expression("size", "BEFORE", dateTimeValue=START),
                expression("x", "EXISTS"),
            ]
        },
    ):
        reply = await client.call("POST", "memoryRecords", namespacePath="/", **members)
        assert (reply.status, reply.code) == (400, "ValidationException")
    system = expression("x-amz-agentcore-memory-createdAt", "BEFORE", dateTimeValue=START + 9)
    await client.put("a")
    assert len(await client.records(metadataFilters=[system])) == 1


async def test_a_new_index_has_no_older_records(client: Client) -> None:
    """A filter on a newly indexed key finds only records written after it was indexed."""
    await created_memory(client)
    await write(client, {"topic": {"stringValue": "a"}})
    client.clock.advance(10)
    assert (await update(client, addIndexedKeys=[KEYS[0]])).status == 202
    wanted = [expression("topic", "EQUALS_TO", stringValue="a")]
    assert await client.records(metadataFilters=wanted) == []
    await write(client, {"topic": {"stringValue": "a"}})
    assert len(await client.records(metadataFilters=wanted)) == 1
    again = await update(client, addIndexedKeys=[KEYS[0]])
    assert (again.status, again.code) == (400, "ValidationException")


OPERATORS = [
    ("topic", "EQUALS_TO", {"stringValue": "travel"}, True),
    ("topic", "EQUALS_TO", {"stringValue": "food"}, False),
    ("topic", "EXISTS", {}, True),
    ("topic", "NOT_EXISTS", {}, False),
    ("topic", "CONTAINS", {"stringValue": "rave"}, True),
    ("labels", "CONTAINS", {"stringValue": "a"}, True),
    ("labels", "CONTAINS", {"stringValue": "c"}, False),
    ("labels", "EQUALS_TO", {"stringListValue": ["a", "b"]}, True),
    ("size", "GREATER_THAN", {"numberValue": 3}, False),
    ("size", "GREATER_THAN_OR_EQUALS", {"numberValue": 3}, True),
    ("size", "LESS_THAN", {"numberValue": 3}, False),
    ("size", "LESS_THAN_OR_EQUALS", {"numberValue": 3}, True),
    ("size", "EQUALS_TO", {"numberValue": 3}, True),
    ("x-amz-agentcore-memory-createdAt", "BEFORE", {"dateTimeValue": START}, False),
    ("x-amz-agentcore-memory-createdAt", "AFTER", {"dateTimeValue": START - 1}, True),
    ("x-amz-agentcore-memory-updatedAt", "AFTER", {"dateTimeValue": START}, False),
    ("x-amz-agentcore-memory-recordType", "EXISTS", {}, True),
]


@pytest.mark.parametrize(("key", "operator", "value", "matches"), OPERATORS)
async def test_every_operator(
    client: Client, key: str, operator: str, value: dict[str, Any], *, matches: bool
) -> None:
    """Operators work on all of their types, in lists and in searches."""
    await created_memory(client, indexedKeys=KEYS)
    metadata = {
        "topic": {"stringValue": "travel"},
        "labels": {"stringListValue": ["a", "b"]},
        "size": {"numberValue": 3},
    }
    await write(client, metadata)
    filters = [expression(key, operator, **value)]
    assert len(await client.records(metadataFilters=filters)) == matches
    assert len(await client.search("text", metadataFilters=filters)) == matches


@pytest.mark.parametrize(
    "filters",
    [
        [expression("topic", "GREATER_THAN", stringValue="a")],
        [expression("topic", "BEFORE", stringValue="a")],
        [expression("topic", "EQUALS_TO")],
        [expression("topic", "LIKE", stringValue="a")],
        [expression("topic", "EXISTS")] * 6,
        [],
    ],
)
async def test_filters_that_are_refused(client: Client, filters: list[Any]) -> None:
    """Filters are refused: types an operator does not compare, no value, more than five."""
    reply = await client.call("POST", "memoryRecords", namespacePath="/", metadataFilters=filters)
    assert (reply.status, reply.code) == (400, "ValidationException")


DAY = 86_400


async def test_the_expiry_of_an_update(client: Client) -> None:
    """An update starts the days again, sets them, or removes them; records without stay so."""
    (never,) = await client.put("never")
    records = [
        {
            "requestIdentifier": "r",
            "namespaces": ["/a/"],
            "content": {"text": "expires"},
            "timestamp": START,
        }
    ]
    reply = await client.call(
        "POST",
        "memoryRecords",
        "batchCreate",
        records=records,
        recordExpirySpecification={"recordExpiryDurationDays": 31},
    )
    expires = reply.body["successfulRecords"][0]["memoryRecordId"]

    async def after(days: int, **members: Any) -> list[float | None]:
        client.clock.advance(days * DAY)
        changes = [{"memoryRecordId": item, "timestamp": START} for item in (never, expires)]
        await client.call("POST", "memoryRecords", "batchUpdate", records=changes, **members)
        ends = []
        for item in (never, expires):
            got = (await client.call("GET", "memoryRecord", item)).body["memoryRecord"]
            ends.append((got["expiresAt"] - START) / DAY if "expiresAt" in got else None)
        return ends

    assert await after(10) == [None, 41]
    assert await after(0, recordExpirySpecification={"action": "REMOVE"}) == [None, None]
    assert await after(10) == [None, None]
    days = {"recordExpiryDurationDays": 50}
    assert await after(0, recordExpirySpecification=days) == [70, 70]


async def test_what_has_expired_leaves_the_file(serve: Callable[..., Any]) -> None:
    """The rows of expired records and events are deleted within an hour."""
    async with serve(admin=True) as client:
        await created_memory(client, eventExpiryDuration=3)
        await client.create()
        records = [
            {
                "requestIdentifier": "r",
                "namespaces": ["/a/"],
                "content": {"text": "expires"},
                "timestamp": START,
            }
        ]
        await client.call(
            "POST",
            "memoryRecords",
            "batchCreate",
            records=records,
            recordExpirySpecification={"recordExpiryDurationDays": 31},
        )
        client.clock.advance(33 * DAY)
        await client.service.drain()
        while (await client.rows())["records"]:
            client.clock.advance(3_600)
        counts = await client.rows()
        assert (counts["events"], counts["records"]) == (0, 0)
        client.clock.advance(2 * DAY)
        while (await client.rows())["sessions"]:
            client.clock.advance(3_600)
