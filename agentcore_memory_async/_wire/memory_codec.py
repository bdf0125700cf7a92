"""Memories from the wire's JSON: pure, no await; what is unknown is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from agentcore_memory_async._wire.reading import (
    Body,
    ItemKind,
    OnUnreadable,
    Wrong,
    id_of,
    list_of,
    object_of,
    objects_of,
    read,
    read_each,
    read_page,
    required,
    text_of,
    time_of,
)
from agentcore_memory_async._wire.strategy_codec import STEPS
from agentcore_memory_async.models import Memory, MemoryStrategy, MemorySummary
from agentcore_memory_async.strategies import (
    Configuration,
    EpisodicOverride,
    EpisodicReflection,
    IndexedKey,
    MetadataField,
    NamespaceKey,
    PromptOverride,
    ReflectionOverride,
    SelfManaged,
    SemanticOverride,
    StreamDelivery,
    SummaryOverride,
    UserPreferenceOverride,
)

if TYPE_CHECKING:
    from datetime import datetime

_OVERRIDES: dict[str, tuple[Callable[..., Configuration], str]] = {
    "SEMANTIC_OVERRIDE": (SemanticOverride, "semantic"),
    "SUMMARY_OVERRIDE": (SummaryOverride, "summary"),
    "USER_PREFERENCE_OVERRIDE": (UserPreferenceOverride, "userPreference"),
    "EPISODIC_OVERRIDE": (EpisodicOverride, "episodic"),
}
"""Classes of the overrides, and what their members' names begin with, by their types."""
_MEMORY_MEMBERS = frozenset(
    {
        "arn",
        "id",
        "name",
        "status",
        "strategies",
        "eventExpiryDuration",
        "description",
        "failureReason",
        "encryptionKeyArn",
        "memoryExecutionRoleArn",
        "indexedKeys",
        "namespaceKeys",
        "streamDeliveryResources",
        "managedByResourceArn",
        "createdAt",
        "updatedAt",
    }
)
"""Members of a memory that have an attribute."""
_STRATEGY_MEMBERS = frozenset(
    {
        "strategyId",
        "name",
        "type",
        "status",
        "namespaces",
        "namespaceTemplates",
        "description",
        "configuration",
        "memoryRecordSchema",
        "recordExpiryDurationDays",
        "createdAt",
        "updatedAt",
    }
)
"""Members of a strategy that have an attribute."""


def read_memory(operation: str, body: Body, unreadable: OnUnreadable) -> Memory:
    """Return the memory of an answer; *unreadable* judges a strategy that cannot be read."""

    def read_whole(found: Body) -> Memory:
        items = list_of(found, "strategies") or []
        return _memory(found, read_each(operation, items, _STRATEGY, unreadable))

    return read(operation, body.get("memory"), "memory", read_whole)


def read_deleted(operation: str, body: Body) -> str:
    """Return the id of the memory that is being deleted."""
    return read(operation, body, "answer", lambda found: id_of(found, "memoryId"))


def read_summaries(operation: str, body: Body, unreadable: OnUnreadable) -> list[MemorySummary]:
    """Return a page of memories."""
    return read_each(operation, read_page(operation, body, "memories"), _SUMMARY, unreadable)


def read_tags(operation: str, body: Body) -> dict[str, str]:
    """Return the tags of an answer; none where it has no tags."""

    def tags_of(found: Body) -> dict[str, str]:
        tags = object_of(found, "tags") or {}
        return {key: required(text_of(tags, key), key) for key in tags}

    return read(operation, body, "answer", tags_of)


