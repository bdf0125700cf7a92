"""
Arguments that the official SDK calls by another name: pure, no await.

Code that comes from ``bedrock_agentcore.memory`` keeps its keywords. Each of our arguments has at
most one other name, and giving both is refused.
"""

from __future__ import annotations

from typing import TypeVar

from agentcore_memory_async._wire.validation import refuse

T = TypeVar("T")

SYNONYMS = {
    "branch_name": "branch",
    "event_timestamp": "timestamp",
    "include_payload": "include_payloads",
    "memory_id": "memory",
    "namespace_path": "namespace_prefix",
    "record_id": "memory_record_id",
    "strategy_id": "memory_strategy_id",
}
"""Our names of arguments, by those of the official SDK."""


def merged(value: T, default: T, **synonym: T | None) -> T:
    """
    Return the value of an argument that was given by one of its names.

    Args:
        value: What was given by our name.
        default: The argument's default, which means that it was not given.
        **synonym: What was given by the official SDK's name; None if nothing was.
    """
    [(name, other)] = synonym.items()
    if other is None:
        return value
    if value != default:
        refuse(f"{name} and {SYNONYMS[name]} are both given and mean the same; give only one")
    return other
