"""Strategies and what belongs to them: every limit of the model, at its value and one beyond."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import InvalidInputError
from agentcore_memory_async._wire import control_rules as rules
from agentcore_memory_async._wire import service_model
from agentcore_memory_async._wire import strategy_codec as codec
from agentcore_memory_async._wire.service_model import CONTROL
from agentcore_memory_async.strategies import (
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
from tests.local.exchanges import request_problems

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPES = service_model.read("service-2", CONTROL)["shapes"]
ARN = "arn:aws:sns:us-west-2:123456789012:topic"
STEP = PromptOverride("p", "m")
WRONG: Any = "text"
WRONG_STEP: Any = STEP
WRONG_REFLECTION: Any = ReflectionOverride("p", "m")
TEXTS = [
    (rules.NAME, "Name"),
    (rules.DESCRIPTION, "Description"),
    (rules.ARN, "Arn"),
    (rules.TEMPLATE, "Namespace"),
    (rules.METADATA_KEY, "MetadataKey"),
    (rules.ALLOWED_STRING, "AllowedStringValue"),
    (rules.ALLOWED_LIST_ITEM, "AllowedStringListValue"),
    (rules.TAG_KEY, "TagKey"),
    (rules.TAG_VALUE, "TagValue"),
    (rules.DEFINITION, "Definition"),
    (rules.DEFINITION, "LlmExtractionInstruction"),
    (rules.PROMPT, "Prompt"),
    (rules.BUCKET, "InvocationConfigurationInputPayloadDeliveryBucketNameString"),
    (rules.BUCKET, "ModifyInvocationConfigurationInputPayloadDeliveryBucketNameString"),
    (rules.NAMESPACE_KEY, "NamespaceVariableKey"),
    (rules.NAMESPACE_VALUE, "NamespaceAllowedValue"),
    (rules.REGEX, "NamespaceRegexPattern"),
]
NUMBERS = [
    (rules.EVENT_EXPIRY_DAYS, "CreateMemoryInputEventExpiryDurationInteger"),
    (rules.EVENT_EXPIRY_DAYS, "UpdateMemoryInputEventExpiryDurationInteger"),
    (rules.RECORD_EXPIRY_DAYS, "RecordExpiryDurationDays"),
    (rules.MAX_ITEMS, "StringListValidationMaxItemsInteger"),
    (rules.MESSAGE_COUNT, "MessageBasedTriggerInputMessageCountInteger"),
    (rules.TOKEN_COUNT, "TokenBasedTriggerInputTokenCountInteger"),
    (rules.IDLE_TIMEOUT_S, "TimeBasedTriggerInputIdleSessionTimeoutInteger"),
    (rules.CONTEXT_MESSAGES, "SelfManagedConfigurationInputHistoricalContextWindowSizeInteger"),
    (rules.CONTEXT_MESSAGES, "ModifySelfManagedConfigurationHistoricalContextWindowSizeInteger"),
]
COUNTS = [
    (rules.MAX_SCHEMA, "MetadataSchemaList"),
    (rules.MAX_ALLOWED, "AllowedStringValuesList"),
    (rules.MAX_ALLOWED, "AllowedStringListValuesList"),
    (rules.MAX_ALLOWED, "NamespaceAllowedValuesList"),
    (rules.MAX_INDEXED_KEYS, "IndexedKeysList"),
    (rules.MAX_NAMESPACE_KEYS, "NamespaceKeysList"),
    (rules.MAX_TAGS, "TagsMap"),
    (1, "StreamDeliveryResourcesList"),
    (1, "NamespacesList"),
]
WORDS = [
    (rules.METADATA_TYPE, "MetadataValueType"),
    (rules.EXTRACTION_TYPE, "ExtractionType"),
    (rules.LEVEL, "ContentLevel"),
    (rules.VIEW, "MemoryView"),
]


def plain(pattern: str) -> str:
    """Return a pattern as both sides write it, without groups and escapes that change nothing."""
    return pattern.replace("\\-", "-").replace("\\/", "/").replace("(?:", "(")


@pytest.mark.parametrize(("rule", "shape"), TEXTS)
def test_texts_have_the_limits_of_the_model(rule: rules.TextRule, shape: str) -> None:
    """Patterns are those of the model, and so are lengths, where the pattern does not say them."""
    given = SHAPES[shape]
    if "pattern" in given:
        assert rule.pattern is not None
        theirs = plain(given["pattern"])
        if shape == "NamespaceVariableKey":  # one group around what the model writes out
            theirs = (
                theirs.replace("$|", "|")
                .replace("(?!", "(?!(")
                .replace("sessionId$)", "sessionId)$)")
            )
        assert plain(rule.pattern.pattern) == theirs
    if "max" in given:
        assert (given["min"], given["max"]) == (rule.least, rule.most)
    else:
        longest = {"Name": "a" * 48, "Arn": ":".join(["arn", *["a" * 63] * 4, "a" * 1024])}
        text = longest.get(shape, "a" * 63)
        assert (rule("x", text), len(text)) == (text, rule.most)
        with pytest.raises(InvalidInputError):
            rule("x", text + "a")


@pytest.mark.parametrize(("rule", "shape"), NUMBERS)
def test_numbers_have_the_limits_of_the_model(rule: rules.IntRule, shape: str) -> None:
    """Bounds are those of the model: in them a number is taken, one beyond it is not."""
    assert (rule.least, rule.most) == (SHAPES[shape]["min"], SHAPES[shape].get("max"))
    assert rule("x", rule.least) == rule.least
    bad: list[Any] = [rule.least - 1, None, "5", 5.0, True]
    if rule.most is not None:
        assert rule("x", rule.most) == rule.most
        bad.append(rule.most + 1)
    for value in bad:
        with pytest.raises(InvalidInputError, match=r"^x is"):
            rule("x", value)


@pytest.mark.parametrize(("count", "shape"), COUNTS)
def test_lists_have_the_limits_of_the_model(count: int, shape: str) -> None:
    """The largest numbers of items are those of the model."""
    assert count == SHAPES[shape]["max"]


@pytest.mark.parametrize(("rule", "shape"), WORDS)
def test_words_are_those_of_the_model(rule: rules.OneOf, shape: str) -> None:
    """Enumerated words are those of the model."""
    assert list(rule.words) == SHAPES[shape]["enum"]
    with pytest.raises(InvalidInputError, match="give"):
        rule("x", rule.words[0].swapcase())


FULL_SCHEMA = (
    MetadataField("topic", "STRING", "STRICTLY_CONSISTENT"),
    MetadataField("kind", definition="which", instruction="look", allowed_values=["a", "b"]),
    MetadataField("tags", "STRINGLIST", definition="which", allowed_values=["a"], max_items=5),
    MetadataField("stars", "NUMBER", definition="how many", min_value=0, max_value=5.5),
)
COMMON: dict[str, Any] = {
    "description": "d" * 4096,
    "record_schema": FULL_SCHEMA,
    "record_expiry_days": 31,
}
MANAGED = SelfManaged(
    ARN, "bucket", message_count=1, token_count=100, idle_timeout_s=10, context_messages=50
)
REFLECTED = ReflectionOverride("p", "m", "/r/", record_schema=FULL_SCHEMA)
CONFIGURATIONS: list[Any] = [
    SemanticOverride(STEP, STEP),
    SummaryOverride(STEP),
    UserPreferenceOverride(STEP),
    UserPreferenceOverride(None, STEP),
    EpisodicOverride(STEP, STEP, REFLECTED),
    EpisodicOverride(),
    MANAGED,
    SelfManaged(ARN, "bucket"),
]
STRATEGIES: list[NewStrategy] = [
    SemanticStrategy("facts", "/facts/{actorId}/"),
    SemanticStrategy("facts"),
    *(cls("s", "/s/{sessionId}/", **COMMON) for cls in (SemanticStrategy, SummaryStrategy)),
    UserPreferenceStrategy("s", "/s/", **COMMON),
    EpisodicStrategy(
        "s", "/s/", **COMMON, reflection=EpisodicReflection("/", record_schema=FULL_SCHEMA)
    ),
    EpisodicStrategy("s", "/s/", reflection=EpisodicReflection()),
    *(CustomStrategy("s", "/s/", **COMMON, configuration=each) for each in CONFIGURATIONS),
    CustomStrategy("s"),
]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_is_what_the_model_asks_for(strategy: NewStrategy) -> None:
    """What is sent is valid by botocore's own model, and leaves out what is not given."""
    request: dict[str, Any] = {
        "name": "chat",
        "eventExpiryDuration": 3,
        "memoryStrategies": codec.encode_strategies("strategies", [strategy]),
    }
    assert [] == request_problems("CreateMemory", request)
    assert "null" not in json.dumps(request)
    assert '"namespaces"' not in json.dumps(request)  # the deprecated member


