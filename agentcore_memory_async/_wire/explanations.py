"""What a record can come from: pure, over the events of a session."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from agentcore_memory_async._models.explanations import Explanation
from agentcore_memory_async._wire.metadata import OWN_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from agentcore_memory_async.models import Event, MemoryRecord

SKEW = timedelta(minutes=5)
"""How far a client's clock may be ahead: the service refuses a signature of a later time."""


def explain(record: MemoryRecord, events: Sequence[Event], exact_keys: Set[str]) -> Explanation:
    """
    Return the events that *record* can come from, the nearest in time first.

    Args:
        record: A record.
        events: All events of a session, newest first.
        exact_keys: Keys of metadata that were passed on to it unchanged.
    """
    entries = {
        key: value
        for key, value in record.metadata.items()
        if key in exact_keys and isinstance(value, str) and not key.startswith(OWN_KEYS)
    }
    said_at = record.timestamp or record.created_at
    latest = max(said_at, record.created_at) + SKEW
    found = [
        event
        for event in events
        if event.timestamp <= latest
        and all(event.metadata.get(key) == value for key, value in entries.items())
    ]
    found.sort(key=lambda event: abs(event.timestamp - said_at))
    return Explanation(tuple(found), tuple(sorted(entries)))
