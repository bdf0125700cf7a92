"""
Strategies of a memory: what the control plane is told of what to extract, and where to file it.

``SemanticStrategy("facts", "/facts/{actorId}/")`` is the whole of a strategy in most cases.
"""

from agentcore_memory_async._models.strategies import (
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

__all__ = (
    "Configuration",
    "CustomStrategy",
    "EpisodicOverride",
    "EpisodicReflection",
    "EpisodicStrategy",
    "IndexedKey",
    "MetadataField",
    "NamespaceKey",
    "NewStrategy",
    "PromptOverride",
    "ReflectionOverride",
    "SelfManaged",
    "SemanticOverride",
    "SemanticStrategy",
    "StrategyChange",
    "StreamDelivery",
    "SummaryOverride",
    "SummaryStrategy",
    "UserPreferenceOverride",
    "UserPreferenceStrategy",
)
