"""
Strategies of a memory, and what belongs to them, as values.

Each is given to the control plane, and read from it: nothing is checked here, so that what the
service answers is never refused. What is given is checked before it is sent.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size, size_if_any


def _items(value: Any) -> Any:
    """Return the items of a sequence; what is none is kept, and refused before it is sent."""
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


@frozen
class MetadataField(Model):
    """
    A key of the metadata of a strategy's records.

    Attributes:
        key: Key, 1 to 128 letters, digits, whitespace and ``. _ : / = + @ -``.
        type: ``STRING``, ``STRINGLIST`` or ``NUMBER``.
        extraction_type: ``LLM_INFERRED``: a model takes the value from the conversation.
            ``STRICTLY_CONSISTENT``: the value of the event's metadata is passed on unchanged, and
            records of different values are kept apart; the key is an indexed one of type
            ``STRING``, at most 3 of a strategy, none of a summary.
        definition: For the model: what the value means, 1 to 1,000 characters. The following need
            it.
        instruction: For the model: how to find it, 1 to 1,000 characters.
        allowed_values: Values of which it takes one (``STRING``) or some (``STRINGLIST``), at most
            10; empty for any.
        max_items: Largest number of values of a ``STRINGLIST``, 1 to 5.
        min_value: Least ``NUMBER``.
        max_value: Largest ``NUMBER``.
    """

    key: str
    type: str = "STRING"
    extraction_type: str = "LLM_INFERRED"
    definition: str | None = field(default=None, repr=size_if_any, kw_only=True)
    instruction: str | None = field(default=None, repr=size_if_any, kw_only=True)
    allowed_values: tuple[str, ...] = field(default=(), converter=_items, kw_only=True)
    max_items: int | None = field(default=None, kw_only=True)
    min_value: float | None = field(default=None, kw_only=True)
    max_value: float | None = field(default=None, kw_only=True)


@frozen
class EpisodicReflection(Model):
    """
    Where an episodic strategy files what it learns over several episodes.

    Attributes:
        namespace_template: Template that the episodes' own begins with; the service's if None.
        record_schema: Metadata of these records, at most 20 keys.
    """

    namespace_template: str | None = None
    record_schema: tuple[MetadataField, ...] = field(default=(), converter=_items, kw_only=True)


@frozen
class PromptOverride(Model):
    """
    One step of a strategy with instructions and a model of your own.

    Attributes:
        append_to_prompt: Instructions, 1 to 30,000 characters.
        model_id: Id of the Bedrock model, which the memory's execution role may use.
    """

    append_to_prompt: str = field(repr=size)
    model_id: str


@frozen
class ReflectionOverride(Model):
    """
    The reflection of an episodic strategy with instructions and a model of your own.

    Attributes:
        append_to_prompt: Instructions, 1 to 30,000 characters.
        model_id: Id of the Bedrock model.
        namespace_template: As in `EpisodicReflection`.
        record_schema: As in `EpisodicReflection`.
    """

    append_to_prompt: str = field(repr=size)
    model_id: str
    namespace_template: str | None = None
    record_schema: tuple[MetadataField, ...] = field(default=(), converter=_items, kw_only=True)


@frozen
class SemanticOverride(Model):
    """
    A semantic strategy with steps of your own; a step that is None stays the service's.

    Attributes:
        extraction: How facts are found.
        consolidation: How they are merged with those that are known.
    """

    extraction: PromptOverride | None = None
    consolidation: PromptOverride | None = None


@frozen
class UserPreferenceOverride(Model):
    """
    A user preference strategy with steps of your own; a step that is None stays the service's.

    Attributes:
        extraction: How preferences are found.
        consolidation: How they are merged with those that are known.
    """

    extraction: PromptOverride | None = None
    consolidation: PromptOverride | None = None


@frozen
class SummaryOverride(Model):
    """
    A summary strategy with instructions and a model of your own.

    Attributes:
        consolidation: How the summary is written.
    """

    consolidation: PromptOverride | None = None


@frozen
class EpisodicOverride(Model):
    """
    An episodic strategy with steps of your own; a step that is None stays the service's.

    Attributes:
        extraction: How the turns of an episode are read.
        consolidation: How they become an episode.
        reflection: How insights over several episodes are made.
    """

    extraction: PromptOverride | None = None
    consolidation: PromptOverride | None = None
    reflection: ReflectionOverride | None = None


@frozen
class SelfManaged(Model):
    """
    Extraction by a pipeline of your own: the service delivers conversations, you write records.

    Attributes:
        topic_arn: ARN of the SNS topic that is told of each delivery.
        bucket_name: Name of the S3 bucket into which conversations are delivered.
        message_count: Deliver after so many messages, 1 to 50.
        token_count: Deliver after so many tokens, 100 to 500,000.
        idle_timeout_s: Deliver after so many seconds without an event, 10 to 3,000.
        context_messages: Earlier messages that are delivered as well, 0 to 50; the service's
            number if None.
    """

    topic_arn: str
    bucket_name: str
    message_count: int | None = field(default=None, kw_only=True)
    token_count: int | None = field(default=None, kw_only=True)
    idle_timeout_s: int | None = field(default=None, kw_only=True)
    context_messages: int | None = field(default=None, kw_only=True)


Configuration = (
    SemanticOverride | UserPreferenceOverride | SummaryOverride | EpisodicOverride | SelfManaged
)
"""What a custom strategy does in its own way."""


@frozen
class NewStrategy(Model):
    """
    What every strategy of a new memory has; its subclasses are the kinds.

    Attributes:
        name: Name, a letter and up to 47 letters, digits and ``_``.
        namespace_template: Where its records are filed, such as ``/facts/{actorId}/``. It may use
            ``{actorId}``, ``{sessionId}``, ``{memoryStrategyId}`` and the memory's namespace keys;
            the service's own template if None.
        description: Description, 1 to 4,096 characters.
        record_schema: Metadata of its records, at most 20 keys.
        record_expiry_days: Days after which a record expires, 31 or more; never if None.
    """

    name: str
    namespace_template: str | None = None
    description: str | None = field(default=None, repr=size_if_any, kw_only=True)
    record_schema: tuple[MetadataField, ...] = field(default=(), converter=_items, kw_only=True)
    record_expiry_days: int | None = field(default=None, kw_only=True)


@frozen
class SemanticStrategy(NewStrategy):
    """Facts: what the conversation says, one sentence a record."""


@frozen
class SummaryStrategy(NewStrategy):
    """Summaries of each session, by topic; its namespace template has ``{sessionId}``."""


@frozen
class UserPreferenceStrategy(NewStrategy):
    """Preferences: what users like and want, with the context that it was learned from."""


@frozen
class EpisodicStrategy(NewStrategy):
    """
    Episodes: situations, what was done, and how it turned out; and insights over several.

    Attributes:
        reflection: Where the insights are filed; None for the service's way.
    """

    reflection: EpisodicReflection | None = field(default=None, kw_only=True)


@frozen
class CustomStrategy(NewStrategy):
    """
    A strategy whose steps you change, or that you run yourself.

    Attributes:
        configuration: Override of one of the kinds, or `SelfManaged`.
    """

    configuration: Configuration | None = field(default=None, kw_only=True)


@frozen
class StrategyChange(Model):
    """
    A change of a strategy; what is None stays as it is.

    Attributes:
        memory_strategy_id: Strategy id.
        namespace_template: New template.
        description: New description.
        configuration: New steps of a custom strategy.
        reflection: New reflection of an episodic strategy; that of a custom one is part of its
            configuration, so it is given without one.
        record_schema: New metadata of records, which replaces the old.
        record_expiry_days: Days after which a record expires; ``"REMOVE"`` for never.
    """

    memory_strategy_id: str
    namespace_template: str | None = field(default=None, kw_only=True)
    description: str | None = field(default=None, repr=size_if_any, kw_only=True)
    configuration: Configuration | None = field(default=None, kw_only=True)
    reflection: EpisodicReflection | None = field(default=None, kw_only=True)
    record_schema: tuple[MetadataField, ...] = field(default=(), converter=_items, kw_only=True)
    record_expiry_days: int | Literal["REMOVE"] | None = field(default=None, kw_only=True)


@frozen
class IndexedKey(Model):
    """
    A metadata key by which records can be filtered; it can never be removed.

    Attributes:
        key: Key, as in `MetadataField`.
        type: ``STRING``, ``STRINGLIST`` or ``NUMBER``.
    """

    key: str
    type: str = "STRING"


@frozen
class NamespaceKey(Model):
    """
    A variable of the memory's namespace templates, which events give a value.

    Attributes:
        key: Name, 1 to 32 lower-case letters and digits, the first a letter.
        allowed_values: Values that events may give, at most 10; empty for any.
        regex_pattern: Pattern of such a value, at most 64 characters. The service checks both.
    """

    key: str
    allowed_values: tuple[str, ...] = field(default=(), converter=_items, kw_only=True)
    regex_pattern: str | None = field(default=None, kw_only=True)


@frozen
class StreamDelivery(Model):
    """
    A Kinesis stream that is told of every record that is written, changed or deleted.

    Attributes:
        data_stream_arn: ARN of the stream, to which the memory's execution role may write.
        level: ``METADATA_ONLY`` or ``FULL_CONTENT``.
    """

    data_stream_arn: str
    level: str = "METADATA_ONLY"