CHANGES = [
    StrategyChange("facts-0123456789", namespace_template="/"),
    StrategyChange("facts-0123456789", description="x", record_schema=list(FULL_SCHEMA)),
    StrategyChange("facts-0123456789", record_expiry_days=31),
    StrategyChange("facts-0123456789", record_expiry_days="REMOVE"),
    StrategyChange(
        "facts-0123456789", reflection=EpisodicReflection("/r/", record_schema=FULL_SCHEMA)
    ),
    *(StrategyChange("facts-0123456789", configuration=each) for each in CONFIGURATIONS[:5]),
    StrategyChange("facts-0123456789", configuration=MANAGED),
]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_what_the_model_asks_for(change: StrategyChange) -> None:
    """A change is valid by botocore's own model."""
    modified = codec.encode_changes("modify_strategies", [change])
    request = {
        "memoryId": "chat-a1B2c3D4e5",
        "memoryStrategies": {"modifyMemoryStrategies": modified},
    }
    assert [] == request_problems("UpdateMemory", request)
    assert 1 < len(modified[0])


def test_keys_and_streams_are_what_the_model_asks_for() -> None:
    """Indexed keys, namespace keys and streams are valid by botocore's own model."""
    request = {
        "name": "chat",
        "eventExpiryDuration": 3650,
        "indexedKeys": codec.encode_indexed_keys(
            "indexed_keys", [IndexedKey(str(n), "NUMBER") for n in range(10)]
        ),
        "namespaceKeys": codec.encode_namespace_keys(
            "namespace_keys",
            [
                NamespaceKey("tenant", allowed_values=[str(n) for n in range(10)]),
                NamespaceKey("b", regex_pattern="[a-z]+"),
                NamespaceKey("c"),
            ],
        ),
        "streamDeliveryResources": codec.encode_streams(
            "stream_delivery", [StreamDelivery("arn:aws:kinesis:a:1:stream/x")]
        ),
        "tags": rules.check_tags("tags", {str(n): "" for n in range(50)}),
    }
    assert [] == request_problems("CreateMemory", request)
    assert codec.encode_streams("stream_delivery", []) == {"resources": []}