def _memory(body: Body, strategies: list[MemoryStrategy]) -> Memory:
    return Memory(
        memory_id=id_of(body, "id"),
        arn=id_of(body, "arn"),
        name=id_of(body, "name"),
        status=id_of(body, "status"),
        strategies=tuple(strategies),
        event_expiry_days=required(_int_of(body, "eventExpiryDuration"), "eventExpiryDuration"),
        description=text_of(body, "description"),
        failure_reason=text_of(body, "failureReason"),
        encryption_key_arn=text_of(body, "encryptionKeyArn"),
        memory_execution_role_arn=text_of(body, "memoryExecutionRoleArn"),
        indexed_keys=tuple(map(_indexed_key, objects_of(body, "indexedKeys"))),
        namespace_keys=tuple(map(_namespace_key, objects_of(body, "namespaceKeys"))),
        stream_delivery=_streams(body),
        managed_by_resource_arn=text_of(body, "managedByResourceArn"),
        created_at=_optional_time(body, "createdAt"),
        updated_at=_optional_time(body, "updatedAt"),
        extra=_unknown(body, _MEMORY_MEMBERS),
    )


def _summary(body: Body) -> MemorySummary:
    return MemorySummary(
        memory_id=id_of(body, "id"),
        arn=text_of(body, "arn"),
        status=text_of(body, "status"),
        created_at=time_of(body, "createdAt"),
        updated_at=time_of(body, "updatedAt"),
        managed_by_resource_arn=text_of(body, "managedByResourceArn"),
    )


def _strategy(body: Body) -> MemoryStrategy:
    configuration = object_of(body, "configuration")
    templates = _texts_of(body, "namespaceTemplates") or _texts_of(body, "namespaces")
    return MemoryStrategy(
        memory_strategy_id=id_of(body, "strategyId"),
        name=id_of(body, "name"),
        type=id_of(body, "type"),
        status=text_of(body, "status"),
        namespaces=templates,
        description=text_of(body, "description"),
        configuration=_configuration(configuration) if configuration else None,
        reflection=_reflection(configuration) if configuration else None,
        record_schema=_schema(body),
        record_expiry_days=_int_of(body, "recordExpiryDurationDays"),
        created_at=_optional_time(body, "createdAt"),
        updated_at=_optional_time(body, "updatedAt"),
        extra=_unknown(body, _STRATEGY_MEMBERS),
    )


def _reflection(configuration: Body) -> EpisodicReflection | None:
    """Return the reflection of the service's own way, which is no override."""
    step = object_of(configuration, "reflection") or {}
    found = object_of(step, "episodicReflectionConfiguration")
    if found is None:
        return None
    return EpisodicReflection(_template_of(found), record_schema=_schema(found))


def _configuration(body: Body) -> Configuration | Mapping[str, Any] | None:
    """Return what a custom strategy does in its own way; as it came, where that is unknown."""
    managed = object_of(body, "selfManagedConfiguration")
    if managed:
        return _self_managed(managed)
    known = _OVERRIDES.get(text_of(body, "type") or "")
    if known is None:
        is_plain = not body.keys() - {"reflection"}  # of an episodic strategy, which has no type
        return None if is_plain else dict(body)
    cls, name = known
    steps = {step: _step(body, step, name) for step in STEPS}
    return cls(**{step: found for step, found in steps.items() if found is not None})


def _step(body: Body, step: str, name: str) -> PromptOverride | ReflectionOverride | None:
    title = step.capitalize()
    custom = object_of(object_of(body, step) or {}, f"custom{title}Configuration") or {}
    found = object_of(custom, f"{name}{title}Override")
    if found is None:
        return None
    prompt, model_id = text_of(found, "appendToPrompt") or "", text_of(found, "modelId") or ""
    if step != "reflection":
        return PromptOverride(prompt, model_id)
    template = _template_of(found)
    return ReflectionOverride(prompt, model_id, template, record_schema=_schema(found))


def _self_managed(body: Body) -> SelfManaged:
    delivery = object_of(body, "invocationConfiguration") or {}
    triggers: dict[str, Any] = {}
    for each in objects_of(body, "triggerConditions"):
        triggers.update(each)
    return SelfManaged(
        topic_arn=text_of(delivery, "topicArn") or "",
        bucket_name=text_of(delivery, "payloadDeliveryBucketName") or "",
        message_count=_int_of(object_of(triggers, "messageBasedTrigger") or {}, "messageCount"),
        token_count=_int_of(object_of(triggers, "tokenBasedTrigger") or {}, "tokenCount"),
        idle_timeout_s=_int_of(object_of(triggers, "timeBasedTrigger") or {}, "idleSessionTimeout"),
        context_messages=_int_of(body, "historicalContextWindowSize"),
    )


