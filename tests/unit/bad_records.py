"""Invalid values for the arguments of long-term records: filters, ids and batches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agentcore_memory_async import Filter, MemoryRecord, MemoryRecordUpdate, NewMemoryRecord, where
from tests.unit.bad_input import CANARY, EVENT, METADATA, NAIVE, NAMESPACES, NAN, STRATEGIES, TOKENS

NOW: datetime = EVENT.timestamp
BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
KEY = where("topic")
RECORD_ID = f"mem-{1:036d}"
FIVE = dict.fromkeys("abcde", "x")
FLAGS: list[Any] = [None, "no", 1]
FILTERS: list[Any] = [
    5,
    KEY == CANARY,
    {KEY == CANARY},
    [KEY],
    [CANARY],
    [Filter("", "EXISTS")],
    [Filter("k" * 129, "EXISTS")],
    [Filter(CANARY + "!", "EXISTS")],
    [Filter("k", "EXISTS", CANARY)],
    [KEY == CANARY + "!"],
    [KEY == "x" * 257],
    [where(key).exists() for key in "abcdef"],
    [{"left": {"metadataKey": CANARY}}],
]
RECORD_FILTERS: list[Any] = [
    *FILTERS,
    [Filter("k", CANARY, CANARY)],  # type: ignore[arg-type]
    [Filter("k", "EQUALS_TO")],
    [KEY == True],  # noqa: E712
    [KEY == NAN],
    [KEY == NAIVE],
    [KEY == []],
    [KEY == [CANARY + "!"]],
    [KEY > CANARY],  # type: ignore[operator]
    [KEY >= NOW],  # type: ignore[operator]
    [KEY.contains(5)],  # type: ignore[arg-type]
    [Filter("k", "AFTER", 5)],
    [KEY > BEFORE_1970],
    [where("x-amz-agentcore-memory-createdAt") == CANARY],
]
EVENT_FILTERS: list[Any] = [*FILTERS, [KEY == 5], [KEY > NOW], [KEY.contains("a")]]
CONDITIONS: list[Any] = [
    5,
    [CANARY],
    {5: CANARY},
    {"": CANARY},
    {"k": None},
    {"k": CANARY + "!"},
    {**FIVE, "f": "x"},
]
RECORD_METADATA: list[Any] = [
    *METADATA[:1],
    {f"k{number}": CANARY for number in range(21)},
    {5: CANARY},
    {CANARY + "!": CANARY},
    {"k": None},
    {"k": True},
    {"k": ""},
    {"k": CANARY + "!"},
    {"k": [CANARY] * 6},
    {"k": [5]},
    {"k": NAN},
    {"k": NAIVE},
    {"k": NOW},
    {"x-amz-agentcore-memory-createdAt": NOW},
    {"x-amz-agentcore-memory-mine": CANARY},
]
RECORD_IDS: list[Any] = [None, 5, "", "mem-1", "mem-" + "a" * 47, "rec-" + "a" * 36]
IDENTIFIERS: list[Any] = [5, "", "a b", "x" * 81]
EXPIRIES: list[Any] = ["365", 30, 0, True, 2**31, 1.5]


def new(**members: Any) -> NewMemoryRecord:
    """Return a record to create."""
    given = {"namespace": "/facts/a/", "content": CANARY, "timestamp": NOW}
    return NewMemoryRecord(**{**given, **members})


def change(**members: Any) -> MemoryRecordUpdate:
    """Return a change of a record."""
    return MemoryRecordUpdate(**{"memory_record_id": RECORD_ID, "timestamp": NOW, **members})


CONTENTS: list[Any] = [5, "", "x" * 16_001, CANARY + "\ud83d"]
NEW: dict[str, list[Any]] = {
    "namespace": [None, *NAMESPACES],
    "content": [None, *CONTENTS],
    "timestamp": [None, 5.0, NAIVE, BEFORE_1970],
    "memory_strategy_id": STRATEGIES,
    "metadata": RECORD_METADATA,
    "request_identifier": IDENTIFIERS,
}
CHANGES: dict[str, list[Any]] = {
    "memory_record_id": RECORD_IDS,
    "timestamp": [None, 5.0, NAIVE, BEFORE_1970],
    "content": CONTENTS,
    "namespace": NAMESPACES,
    "source_namespace": NAMESPACES,
    "memory_strategy_id": STRATEGIES,
    "metadata": RECORD_METADATA,
}

CASES: dict[str, tuple[list[Any], Any]] = {
    "list_events(filters)": (EVENT_FILTERS, lambda s, x: s.list_events(filters=x)),
    "list_events(filters with event_type)": (
        [[where(key).exists() for key in "abcde"]],
        lambda s, x: s.list_events("order", filters=x),
    ),
    "list_events(metadata)": (CONDITIONS, lambda s, x: s.list_events(metadata=x)),
    "iter_events(filters)": ([5], lambda s, x: anext(s.iter_events(filters=x))),
    "iter_events(metadata)": ([5], lambda s, x: anext(s.iter_events(metadata=x))),
    "list_long_term_memory_records(filters)": (
        RECORD_FILTERS,
        lambda s, x: s.list_long_term_memory_records("/x/", filters=x),
    ),
    "list_long_term_memory_records(metadata)": (
        CONDITIONS,
        lambda s, x: s.list_long_term_memory_records("/x/", metadata=x),
    ),
    "iter_long_term_memory_records(filters)": (
        [5],
        lambda s, x: anext(s.iter_long_term_memory_records("/x/", filters=x)),
    ),
    "iter_long_term_memory_records(metadata)": (
        [5],
        lambda s, x: anext(s.iter_long_term_memory_records("/x/", metadata=x)),
    ),
    "search_long_term_memories(filters)": (
        RECORD_FILTERS,
        lambda s, x: s.search_long_term_memories(CANARY, "/x/", filters=x),
    ),
    "search_long_term_memories(metadata)": (
        CONDITIONS,
        lambda s, x: s.search_long_term_memories(CANARY, "/x/", metadata=x),
    ),
    "search_long_term_memories(max_results)": (
        [0, "5", True],
        lambda s, x: s.search_long_term_memories(CANARY, "/x/", max_results=x),
    ),
    "search_long_term_memories(min_score)": (
        ["0.5", True, NAN, float("inf"), 10**400],
        lambda s, x: s.search_long_term_memories(CANARY, "/x/", min_score=x),
    ),
    "extraction_poller(filters)": (
        RECORD_FILTERS,
        lambda s, x: s.extraction_poller("/x/", filters=x),
    ),
    "extraction_poller(metadata)": (
        [*CONDITIONS, FIVE],
        lambda s, x: s.extraction_poller("/x/", metadata=x),
    ),
    "get_memory_record(memory_record_id)": (RECORD_IDS, lambda s, x: s.get_memory_record(x)),
    "get_memory_record(namespace)": (
        NAMESPACES,
        lambda s, x: s.get_memory_record(RECORD_ID, namespace=x),
    ),
    "delete_memory_record(memory_record_id)": (RECORD_IDS, lambda s, x: s.delete_memory_record(x)),
    "delete_memory_record(namespace)": (
        NAMESPACES,
        lambda s, x: s.delete_memory_record(RECORD_ID, namespace=x),
    ),
    "batch_create_memory_records(records)": (
        [None, 5, CANARY, new(), [CANARY], [change()], [new(request_identifier="a")] * 2],
        lambda s, x: s.batch_create_memory_records(x),
    ),
    "batch_create_memory_records(expiry_days)": (
        [*EXPIRIES, "REMOVE"],
        lambda s, x: s.batch_create_memory_records([new()], expiry_days=x),
    ),
    "batch_create_memory_records(client_token)": (
        TOKENS,
        lambda s, x: s.batch_create_memory_records([new()], client_token=x),
    ),
    "batch_create_memory_records(raise_on_failure)": (
        FLAGS,
        lambda s, x: s.batch_create_memory_records([new()], raise_on_failure=x),
    ),
    "batch_update_memory_records(records)": (
        [None, 5, CANARY, change(), [CANARY], [new()], [change()] * 2],
        lambda s, x: s.batch_update_memory_records(x),
    ),
    "batch_update_memory_records(expiry_days)": (
        EXPIRIES,
        lambda s, x: s.batch_update_memory_records([change()], expiry_days=x),
    ),
    "batch_update_memory_records(raise_on_failure)": (
        FLAGS,
        lambda s, x: s.batch_update_memory_records([change()], raise_on_failure=x),
    ),
    "batch_delete_memory_records(records)": (
        [
            None,
            5,
            RECORD_ID,
            [5],
            ["mem-1"],
            [RECORD_ID] * 2,
            [MemoryRecord("/", CANARY, None, NOW)],
        ],
        lambda s, x: s.batch_delete_memory_records(x),
    ),
    "batch_delete_memory_records(namespace)": (
        NAMESPACES,
        lambda s, x: s.batch_delete_memory_records([RECORD_ID], namespace=x),
    ),
    "batch_delete_memory_records(raise_on_failure)": (
        FLAGS,
        lambda s, x: s.batch_delete_memory_records([RECORD_ID], raise_on_failure=x),
    ),
    **{
        f"batch_create_memory_records({name} of records)": (
            values,
            lambda s, x, name=name: s.batch_create_memory_records([new(), new(**{name: x})]),
        )
        for name, values in NEW.items()
    },
    **{
        f"batch_update_memory_records({name} of records)": (
            values,
            lambda s, x, name=name: s.batch_update_memory_records([change(**{name: x})]),
        )
        for name, values in CHANGES.items()
    },
}
