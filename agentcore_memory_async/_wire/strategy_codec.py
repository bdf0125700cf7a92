"""Strategies to the wire's JSON, checked on the way: pure, no await."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agentcore_memory_async._wire import control_rules as rules
from agentcore_memory_async._wire.validation import check_memory_strategy_id, kind, refuse
from agentcore_memory_async.strategies import (
    Configuration,
    CustomStrategy,
    EpisodicOverride,
    EpisodicReflection,
    EpisodicStrategy,
    IndexedKey,
    MetadataField,
    NamespaceKey,
    NewStrategy,
    PromptOverride,
    ReflectionOverride,
    SelfManaged,
    SemanticOverride,
    SemanticStrategy,
    StrategyChange,
    StreamDelivery,
    SummaryOverride,
    SummaryStrategy,
    UserPreferenceOverride,
    UserPreferenceStrategy,
)

Json = dict[str, Any]

KINDS: dict[type[NewStrategy], str] = {
    SemanticStrategy: "semanticMemoryStrategy",
    SummaryStrategy: "summaryMemoryStrategy",
    UserPreferenceStrategy: "userPreferenceMemoryStrategy",
    EpisodicStrategy: "episodicMemoryStrategy",
    CustomStrategy: "customMemoryStrategy",
}
"""Members that hold a strategy, by its class."""
OVERRIDES: dict[type[Configuration], str] = {
    SemanticOverride: "semantic",
    SummaryOverride: "summary",
    UserPreferenceOverride: "userPreference",
    EpisodicOverride: "episodic",
}
"""What the names of the members of an override begin with, by its class."""
STEPS = ("extraction", "consolidation", "reflection")
"""Steps of a strategy that can be overridden; attributes and members are named alike."""
REMOVE = "REMOVE"
"""The service's word for no expiry."""


Member = tuple[str, str, object, Callable[[str, Any], Any]]
"""A member: its name, the argument that it comes from, the value, and the check of it."""


def members(path: str, given: Sequence[Member], required: Sequence[str] = ()) -> Json:
    """Return the members that are *given*, checked; what is None is left out, or refused."""
    prefix = f"{path}." if path else ""
    return {
        member: check(f"{prefix}{argument}", value)
        for member, argument, value, check in given
        if value is not None or member in required
    }


def encode_strategies(argument: str, value: object) -> list[Json]:
    """Return the strategies of a new memory, or those that are added to one."""
    strategies = rules.check_items(argument, value, NewStrategy)
    encoded = [
        encode_strategy(f"{argument}[{place}]", each) for place, each in enumerate(strategies)
    ]
    rules.check_distinct(argument, [each.name for each in strategies])
    return encoded


def encode_strategy(path: str, strategy: object) -> Json:
    """Return a strategy of a new memory."""
    if not isinstance(strategy, NewStrategy):
        refuse(f"{path} is {kind(strategy)}; give a strategy, such as SemanticStrategy")
    member = next((KINDS[cls] for cls in type(strategy).__mro__ if cls in KINDS), None)
    if member is None:
        refuse(f"{path} is {kind(strategy)}; give one of its subclasses, such as SemanticStrategy")
    body = members(
        path,
        [
            ("name", "name", strategy.name, rules.NAME),
            ("description", "description", strategy.description, rules.DESCRIPTION),
            ("namespaceTemplates", "namespace_template", strategy.namespace_template, _templates),
            ("memoryRecordSchema", "record_schema", strategy.record_schema or None, _schema),
            (
                "recordExpirySpecification",
                "record_expiry_days",
                strategy.record_expiry_days,
                _expiry,
            ),
        ],
        required=("name",),
    )
    given: Member
    if isinstance(strategy, EpisodicStrategy):
        given = ("reflectionConfiguration", "reflection", strategy.reflection, _reflection)
        body |= members(path, [given])
    if isinstance(strategy, CustomStrategy):
        given = ("configuration", "configuration", strategy.configuration, _configuration)
        body |= members(path, [given])
    return {member: body}


def encode_changes(argument: str, value: object) -> list[Json]:
    """Return the changes of strategies."""
    changes = rules.check_items(argument, value, StrategyChange)
    return [encode_change(f"{argument}[{place}]", each) for place, each in enumerate(changes)]


def encode_change(path: str, change: StrategyChange) -> Json:
    """Return the change of a strategy."""
    steps: Json = {}
    prefix = f"{path}." if path else ""
    if change.configuration is not None and change.reflection is not None:
        refuse(
            f"{prefix}configuration and {prefix}reflection are both given, and both say what the "
            "strategy's steps are; an EpisodicOverride has a reflection of its own: give only one"
        )
    if change.configuration is not None:
        steps = _changed_steps(f"{prefix}configuration", change.configuration)
    if change.reflection is not None:
        encoded = _reflection(f"{prefix}reflection", change.reflection)
        steps["reflection"] = {"episodicReflectionConfiguration": encoded}
    body = members(
        path,
        [
            ("description", "description", change.description, rules.DESCRIPTION),
            ("namespaceTemplates", "namespace_template", change.namespace_template, _templates),
            ("memoryRecordSchema", "record_schema", change.record_schema or None, _schema),
            (
                "recordExpirySpecification",
                "record_expiry_days",
                change.record_expiry_days,
                _changed_expiry,
            ),
        ],
    )
    if not body and not steps:
        refuse(f"{path or 'the change'} changes nothing; give what is to be changed")
    strategy_id = check_memory_strategy_id(change.memory_strategy_id)
    body |= {"memoryStrategyId": strategy_id}
    return body | ({"configuration": steps} if steps else {})


