"""Events as the extraction reads them: some by their ids, or a few before another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.sessions import SessionKey


_SELECT = (
    "SELECT event_id, event_ms, payload, variables, metadata, strategies, hidden FROM events "
    "WHERE memory_id = ? AND actor_id = ? AND session_id = ?"
)
"""Statement for a session's events, hidden ones included; its parameters are a `SessionKey`."""


@frozen
class SourceEvent:
    """
    An event as the extraction reads it.

    Attributes:
        event_id: Event id.
        event_ms: Timestamp that the caller gave.
        payload: Items of the payload.
        variables: Namespace variables.
        metadata: Metadata.
        strategy_ids: Strategies that may read it; None, from before this was kept, for all.
        is_ingested: Whether it is content that is dropped once it was read.
    """

    event_id: str
    event_ms: int
    payload: list[dict[str, Any]]
    variables: dict[str, str]
    metadata: dict[str, Any]
    strategy_ids: frozenset[str] | None
    is_ingested: bool

    def is_for(self, strategy_id: str) -> bool:
        """Return whether the strategy may extract records from this event."""
        return self.strategy_ids is None or strategy_id in self.strategy_ids


def find_source_events(
    transaction: Transaction, key: SessionKey, event_ids: Iterable[str]
) -> list[SourceEvent]:
    """Return those of the events that there are, oldest first."""
    rows = transaction.db.execute(
        f"{_SELECT} AND event_id IN (SELECT value FROM json_each(?)) ORDER BY event_id",
        (*key, json.dumps(list(event_ids))),
    )
    return [_source_event(row) for row in rows]


def source_events_before(
    transaction: Transaction, key: SessionKey, event_id: str, limit: int
) -> list[SourceEvent]:
    """Return the last *limit* events before an event, oldest first."""
    rows = transaction.db.execute(
        f"{_SELECT} AND event_id < ? ORDER BY event_id DESC LIMIT ?", (*key, event_id, limit)
    ).fetchall()
    return [_source_event(row) for row in reversed(rows)]


def _source_event(row: tuple[Any, ...]) -> SourceEvent:
    event_id, event_ms, payload, variables, metadata, strategies, hidden = row
    return SourceEvent(
        event_id,
        event_ms,
        json.loads(payload),
        json.loads(variables or "{}"),
        json.loads(metadata or "{}"),
        None if strategies is None else frozenset(json.loads(strategies)),
        bool(hidden),
    )