def field(**changes: Any) -> Any:
    """Return the encoding of a strategy with one metadata field."""
    given: dict[str, Any] = {"key": "k", "definition": "d", **changes}
    schema = [MetadataField(**given)]
    return codec.encode_strategy("strategy", SemanticStrategy("s", record_schema=schema))


def custom(configuration: Any) -> Any:
    """Return the encoding of a custom strategy."""
    return codec.encode_strategy("strategy", CustomStrategy("s", configuration=configuration))


def managed(**changes: Any) -> Any:
    """Return the encoding of a self-managed strategy."""
    return custom(SelfManaged(**{"topic_arn": ARN, "bucket_name": "bucket", **changes}))


def semantic(**changes: Any) -> Any:
    """Return the encoding of a semantic strategy."""
    return codec.encode_strategy("strategy", SemanticStrategy(**{"name": "s", **changes}))


BAD: list[tuple[str, Callable[[], object]]] = [
    ("strategy.name", lambda: semantic(name="a" * 49)),
    ("strategy.name", lambda: semantic(name="1a")),
    ("strategy.name is None", lambda: semantic(name=None)),
    ("strategy.namespace_template", lambda: semantic(namespace_template="/" * 513)),
    ("strategy.namespace_template", lambda: semantic(namespace_template="")),
    ("strategy.namespace_template", lambda: semantic(namespace_template="/{a b}/")),
    ("strategy.namespace_template", lambda: semantic(namespace_template=["/facts/"])),
    ("strategy.description", lambda: semantic(description="d" * 4097)),
    ("strategy.description is empty", lambda: semantic(description="")),
    ("strategy.record_expiry_days", lambda: semantic(record_expiry_days=30)),
    ("strategy.record_expiry_days", lambda: semantic(record_expiry_days="REMOVE")),
    (
        "strategy.record_schema",
        lambda: semantic(record_schema=[MetadataField(str(n)) for n in range(21)]),
    ),
    ("strategy.record_schema", lambda: semantic(record_schema="topic")),
    (r"strategy.record_schema\[0\]", lambda: semantic(record_schema=["topic"])),
    ("'k' more than once", lambda: semantic(record_schema=[MetadataField("k")] * 2)),
    ("strategy is str", lambda: codec.encode_strategy("strategy", "facts")),
    ("strategy is NewStrategy", lambda: codec.encode_strategy("strategy", NewStrategy("s"))),
    (
        "'s' more than once",
        lambda: codec.encode_strategies("strategies", [SemanticStrategy("s")] * 2),
    ),
    (
        "strategies is SemanticStrategy",
        lambda: codec.encode_strategies("strategies", SemanticStrategy("s")),
    ),
    (r"record_schema\[0\].key", lambda: field(key="ü")),
    (r"record_schema\[0\].key", lambda: field(key="")),
    (r"record_schema\[0\].type", lambda: field(type="DATE")),
    (r"record_schema\[0\].extraction_type", lambda: field(extraction_type="exact")),
    (r"record_schema\[0\].definition", lambda: field(definition="d" * 1001)),
    (r"record_schema\[0\].instruction", lambda: field(instruction="d" * 1001)),
    (
        r"record_schema\[0\].allowed_values has 11",
        lambda: field(allowed_values=[str(n) for n in range(11)]),
    ),
    (r"allowed_values\[0\]", lambda: field(allowed_values=["a" * 257])),
    (r"allowed_values\[0\]", lambda: field(type="STRINGLIST", allowed_values=["a" * 65])),
    (r"allowed_values is str", lambda: field(allowed_values="abc")),
    (r"max_items", lambda: field(type="STRINGLIST", max_items=6)),
    (r"min_value is no finite", lambda: field(type="NUMBER", min_value=float("nan"))),
    (r"max_value is no finite", lambda: field(type="NUMBER", max_value="5")),
    (r"min_value above", lambda: field(type="NUMBER", min_value=2, max_value=1)),
    (r"another type", lambda: field(type="NUMBER", allowed_values=["a"])),
    (r"another type", lambda: field(type="STRING", max_items=1)),
    (r"another type", lambda: field(type="STRING", min_value=1)),
    (r"has no definition", lambda: field(definition=None, instruction="look")),
    (r"has no definition", lambda: field(definition=None, allowed_values=["a"])),
    (
        "strategy.reflection",
        lambda: codec.encode_strategy("strategy", EpisodicStrategy("s", reflection=WRONG)),
    ),
    ("strategy.configuration", lambda: custom("semantic")),
    ("configuration.extraction is str", lambda: custom(SemanticOverride(WRONG))),
    (
        "configuration.extraction.append_to_prompt",
        lambda: custom(SemanticOverride(PromptOverride("p" * 30_001, "m"))),
    ),
    (
        "configuration.consolidation.append_to_prompt",
        lambda: custom(SummaryOverride(PromptOverride("", "m"))),
    ),
    (
        "configuration.consolidation.model_id",
        lambda: custom(SummaryOverride(PromptOverride("p", ""))),
    ),
    (
        "configuration.reflection is PromptOverride",
        lambda: custom(EpisodicOverride(reflection=WRONG_STEP)),
    ),
    (
        "configuration.extraction is ReflectionOverride",
        lambda: custom(EpisodicOverride(WRONG_REFLECTION)),
    ),
    ("configuration.topic_arn", lambda: managed(topic_arn="topic")),
    ("configuration.topic_arn is None", lambda: managed(topic_arn=None)),
    ("configuration.bucket_name", lambda: managed(bucket_name="Bucket")),
    ("configuration.bucket_name", lambda: managed(bucket_name="b")),
    ("configuration.message_count", lambda: managed(message_count=51)),
    ("configuration.token_count", lambda: managed(token_count=99)),
    ("configuration.token_count", lambda: managed(token_count=500_001)),
    ("configuration.idle_timeout_s", lambda: managed(idle_timeout_s=9)),
    ("configuration.context_messages", lambda: managed(context_messages=51)),
    ("changes nothing", lambda: codec.encode_change("", StrategyChange("facts-0123456789"))),
    ("memory_strategy_id", lambda: codec.encode_change("", StrategyChange("a b", description="x"))),
    ("^description", lambda: codec.encode_change("", StrategyChange("facts-1", description=""))),
    (
        "indexed_keys has 11",
        lambda: codec.encode_indexed_keys("indexed_keys", [IndexedKey(str(n)) for n in range(11)]),
    ),
    (
        r"indexed_keys\[0\].type",
        lambda: codec.encode_indexed_keys("indexed_keys", [IndexedKey("k", "X")]),
    ),
    (
        "'k' more than once",
        lambda: codec.encode_indexed_keys("indexed_keys", [IndexedKey("k")] * 2),
    ),
    (
        "namespace_keys has 6",
        lambda: codec.encode_namespace_keys(
            "namespace_keys", [NamespaceKey(f"k{n}") for n in range(6)]
        ),
    ),
    (
        r"namespace_keys\[0\].key",
        lambda: codec.encode_namespace_keys("namespace_keys", [NamespaceKey("actorId")]),
    ),
    (
        r"namespace_keys\[0\].key",
        lambda: codec.encode_namespace_keys("namespace_keys", [NamespaceKey("a" * 33)]),
    ),
    (
        r"allowed_values\[0\]",
        lambda: codec.encode_namespace_keys(
            "namespace_keys", [NamespaceKey("a", allowed_values=["A"])]
        ),
    ),
    (
        "regex_pattern",
        lambda: codec.encode_namespace_keys(
            "namespace_keys", [NamespaceKey("a", regex_pattern="a" * 65)]
        ),
    ),
    (
        "stream_delivery has 2",
        lambda: codec.encode_streams("stream_delivery", [StreamDelivery(ARN)] * 2),
    ),
    (
        "stream_delivery is StreamDelivery",
        lambda: codec.encode_streams("stream_delivery", StreamDelivery(ARN)),
    ),
    (
        r"stream_delivery\[0\].level",
        lambda: codec.encode_streams("stream_delivery", [StreamDelivery(ARN, "ALL")]),
    ),
    (
        r"stream_delivery\[0\].data_stream_arn",
        lambda: codec.encode_streams("stream_delivery", [StreamDelivery("x")]),
    ),
    ("tags has 51", lambda: rules.check_tags("tags", {str(n): "" for n in range(51)})),
    ("tags is list", lambda: rules.check_tags("tags", ["a"])),
    (r"tags\['a'\]", lambda: rules.check_tags("tags", {"a": "b" * 257})),
    ("a key of tags", lambda: rules.check_tags("tags", {"ü": "b"})),
    ("surrogate", lambda: semantic(description="\ud800")),
]


