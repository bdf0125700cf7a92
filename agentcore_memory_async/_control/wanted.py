"""What a memory is wanted to be, beside what it is: pure, no await."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from agentcore_memory_async._models.base import Model
from agentcore_memory_async._wire import control_rules as rules
from agentcore_memory_async._wire import strategy_codec as codec
from agentcore_memory_async.models import MemoryDifference
from agentcore_memory_async.strategies import (
    CustomStrategy,
    EpisodicStrategy,
    NewStrategy,
    SemanticStrategy,
    SummaryStrategy,
    UserPreferenceStrategy,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agentcore_memory_async.models import Memory, MemoryStrategy
    from agentcore_memory_async.strategies import IndexedKey, NamespaceKey, StreamDelivery

DEFAULT_EVENT_EXPIRY_DAYS = 90
"""Days for which events are kept where a caller names none."""
_USUAL_ID = re.compile(r"([a-zA-Z][a-zA-Z0-9_]{0,47})-[a-zA-Z0-9]{10}")
"""The id of a memory as the service makes it: its name, ``-`` and 10 characters."""
_TYPES: dict[type[NewStrategy], str] = {
    SemanticStrategy: "SEMANTIC",
    SummaryStrategy: "SUMMARIZATION",
    UserPreferenceStrategy: "USER_PREFERENCE",
    EpisodicStrategy: "EPISODIC",
    CustomStrategy: "CUSTOM",
}
"""The service's types of strategies, by class."""


@frozen(kw_only=True)
class Wanted:
    """
    The arguments of a new memory; None is left to the service.

    Attributes:
        name: As in ``create_memory``, like all of them.
        strategies: As there.
        event_expiry_days: As there.
        description: As there.
        indexed_keys: As there.
        namespace_keys: As there.
        memory_execution_role_arn: As there.
        encryption_key_arn: As there.
        stream_delivery: As there.
        tags: As there.
    """

    name: str
    strategies: Sequence[NewStrategy] | None
    event_expiry_days: int | None
    description: str | None
    indexed_keys: Sequence[IndexedKey] | None
    namespace_keys: Sequence[NamespaceKey] | None
    memory_execution_role_arn: str | None
    encryption_key_arn: str | None
    stream_delivery: Sequence[StreamDelivery] | None
    tags: Mapping[str, str] | None

    def request(self) -> dict[str, Any]:
        """
        Return the members of CreateMemory, without a token.

        Raises:
            InvalidInputError: An argument is invalid.
        """
        days = self.event_expiry_days
        given: list[codec.Member] = [
            ("name", "name", self.name, rules.NAME),
            (
                "eventExpiryDuration",
                "event_expiry_days",
                DEFAULT_EVENT_EXPIRY_DAYS if days is None else days,
                rules.EVENT_EXPIRY_DAYS,
            ),
            ("description", "description", self.description, rules.DESCRIPTION),
            (
                "memoryExecutionRoleArn",
                "memory_execution_role_arn",
                self.memory_execution_role_arn,
                rules.ARN,
            ),
            ("encryptionKeyArn", "encryption_key_arn", self.encryption_key_arn, rules.ARN),
            ("memoryStrategies", "strategies", self.strategies, codec.encode_strategies),
            ("indexedKeys", "indexed_keys", self.indexed_keys or None, codec.encode_indexed_keys),
            ("namespaceKeys", "namespace_keys", self.namespace_keys, codec.encode_namespace_keys),
            (
                "streamDeliveryResources",
                "stream_delivery",
                self.stream_delivery,
                codec.encode_streams,
            ),
            ("tags", "tags", self.tags, rules.check_tags),
        ]
        return codec.members("", given, required=("name",))


def may_be_named(memory_id: str, name: str) -> bool:
    """
    Return whether the memory of that id may have that name: a list shows no names.

    An id of another form than the service's own says nothing of the name.
    """
    usual = _USUAL_ID.fullmatch(memory_id)
    return usual is None or usual[1] == name


def find_differences(
    wanted: Wanted, memory: Memory, tags: Mapping[str, str] | None
) -> tuple[MemoryDifference, ...]:
    """
    Return in what *memory* is not as it is wanted; what is None is not compared.

    Args:
        wanted: What was asked for.
        memory: The memory that exists.
        tags: Its tags; None where they were not asked for.
    """
    return tuple(_differences(wanted, memory, tags))


def _differences(
    wanted: Wanted, memory: Memory, tags: Mapping[str, str] | None
) -> Iterator[MemoryDifference]:
    for name in (
        "event_expiry_days",
        "description",
        "memory_execution_role_arn",
        "encryption_key_arn",
    ):
        yield from _differing(name, getattr(wanted, name), getattr(memory, name))
    for name in ("indexed_keys", "namespace_keys", "stream_delivery"):
        given = getattr(wanted, name)
        if given is not None and set(given) != set(getattr(memory, name)):
            yield MemoryDifference(name, tuple(given), getattr(memory, name))
    if wanted.tags is not None and tags is not None and not wanted.tags.items() <= tags.items():
        found = {key: tags[key] for key in wanted.tags if key in tags}
        yield MemoryDifference("tags", dict(wanted.tags), found)
    if wanted.strategies is not None:
        yield from _strategies(wanted.strategies, memory.strategies)


def _strategies(
    wanted: Iterable[NewStrategy], found: Iterable[MemoryStrategy]
) -> Iterator[MemoryDifference]:
    there = {each.name: each for each in found if each.status != "DELETING"}
    for strategy in wanted:
        known = there.pop(strategy.name, None)
        what = f"strategies[{strategy.name!r}]"
        if known is None:
            yield MemoryDifference(what, strategy, None)
        else:
            yield from _strategy(what, strategy, known)
    for name, known in there.items():
        yield MemoryDifference(f"strategies[{name!r}]", None, known)


def _strategy(what: str, wanted: NewStrategy, found: MemoryStrategy) -> Iterator[MemoryDifference]:
    kind = next(kind for cls, kind in _TYPES.items() if isinstance(wanted, cls))
    yield from _differing(f"{what}.type", kind, found.type)
    template = found.namespaces[0] if found.namespaces else None
    yield from _differing(f"{what}.namespace_template", wanted.namespace_template, template)
    for name in ("description", "record_expiry_days"):
        yield from _differing(f"{what}.{name}", getattr(wanted, name), getattr(found, name))
    schema = wanted.record_schema
    if schema and set(schema) != set(found.record_schema):
        yield MemoryDifference(f"{what}.record_schema", schema, found.record_schema)
    if isinstance(wanted, EpisodicStrategy):
        yield from _parts(f"{what}.reflection", wanted.reflection, found.reflection)
    if isinstance(wanted, CustomStrategy):
        yield from _parts(f"{what}.configuration", wanted.configuration, found.configuration)


def _parts(what: str, wanted: object, found: object) -> Iterator[MemoryDifference]:
    if not _fits(wanted, found):
        yield MemoryDifference(what, wanted, found)


def _fits(wanted: object, found: object) -> bool:
    """Return whether all that is given in *wanted* is so in *found*; None and ``()`` are not."""
    if wanted is None or wanted == ():
        return True
    if isinstance(wanted, Model):
        value: Any = wanted  # attrs knows its subclasses only
        members = asdict(value, recurse=False)
        return type(wanted) is type(found) and all(
            _fits(member, getattr(found, name)) for name, member in members.items()
        )
    return bool(wanted == found)


def _differing(what: str, wanted: object, found: object) -> Iterator[MemoryDifference]:
    if wanted is not None and wanted != found:
        yield MemoryDifference(what, wanted, found)
