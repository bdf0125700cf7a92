"""
Arguments that the official SDK calls by another name: pure, no await.

Code that comes from ``bedrock_agentcore.memory`` keeps its keywords. Giving two names of the same
argument is refused, whatever their values are. So the default of an argument that has other names
is None, or an object that no caller gives.
"""

from __future__ import annotations

from typing import TypeVar

from agentcore_memory_async._wire.validation import refuse

T = TypeVar("T")

SYNONYMS = {
    "branch_name": "branch",
    "delete_strategy_ids": "delete_strategies",
    "eventMetadata": "filters",
    "event_metadata": "filters",
    "event_timestamp": "timestamp",
    "include_payload": "include_payloads",
    "memory_id": "memory",
    "metadata_filters": "filters",
    "namespace_path": "namespace_prefix",
    "record_id": "memory_record_id",
    "strategy_id": "memory_strategy_id",
}
"""Our names of arguments, by those of the official SDK."""


class _Omitted(str):
    """A default that is told from equal text that was given."""

    __slots__ = ()


EVERYWHERE: str = _Omitted("/")
"""Default of a namespace prefix."""


def merged(value: T, default: T, **synonyms: T | None) -> T:
    """
    Return the value of an argument that was given by one of its names.

    Args:
        value: What was given by our name.
        default: The argument's default, the very object, which means that it was not given.
        **synonyms: What was given by the official SDK's names; None if nothing was.
    """
    given = {name: other for name, other in synonyms.items() if other is not None}
    if value is not default:
        given = {SYNONYMS[next(iter(synonyms))]: value, **given}
    if len(given) > 1:
        first, second, *_ = reversed(given)
        refuse(f"{first} and {second} are both given and mean the same; give only one")
    return next(iter(given.values()), default)