def _schema(body: Body) -> tuple[MetadataField, ...]:
    schema = object_of(body, "memoryRecordSchema") or {}
    return tuple(map(_field, objects_of(schema, "metadataSchema")))


def _field(body: Body) -> MetadataField:
    config = object_of(object_of(body, "extractionConfig") or {}, "llmExtractionConfig") or {}
    found: dict[str, Any] = {}
    for rules in (object_of(config, "validation") or {}).values():
        found.update(cast("Body", rules) if isinstance(rules, Mapping) else {})
    return MetadataField(
        key=id_of(body, "key"),
        type=text_of(body, "type") or "STRING",
        extraction_type=text_of(body, "extractionType") or "LLM_INFERRED",
        definition=text_of(config, "definition"),
        instruction=text_of(config, "llmExtractionInstruction"),
        allowed_values=_texts_of(found, "allowedValues"),
        max_items=_int_of(found, "maxItems"),
        min_value=_number_of(found, "minValue"),
        max_value=_number_of(found, "maxValue"),
    )


def _indexed_key(body: Body) -> IndexedKey:
    return IndexedKey(id_of(body, "key"), text_of(body, "type") or "STRING")


def _namespace_key(body: Body) -> NamespaceKey:
    rules = object_of(body, "validation") or {}
    return NamespaceKey(
        id_of(body, "key"),
        allowed_values=_texts_of(rules, "allowedValues"),
        regex_pattern=text_of(rules, "regexPattern"),
    )


def _streams(body: Body) -> tuple[StreamDelivery, ...]:
    resources = object_of(body, "streamDeliveryResources") or {}
    found: list[StreamDelivery] = []
    for resource in objects_of(resources, "resources"):
        kinesis = object_of(resource, "kinesis")
        if kinesis is not None:
            contents = objects_of(kinesis, "contentConfigurations")
            level = text_of(contents[0], "level") if contents else None
            arn = text_of(kinesis, "dataStreamArn") or ""
            found.append(StreamDelivery(arn, level or "METADATA_ONLY"))
    return tuple(found)


def _template_of(body: Body) -> str | None:
    templates = _texts_of(body, "namespaceTemplates") or _texts_of(body, "namespaces")
    return templates[0] if templates else None


def _texts_of(body: Body, member: str) -> tuple[str, ...]:
    """Return a list of texts; what is no text among them is left out."""
    items = list_of(body, member) or []
    return tuple(item for item in items if isinstance(item, str))


def _int_of(body: Body, member: str) -> int | None:
    value = _number_of(body, member)
    try:
        return None if value is None else int(value)
    except (ValueError, OverflowError):  # not a number, or infinite
        pass
    message = f"its {member} is no whole number"
    raise Wrong(message)


def _number_of(body: Body, member: str) -> float | None:
    value = body.get(member)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    message = f"its {member} is {type(value).__name__}"
    raise Wrong(message)


def _optional_time(body: Body, member: str) -> datetime | None:
    return None if body.get(member) is None else time_of(body, member)


def _unknown(body: Body, known: frozenset[str]) -> dict[str, Any]:
    """Return the members that have no attribute, and streams of a kind that has none."""
    found = {name: value for name, value in body.items() if name not in known}
    streams = object_of(body, "streamDeliveryResources") or {}
    if any("kinesis" not in each for each in objects_of(streams, "resources")):
        found["streamDeliveryResources"] = streams
    return found


_SUMMARY = ItemKind("memory", "id", _summary)
"""Memories of a list."""
_STRATEGY = ItemKind("strategy", "strategyId", _strategy)
"""Strategies of a memory."""
