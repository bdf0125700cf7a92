"""Events that wait for extraction, and by which strategies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local._storage.strategies import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._storage.delays import Delays
    from agentcore_memory_async.local._storage.memories import Memory


SessionKey = tuple[str, str, str]  # memory, actor, session


def queue_event(
    transaction: Transaction,
    memory: Memory,
    key: SessionKey,
    event_id: str,
    payload: Sequence[Mapping[str, Any]],
    now_ms: int,
    delays: Delays,
    *,
    skip: bool = False,
) -> list[int]:
    """
    Note that an event waits for extraction by the strategies that are ACTIVE now.

    No other strategy will ever read it; where it is to be skipped, none will.

    Returns:
        When it is due, once for each delay; empty where nothing in it can be extracted.
    """
    waiting: dict[int, list[str]] = {}
    reads = not skip and any("conversational" in item or "json" in item for item in payload)
    for strategy in memory.strategies if reads else ():
        if strategy.status == "ACTIVE" and kind_of(strategy) is not None:
            due_ms = now_ms + delays.after_ms(strategy)
            waiting.setdefault(due_ms, []).append(strategy.strategy_id)
    transaction.db.executemany(
        "INSERT INTO pending (memory_id, actor_id, session_id, event_id, strategies, due_ms) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [(*key, event_id, json.dumps(ids), due_ms) for due_ms, ids in waiting.items()],
    )
    transaction.db.execute(
        "UPDATE events SET strategies = ? "
        "WHERE memory_id = ? AND actor_id = ? AND session_id = ? AND event_id = ?",
        (json.dumps([item for ids in waiting.values() for item in ids]), *key, event_id),
    )
    return list(waiting)
