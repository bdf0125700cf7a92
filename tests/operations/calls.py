"""A call of each method of one operation, with arguments that together make every member."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agentcore_memory_async import (
    BlobPayload,
    Branch,
    ConversationalMessage,
    CustomStrategy,
    EpisodicOverride,
    EpisodicReflection,
    EpisodicStrategy,
    IndexedKey,
    JsonPayload,
    MemoryRecord,
    MemoryRecordUpdate,
    MessageRole,
    MetadataField,
    NamespaceKey,
    NewMemoryRecord,
    Origin,
    PromptOverride,
    ReflectionOverride,
    RetrievalConfig,
    SelfManaged,
    SemanticOverride,
    SemanticStrategy,
    StrategyChange,
    StreamDelivery,
    SummaryOverride,
    SummaryStrategy,
    UserPreferenceOverride,
    UserPreferenceStrategy,
    where,
)
from tests.operations.model import ECHOED

if TYPE_CHECKING:
    from agentcore_memory_async.models import MetadataValue
    from agentcore_memory_async.strategies import Configuration

TIME = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "t" * 40
MEMORY, EVENT, RECORD = (ECHOED[name] for name in ("memoryId", "eventId", "memoryRecordId"))
ARN = f"arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/{MEMORY}"
ROLE = "arn:aws:iam::123456789012:role/memory"
KEY = "arn:aws:kms:us-west-2:123456789012:key/12345678-1234-1234-1234-123456789012"
TOPIC = "arn:aws:sns:us-west-2:123456789012:topic"
STREAM = "arn:aws:kinesis:us-west-2:123456789012:stream/memory"
STRATEGY = "facts-0123456789"
IDS = {"memory_id": MEMORY, "actor_id": "a", "session_id": "s"}
"""Ids of the views."""

MESSAGES = [
    ConversationalMessage("I fly window", MessageRole.USER),
    JsonPayload({"a": "b"}),
    BlobPayload({"a": "b"}),
]
WRITTEN: dict[str, Any] = {
    "metadata": {"topic": "travel"},
    "origin": Origin("user"),
    "namespace_variables": {"team": "blue"},
    "client_token": TOKEN,
    "timestamp": TIME,
}
METADATA: dict[str, MetadataValue] = {"a": "text", "b": ("one", "two"), "c": 0.5}
FILTERS = [
    where("a") == "text",
    where("b") == ["one", "two"],
    where("c") > 0.5,
    where("x-amz-agentcore-memory-createdAt") > TIME,
]
RECORDS_BELOW: dict[str, Any] = {
    "memory_strategy_id": STRATEGY,
    "filters": FILTERS,
    "metadata": {"e": "text"},
}
SCHEMA = [
    MetadataField("a", definition="d", instruction="i", allowed_values=["x"]),
    MetadataField("b", "STRINGLIST", definition="d", allowed_values=["x"], max_items=2),
    MetadataField("c", "NUMBER", definition="d", min_value=1.0, max_value=5.0),
    MetadataField("d", extraction_type="STRICTLY_CONSISTENT"),
]
STEP = PromptOverride("be brief", "some.model-v1")
REFLECTION = EpisodicReflection("/more/{actorId}/", record_schema=SCHEMA)
CONFIGURATIONS: list[Configuration] = [
    SemanticOverride(STEP, STEP),
    SummaryOverride(STEP),
    UserPreferenceOverride(STEP, STEP),
    EpisodicOverride(
        STEP,
        STEP,
        ReflectionOverride("be brief", "some.model-v1", "/more/{actorId}/", record_schema=SCHEMA),
    ),
    SelfManaged(
        TOPIC, "bucket", message_count=5, token_count=500, idle_timeout_s=50, context_messages=5
    ),
]
COMMON: dict[str, Any] = {"description": "d", "record_schema": SCHEMA, "record_expiry_days": 31}
STRATEGIES = [
    SemanticStrategy("facts", "/facts/{actorId}/", **COMMON),
    SummaryStrategy("summaries", "/summaries/{actorId}/{sessionId}/", **COMMON),
    UserPreferenceStrategy("preferences", "/preferences/{actorId}/", **COMMON),
    EpisodicStrategy("episodes", "/more/{actorId}/", reflection=REFLECTION, **COMMON),
    *(
        CustomStrategy(f"custom{number}", "/custom/{actorId}/", configuration=each, **COMMON)
        for number, each in enumerate(CONFIGURATIONS)
    ),
]
CHANGES = [
    *(
        StrategyChange(STRATEGY, namespace_template="/new/{actorId}/", configuration=each, **COMMON)
        for each in CONFIGURATIONS
    ),
    StrategyChange(STRATEGY, reflection=REFLECTION),
    StrategyChange(STRATEGY, record_expiry_days="REMOVE"),
]
KEYS = [NamespaceKey("team", allowed_values=["blue"]), NamespaceKey("site", regex_pattern="[a-z]+")]
STREAMS = [StreamDelivery(STREAM)]


@frozen
class Call:
    """
    A call of a public method.

    Attributes:
        name: Method, on a view: ``manager``, ``actor``, ``session`` or ``control``.
        arguments: Arguments by name.
        ids: Ids that the view was made of.
    """

    name: str
    arguments: dict[str, Any] = field(factory=dict[str, Any])
    ids: dict[str, str] = field(factory=lambda: dict(IDS))


_TURN: dict[str, Any] = {"branch": Branch("second", EVENT), "extract": False, **WRITTEN}
_OWN = {
    name: value for name, value in _TURN.items() if name not in {"origin", "namespace_variables"}
}
_PREFIX: dict[str, Any] = {"namespace_prefix": "/facts/{actorId}/", **RECORDS_BELOW, "page_size": 7}
_EXACT = {"namespace": "/facts/{actorId}/", "page_size": 7}
_SEARCH = {"query": "seats", "top_k": 7}
_NEW = NewMemoryRecord(
    namespace="/facts/{actorId}/",
    content="window seats",
    timestamp=TIME,
    memory_strategy_id=STRATEGY,
    metadata=METADATA,
    request_identifier=ECHOED["requestIdentifier"],
)
_UPDATE = MemoryRecordUpdate(
    memory_record_id=RECORD,
    timestamp=TIME,
    content="aisle seats",
    namespace="/facts/{actorId}/",
    source_namespace="/old/{actorId}/",
    memory_strategy_id=STRATEGY,
    metadata=METADATA,
)
_FOUND = MemoryRecord("/facts/a/", "window seats", None, TIME, memory_record_id=RECORD)
_NAMED: dict[str, Any] = {"name": ECHOED["name"], "client_token": TOKEN, "wait": False}
_OF: dict[str, Any] = {"memory": MEMORY, "client_token": TOKEN, "wait": False}

CALLS: dict[str, list[Call]] = {
    "CreateEvent": [
        Call("session.add_turns", {"messages": MESSAGES, **_TURN}),
        Call("session.create_event", {"event_type": "click", "payload": {"a": "b"}, **_OWN}),
        Call(
            "session.fork_conversation",
            {
                "messages": MESSAGES,
                "root_event_id": EVENT,
                "branch_name": "second",
                "event_timestamp": TIME,
                **{name: value for name, value in WRITTEN.items() if name != "timestamp"},
                "extract": False,
            },
        ),
    ],
    "ListEvents": [
        Call(
            "session.list_events",
            {
                "branch": "second",
                "include_parent_branches": True,
                "page_size": 7,
                "include_payloads": False,
            },
        ),
        Call(
            "session.list_events",
            {
                "event_type": "click",
                "filters": [where("topic") == "travel", where("other").exists()],
                "metadata": {"more": "text"},
                "consistent_read": False,
            },
        ),
        Call("session.get_last_k_turns", {"branch": "second"}),
        Call("session.get_last_k_exchanges", {"branch": "second"}),
    ],
    "GetEvent": [Call("session.get_event", {"event_id": EVENT})],
    "DeleteEvent": [Call("session.delete_event", {"event_id": EVENT})],
    "ListActors": [Call("manager.list_actors", {"page_size": 7})],
    "ListSessions": [
        Call("manager.list_actor_sessions", {"actor_id": "a", "has_events": True, "page_size": 7}),
        Call("actor.list_sessions", {"has_events": True, "page_size": 7}),
    ],
    "IngestData": [
        Call("session.ingest_data", {"messages": MESSAGES[:2], **WRITTEN}),
        Call("actor.ingest_data", {"messages": MESSAGES[:2], **WRITTEN}),
    ],
    "ListMemoryRecords": [
        Call("session.list_long_term_memory_records", _PREFIX),
        Call("session.list_long_term_memory_records", _EXACT),
    ],
    "RetrieveMemoryRecords": [
        Call(
            "session.search_long_term_memories",
            {
                **_SEARCH,
                "namespace_prefix": "/facts/{actorId}/",
                **RECORDS_BELOW,
            },
        ),
        Call("session.search_long_term_memories", {**_SEARCH, "trusted": ["user"]}),
        Call("session.search_long_term_memories", {**_SEARCH, "namespace": "/facts/{actorId}/"}),
        Call(
            "session.retrieve_context",
            {
                "query": "seats",
                "retrieval_config": {
                    "/facts/{actorId}/": RetrievalConfig(
                        7,
                        strategy_id=STRATEGY,
                        retrieval_query="flights",
                        metadata_filters=FILTERS,
                    )
                },
            },
        ),
    ],
    "GetMemoryRecord": [
        Call(
            "session.get_memory_record",
            {"memory_record_id": RECORD, "namespace": "/facts/{actorId}/"},
        )
    ],
    "DeleteMemoryRecord": [
        Call(
            "session.delete_memory_record",
            {"memory_record_id": RECORD, "namespace": "/facts/{actorId}/"},
        )
    ],
    "BatchCreateMemoryRecords": [
        Call(
            "session.batch_create_memory_records",
            {"records": [_NEW], "expiry_days": 31, "client_token": TOKEN},
        )
    ],
    "BatchUpdateMemoryRecords": [
        Call("session.batch_update_memory_records", {"records": [_UPDATE], "expiry_days": 31}),
        Call(
            "session.batch_update_memory_records", {"records": [_UPDATE], "expiry_days": "REMOVE"}
        ),
    ],
    "BatchDeleteMemoryRecords": [
        Call(
            "session.batch_delete_memory_records",
            {"records": [RECORD], "namespace": "/facts/{actorId}/"},
        ),
        Call("session.batch_delete_memory_records", {"records": [_FOUND]}),
    ],
    "ListMemoryExtractionJobs": [
        Call(
            "manager.list_memory_extraction_jobs",
            {
                "actor_id": "a",
                "session_id": "s",
                "memory_strategy_id": STRATEGY,
                "status": "FAILED",
                "page_size": 7,
            },
        ),
        Call("session.list_memory_extraction_jobs", {"status": "FAILED"}),
    ],
    "StartMemoryExtractionJob": [
        Call("manager.start_memory_extraction_job", {"job_id": "job-1", "client_token": TOKEN})
    ],
    "CreateMemory": [
        Call(
            "control.create_memory",
            {
                **_NAMED,
                "event_expiry_days": 30,
                "indexed_keys": [IndexedKey("d")],
                "namespace_keys": KEYS,
                "description": "d",
                "memory_execution_role_arn": ROLE,
                "encryption_key_arn": KEY,
                "stream_delivery": STREAMS,
                "tags": {"a": "b"},
            },
        ),
        *(Call("control.create_memory", {**_NAMED, "strategies": [each]}) for each in STRATEGIES),
    ],
    "GetMemory": [Call("control.get_memory", {"memory": MEMORY, "view": "full"})],
    "ListMemories": [Call("control.list_memories", {"page_size": 7})],
    "UpdateMemory": [
        Call(
            "control.update_memory",
            {
                **_OF,
                "event_expiry_days": 30,
                "description": "d",
                "memory_execution_role_arn": ROLE,
                "delete_strategies": [STRATEGY],
                "add_indexed_keys": [IndexedKey("d")],
                "namespace_keys": KEYS,
                "stream_delivery": STREAMS,
            },
        ),
        *(Call("control.update_memory", {**_OF, "add_strategies": [each]}) for each in STRATEGIES),
        *(Call("control.update_memory", {**_OF, "modify_strategies": [each]}) for each in CHANGES),
        Call("control.add_strategy", {**_OF, "strategy": STRATEGIES[0]}),
        Call(
            "control.modify_strategy",
            {
                **_OF,
                "memory_strategy_id": STRATEGY,
                "namespace_template": "/new/{actorId}/",
                "configuration": CONFIGURATIONS[0],
                **COMMON,
            },
        ),
        Call(
            "control.modify_strategy",
            {**_OF, "memory_strategy_id": STRATEGY, "reflection": REFLECTION},
        ),
        Call("control.delete_strategy", {**_OF, "memory_strategy_id": STRATEGY}),
    ],
    "DeleteMemory": [Call("control.delete_memory", {"memory": MEMORY, "wait": False})],
    "ListTagsForResource": [Call("control.list_tags", {"memory": ARN})],
    "TagResource": [Call("control.tag_memory", {"memory": ARN, "tags": {"a": "b"}})],
    "UntagResource": [Call("control.untag_memory", {"memory": ARN, "keys": ["a"]})],
}
"""Calls by operation."""
_ANSWERED = [
    ConversationalMessage("text", MessageRole.ASSISTANT),
    JsonPayload({"a": 1}),
    BlobPayload({"a": 1}),
]

READERS: dict[str, list[Call]] = {
    "CreateEvent": [
        Call("session.add_turns", {"messages": [each], "branch": "second", "timestamp": TIME})
        for each in _ANSWERED
    ],
    "ListEvents": [Call("session.list_events", each) for each in ({}, {"branch": "second"})],
    "ListMemoryRecords": [Call("session.list_long_term_memory_records")],
    "RetrieveMemoryRecords": [Call("session.search_long_term_memories", {"query": "seats"})],
    "ListMemoryExtractionJobs": [Call("manager.list_memory_extraction_jobs")],
    "CreateMemory": [Call("control.create_memory", {"name": ECHOED["name"], "wait": False})],
    "UpdateMemory": [
        Call("control.update_memory", {"memory": MEMORY, "description": "d", "wait": False})
    ],
}
"""Calls that take any answer of their operation, for those whose arguments keep some away."""
