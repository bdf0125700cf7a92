"""When an event is extracted, and by which strategies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from agentcore_memory_async.local._storage.strategies import kind_of

if TYPE_CHECKING:
    from agentcore_memory_async.local.extractor import Strategy


#: Seconds or a timedelta for all strategies, or for each kind or name of strategy.
Delay = float | timedelta | Mapping[str, float | timedelta]

_USUAL_MS = 500


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
