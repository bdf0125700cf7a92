"""
Where a store keeps a namespace: a session for its items, and a path for what is searched.

Labels are any text. Each one is encoded by itself, so none can reach beyond its own place: neither
``/`` nor ``..`` is left in a path, and ``("a",)`` is no beginning of ``("ab",)``.
"""

from __future__ import annotations

import json
from typing import cast

from agentcore_memory_async import decode_actor_id, encode_actor_id, encode_session_id

Labels = tuple[str, ...]
"""A namespace of LangGraph."""

_ACTOR = "langgraph-store:"
"""Start of the name of a store's own actor, beside the one that has conversations."""
_ROOT = "/langgraph-store"
"""First part of the namespace of a record."""
_LONGEST = 1024
"""Characters of a namespace."""
_LONGEST_SESSION = 100
"""Characters of a session id."""


def actor_of(actor_id: str) -> str:
    """Return the id of the actor that has the store of *actor_id*."""
    encode_actor_id(actor_id)  # refuses what is no text
    return encode_actor_id(f"{_ACTOR}{actor_id}")


def session_of(labels: Labels) -> str:
    """Return the id of the session that has the items of a namespace."""
    return encode_session_id(json.dumps(labels))


def labels_of(session_id: str) -> Labels | None:
    """Return the namespace of a session; None where its id has only the digest of a long one."""
    try:
        found: object = json.loads(decode_actor_id(session_id))  # the encodings are the same
    except ValueError:
        return None
    return tuple(cast("list[str]", found)) if isinstance(found, list) else None


def path_of(actor_id: str, labels: Labels) -> str:
    """
    Return the path that has the records of a namespace, and those of the namespaces below it.

    A path has as many labels as it has room for, so it may reach further than the namespace, and
    never less far.
    """
    path = f"{_ROOT}/{actor_id}/"
    for label in labels:
        longer = f"{path}{encode_session_id(label)}/"
        if len(longer) + _LONGEST_SESSION + 1 > _LONGEST:
            break
        path = longer
    return path


def record_path(actor_id: str, labels: Labels) -> str:
    """Return the namespace of the records of a namespace's items: its session is the last part."""
    return f"{path_of(actor_id, labels)}{session_of(labels)}/"


def session_in(namespace: str) -> str:
    """Return the session that the namespace of a record names."""
    return namespace.rstrip("/").rpartition("/")[2]
