"""When an event is extracted, and by which strategies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.local._memories import Memory
    from agentcore_memory_async.local._store import Transaction
    from agentcore_memory_async.local._strategies import Strategy

__all__ = ("Delay", "Delays", "SessionKey", "kind_of", "queue_event")

SessionKey = tuple[str, str, str]  # memory, actor, session

#: Seconds or a timedelta for all strategies, or for each kind or name of strategy.
Delay = float | timedelta | Mapping[str, float | timedelta]

_USUAL_MS = 500
_KINDS = {
    "SEMANTIC_OVERRIDE": "SEMANTIC",
    "SUMMARY_OVERRIDE": "SUMMARIZATION",
    "USER_PREFERENCE_OVERRIDE": "USER_PREFERENCE",
    "EPISODIC_OVERRIDE": "EPISODIC",
    "SELF_MANAGED": None,
}


def kind_of(strategy: Strategy) -> str | None:
    """Return what a strategy extracts; a CUSTOM one what it overrides, None if self-managed."""
    if strategy.kind != "CUSTOM":
        return strategy.kind
    return _KINDS.get(strategy.override or "", "SEMANTIC")


@attrs.frozen
class Delays:
    """
    How long after an event its extraction is due, in milliseconds.

    Attributes:
        usual_ms: Of a strategy that is not named.
        named_ms: By the strategy's kind (``SUMMARIZATION``), name or id.
    """

    usual_ms: int = _USUAL_MS
    named_ms: Mapping[str, int] = attrs.field(factory=dict[str, int])

    @classmethod
    def of(cls, delay: Delay) -> Delays:
        """Read what a user gave; ``"*"`` in a mapping names the rest."""
        if not isinstance(delay, Mapping):
            return cls(_milliseconds(delay))
        named = {name: _milliseconds(value) for name, value in delay.items()}
        return cls(named.pop("*", _USUAL_MS), named)

    def after_ms(self, strategy: Strategy) -> int:
        """Return the delay of *strategy*."""
        kind = kind_of(strategy) or strategy.kind
        for name in (strategy.strategy_id, strategy.name, kind, strategy.kind):
            if name in self.named_ms:
                return self.named_ms[name]
        return self.usual_ms


def _milliseconds(duration: float | timedelta) -> int:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not 0 <= seconds < 10**9:
        message = f"an extraction delay is 0 seconds or more, not {duration!r}"
        raise ValueError(message)
    return round(seconds * 1000)


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
