"""Blobs that are objects or lists, as Java prints them: seen on AWS."""

from __future__ import annotations

import json

from agentcore_memory_async.local._api.members import as_array, as_object


def java_to_string(value: object) -> str:
    """Return *value* as ``toString`` of Java's maps and lists returns it: ``{a=1, b=[x]}``."""
    kind = type(value)
    if kind is dict:
        items = (f"{name}={java_to_string(item)}" for name, item in as_object(value).items())
        return "{" + ", ".join(items) + "}"
    if kind is list:
        return "[" + ", ".join(java_to_string(item) for item in as_array(value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