@pytest.mark.parametrize(("text", "call"), BAD)
def test_what_the_service_would_refuse_is_refused_here(
    text: str, call: Callable[[], object]
) -> None:
    """Each limit is one beyond its value; the error names the argument and what is allowed."""
    with pytest.raises(InvalidInputError, match=text) as caught:
        call()
    assert ";" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_a_change_never_drops_a_part(configuration: Any) -> None:
    """A configuration has its own reflection, so both are refused where both are given."""
    reflection = EpisodicReflection("/e/{actorId}/")
    change = StrategyChange("e-0123456789", configuration=configuration, reflection=reflection)
    for path in ("", "modify_strategies[0]"):
        with pytest.raises(InvalidInputError, match=r"both given.*give only one"):
            codec.encode_change(path, change)


def test_no_error_shows_a_prompt_or_a_description() -> None:
    """Prompts, descriptions and definitions are content."""
    calls: list[Callable[[], object]] = [
        lambda: semantic(description="CANARY" * 1000),
        lambda: custom(SemanticOverride(PromptOverride("CANARY" * 10_000, "m"))),
        lambda: field(definition="CANARY" * 1000),
    ]
    for call in calls:
        with pytest.raises(InvalidInputError) as caught:
            call()
        assert "CANARY" not in str(caught.value)
    shown = repr(
        [*STRATEGIES, PromptOverride("CANARY", "m"), SemanticStrategy("s", description="CANARY")]
    )
    assert "CANARY" not in shown