def _templates(argument: str, value: object) -> list[str]:
    return [rules.TEMPLATE(argument, value)]


def _expiry(argument: str, value: object) -> Json:
    return {"recordExpiryDurationDays": rules.RECORD_EXPIRY_DAYS(argument, value)}


def _changed_expiry(argument: str, value: object) -> Json:
    return {"action": REMOVE} if value == REMOVE else _expiry(argument, value)


def _schema(argument: str, value: object) -> Json:
    fields = rules.check_items(argument, value, MetadataField, rules.MAX_SCHEMA)
    entries = [_field(f"{argument}[{place}]", each) for place, each in enumerate(fields)]
    rules.check_distinct(argument, [each.key for each in fields])
    return {"metadataSchema": entries}


def _field(path: str, given: MetadataField) -> Json:
    body = members(
        path,
        [
            ("key", "key", given.key, rules.METADATA_KEY),
            ("type", "type", given.type, rules.METADATA_TYPE),
            ("extractionType", "extraction_type", given.extraction_type, rules.EXTRACTION_TYPE),
        ],
        required=("key", "type", "extractionType"),
    )
    config = members(
        path,
        [
            ("definition", "definition", given.definition, rules.DEFINITION),
            ("llmExtractionInstruction", "instruction", given.instruction, rules.DEFINITION),
        ],
    )
    validation = _value_rules(path, given)
    if validation:
        config["validation"] = validation
    if config and "definition" not in config:
        refuse(f"{path} has no definition, which the model needs for the rest; give definition=")
    return body | ({"extractionConfig": {"llmExtractionConfig": config}} if config else {})


def _value_rules(path: str, given: MetadataField) -> Json:
    """Return the rules for the values of a key; each type has its own."""
    allowed, bounds = given.allowed_values or None, (given.min_value, given.max_value)
    item = rules.ALLOWED_STRING if given.type == "STRING" else rules.ALLOWED_LIST_ITEM
    found = members(
        path,
        [
            ("allowedValues", "allowed_values", allowed, _allowed(item)),
            ("maxItems", "max_items", given.max_items, rules.MAX_ITEMS),
            ("minValue", "min_value", given.min_value, rules.check_number),
            ("maxValue", "max_value", given.max_value, rules.check_number),
        ],
    )
    mine = {
        "STRING": {"allowedValues"},
        "STRINGLIST": {"allowedValues", "maxItems"},
        "NUMBER": {"minValue", "maxValue"},
    }[given.type]
    if found.keys() - mine:
        refuse(
            f"{path} is a {given.type} with rules of another type; allowed_values are for STRING "
            "and STRINGLIST, max_items for STRINGLIST, min_value and max_value for NUMBER"
        )
    if None not in bounds and found["minValue"] > found["maxValue"]:
        refuse(f"{path} has a min_value above its max_value; swap them")
    member = {"STRING": "string", "STRINGLIST": "stringList", "NUMBER": "number"}[given.type]
    return {f"{member}Validation": found} if found else {}


def _allowed(item: rules.TextRule) -> Callable[[str, object], list[str]]:
    """Return a check of allowed values, each of which *item* checks."""

    def check(argument: str, value: object) -> list[str]:
        texts = rules.check_items(argument, value, str, rules.MAX_ALLOWED)
        return [item(f"{argument}[{place}]", text) for place, text in enumerate(texts)]

    return check


def _reflection(argument: str, value: object) -> Json:
    if not isinstance(value, EpisodicReflection):
        refuse(f"{argument} is {kind(value)}; give an EpisodicReflection, or None")
    return _reflected(argument, value)


def _reflected(path: str, given: EpisodicReflection | ReflectionOverride) -> Json:
    return members(
        path,
        [
            ("namespaceTemplates", "namespace_template", given.namespace_template, _templates),
            ("memoryRecordSchema", "record_schema", given.record_schema or None, _schema),
        ],
    )


def _configuration(argument: str, value: object) -> Json:
    """Return the configuration of a new custom strategy."""
    if isinstance(value, SelfManaged):
        return {"selfManagedConfiguration": _self_managed(argument, value)}
    return {f"{_override_name(argument, value)}Override": _steps(argument, value)}


