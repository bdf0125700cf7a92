"""Memories and their strategies, as the control plane answers with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size, size_if_any
from agentcore_memory_async._models.strategies import (
    Configuration,
    EpisodicOverride,
    EpisodicReflection,
    IndexedKey,
    MetadataField,
    NamespaceKey,
    ReflectionOverride,
    StreamDelivery,
)


@frozen
class MemoryStrategy(Model):
    """
    A strategy of a memory.

    Attributes:
        memory_strategy_id: Strategy id, which records name.
        name: Name.
        type: ``SEMANTIC``, ``SUMMARIZATION``, ``USER_PREFERENCE``, ``EPISODIC``, ``CUSTOM``, or a
            newer one.
        status: ``CREATING``, ``ACTIVE``, ``DELETING`` or ``FAILED``; None where the service names
            none.
        namespaces: Templates of the namespaces under which its records are filed.
        description: Description.
        configuration: Steps of a custom strategy; as it came, where this package does not know it.
        reflection: Reflection of an episodic strategy.
        record_schema: Metadata of its records.
        record_expiry_days: Days after which a record expires; None for never.
        created_at: When it was made, UTC.
        updated_at: When it was last changed, UTC.
        extra: Members that this package does not know, as they came.
    """

    memory_strategy_id: str
    name: str
    type: str
    status: str | None
    namespaces: tuple[str, ...]
    description: str | None = field(default=None, repr=size_if_any)
    configuration: Configuration | Mapping[str, Any] | None = field(
        default=None, repr=size_if_any, hash=False
    )
    reflection: EpisodicReflection | None = None
    record_schema: tuple[MetadataField, ...] = ()
    record_expiry_days: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=size, hash=False)

    @property
    def reflection_step(self) -> EpisodicReflection | ReflectionOverride | None:
        """How it reflects: by the override of a custom strategy, else by ``reflection``."""
        if isinstance(self.configuration, EpisodicOverride) and self.configuration.reflection:
            return self.configuration.reflection
        return self.reflection

    def templates(self) -> dict[str, str]:
        """Return the templates of its records, and of its reflections, by name."""
        found: dict[str, str] = {}
        if self.namespaces:
            found[self.name] = self.namespaces[0]
        reflection = self.reflection_step
        if reflection is not None and reflection.namespace_template:
            found[f"{self.name}.reflection"] = reflection.namespace_template
        return found


@frozen
class MemorySummary(Model):
    """
    A memory of a list, which has less than the memory itself.

    Attributes:
        memory_id: Memory id.
        arn: ARN; None where the service names none.
        status: As in `Memory`; None where the service names none.
        created_at: When it was made, UTC.
        updated_at: When it was last changed, UTC.
        managed_by_resource_arn: Resource through which alone its strategies can be changed.
    """

    memory_id: str
    arn: str | None
    status: str | None
    created_at: datetime
    updated_at: datetime
    managed_by_resource_arn: str | None = None


@frozen(repr=False)
class MemoryDifference(Model):
    """
    In what an existing memory is not as it is wanted.

    Attributes:
        what: Argument of ``get_or_create_memory``, such as ``event_expiry_days`` or
            ``strategies['facts'].namespace_template``.
        wanted: Value that was asked for; None for nothing.
        found: Value of the memory; None for nothing.
    """

    what: str
    wanted: object = field(hash=False)
    found: object = field(hash=False)

    def __repr__(self) -> str:
        show = size_if_any if self.what.endswith(("description", "tags")) else repr
        name = type(self).__name__
        return f"{name}({self.what!r}, wanted={show(self.wanted)}, found={show(self.found)})"


@frozen
class Memory(Model):
    """
    A memory.

    Attributes:
        memory_id: Memory id: its name, ``-`` and 10 letters or digits.
        arn: ARN.
        name: Name.
        status: ``CREATING``, ``ACTIVE``, ``UPDATING``, ``DELETING``, ``FAILED``, or a newer one.
        strategies: Strategies.
        event_expiry_days: Days for which events are kept.
        description: Description.
        failure_reason: Why it is ``FAILED``; None otherwise.
        encryption_key_arn: ARN of the KMS key of yours that encrypts it; None for the service's.
        memory_execution_role_arn: ARN of the role by which custom strategies and streams work.
        indexed_keys: Metadata keys by which records can be filtered.
        namespace_keys: Variables of its own that its namespace templates may use.
        stream_delivery: Streams that are told of its records, at most one.
        managed_by_resource_arn: Resource through which alone its strategies can be changed.
        created_at: When it was made, UTC.
        updated_at: When it was last changed, UTC.
        differences: Of ``get_or_create_memory``: in what it is not as it was wanted.
        extra: Members that this package does not know, as they came.
    """

    memory_id: str
    arn: str
    name: str
    status: str
    strategies: tuple[MemoryStrategy, ...]
    event_expiry_days: int
    description: str | None = field(default=None, repr=size_if_any)
    failure_reason: str | None = None
    encryption_key_arn: str | None = None
    memory_execution_role_arn: str | None = None
    indexed_keys: tuple[IndexedKey, ...] = ()
    namespace_keys: tuple[NamespaceKey, ...] = ()
    stream_delivery: tuple[StreamDelivery, ...] = ()
    managed_by_resource_arn: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    differences: tuple[MemoryDifference, ...] = ()
    extra: Mapping[str, Any] = field(factory=dict[str, Any], repr=size, hash=False)

    @property
    def namespaces(self) -> dict[str, str]:
        """
        Namespace templates by the names of their strategies, ``{memoryStrategyId}`` filled in.

        Those of the reflections of an episodic strategy are under its name and ``.reflection``.
        """
        found: dict[str, str] = {}
        for strategy in self.strategies:
            if strategy.status == "DELETING":
                continue
            for name, template in strategy.templates().items():
                found[name] = template.replace("{memoryStrategyId}", strategy.memory_strategy_id)
        return found