def _changed_steps(argument: str, value: object) -> Json:
    """Return the configuration of a change, whose steps are named by kind and step."""
    if isinstance(value, SelfManaged):
        return {"selfManagedConfiguration": _self_managed(argument, value)}
    name = _override_name(argument, value)
    found: Json = {}
    for step, body in _steps(argument, value).items():
        title = step.capitalize()
        found[step] = {f"custom{title}Configuration": {f"{name}{title}Override": body}}
    return found


def _override_name(argument: str, value: object) -> str:
    name = next((name for cls, name in OVERRIDES.items() if isinstance(value, cls)), None)
    if name is None:
        refuse(f"{argument} is {kind(value)}; give an override of a kind, SelfManaged, or None")
    return name


def _steps(path: str, override: object) -> Json:
    """Return the steps of an override."""
    given = [(step, step, getattr(override, step, None), _step) for step in STEPS]
    return members(path, given)


def _step(argument: str, value: object) -> Json:
    is_reflection = argument.endswith(".reflection")
    wanted: type[PromptOverride | ReflectionOverride]
    wanted = ReflectionOverride if is_reflection else PromptOverride
    if not isinstance(value, wanted):
        refuse(f"{argument} is {kind(value)}; give {wanted.__name__}(), or None")
    body = members(
        argument,
        [
            ("appendToPrompt", "append_to_prompt", value.append_to_prompt, rules.PROMPT),
            ("modelId", "model_id", value.model_id, rules.MODEL_ID),
        ],
        required=("appendToPrompt", "modelId"),
    )
    return body | (_reflected(argument, value) if isinstance(value, ReflectionOverride) else {})


def _self_managed(path: str, given: SelfManaged) -> Json:
    triggers = members(
        path,
        [
            ("messageBasedTrigger", "message_count", given.message_count, _count),
            ("tokenBasedTrigger", "token_count", given.token_count, _tokens),
            ("timeBasedTrigger", "idle_timeout_s", given.idle_timeout_s, _idle),
        ],
    )
    delivery = members(
        path,
        [
            ("topicArn", "topic_arn", given.topic_arn, rules.ARN),
            ("payloadDeliveryBucketName", "bucket_name", given.bucket_name, rules.BUCKET),
        ],
        required=("topicArn", "payloadDeliveryBucketName"),
    )
    body: Json = {"invocationConfiguration": delivery}
    if triggers:
        body["triggerConditions"] = [{name: trigger} for name, trigger in triggers.items()]
    context = given.context_messages
    return body | members(
        path,
        [("historicalContextWindowSize", "context_messages", context, rules.CONTEXT_MESSAGES)],
    )


def _count(argument: str, value: object) -> Json:
    return {"messageCount": rules.MESSAGE_COUNT(argument, value)}


def _tokens(argument: str, value: object) -> Json:
    return {"tokenCount": rules.TOKEN_COUNT(argument, value)}


def _idle(argument: str, value: object) -> Json:
    return {"idleSessionTimeout": rules.IDLE_TIMEOUT_S(argument, value)}


def encode_indexed_keys(argument: str, value: object) -> list[Json]:
    """Return indexed keys."""
    keys = rules.check_items(argument, value, IndexedKey, rules.MAX_INDEXED_KEYS)
    rules.check_distinct(argument, [each.key for each in keys])
    return [
        members(
            f"{argument}[{place}]",
            [
                ("key", "key", each.key, rules.METADATA_KEY),
                ("type", "type", each.type, rules.METADATA_TYPE),
            ],
            required=("key", "type"),
        )
        for place, each in enumerate(keys)
    ]


def encode_namespace_keys(argument: str, value: object) -> list[Json]:
    """Return namespace keys, which replace the memory's."""
    keys = rules.check_items(argument, value, NamespaceKey, rules.MAX_NAMESPACE_KEYS)
    rules.check_distinct(argument, [each.key for each in keys])
    return [_namespace_key(f"{argument}[{place}]", each) for place, each in enumerate(keys)]


def _namespace_key(path: str, given: NamespaceKey) -> Json:
    body: Json = {"key": rules.NAMESPACE_KEY(f"{path}.key", given.key)}
    allowed = given.allowed_values or None
    validation = members(
        path,
        [
            ("allowedValues", "allowed_values", allowed, _allowed(rules.NAMESPACE_VALUE)),
            ("regexPattern", "regex_pattern", given.regex_pattern, rules.REGEX),
        ],
    )
    return body | ({"validation": validation} if validation else {})


def encode_streams(argument: str, value: object) -> Json:
    """Return the streams that are told of records: one, or none."""
    streams = rules.check_items(argument, value, StreamDelivery, 1)
    return {
        "resources": [
            {"kinesis": _stream(f"{argument}[{place}]", each)} for place, each in enumerate(streams)
        ]
    }


def _stream(path: str, given: StreamDelivery) -> Json:
    level = rules.LEVEL(f"{path}.level", given.level)
    return {
        "dataStreamArn": rules.ARN(f"{path}.data_stream_arn", given.data_stream_arn),
        "contentConfigurations": [{"type": "MEMORY_RECORDS", "level": level}],
    }
