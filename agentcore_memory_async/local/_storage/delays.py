"""Delays from an event to its extraction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

from agentcore_memory_async.local._storage.strategies import kind_of
from agentcore_memory_async.local.behavior import Duration, duration_ms

if TYPE_CHECKING:
    from agentcore_memory_async.local.extractor import Strategy


ExtractionDelay: TypeAlias = Duration | Mapping[str, Duration]
"""A duration for all strategies, or for each kind, name or id of a strategy."""

_USUAL_MS = 500
"""Default delay in milliseconds; AWS takes about 90 s."""
_NAME = "extraction_delay"
"""Name of the argument, for errors."""


@frozen
class Delays:
    """
    Time from an event to its extraction.

    Attributes:
        usual_ms: Delay of strategies that are not named.
        named_ms: Delays by the kind (``SUMMARIZATION``), name or id of a strategy.
    """

    usual_ms: int = _USUAL_MS
    named_ms: Mapping[str, int] = field(factory=dict[str, int])

    @property
    def shortest_s(self) -> float:
        """Delay in seconds before which nothing is extracted."""
        return min([self.usual_ms, *self.named_ms.values()]) / 1000

    @classmethod
    def of(cls, delay: ExtractionDelay) -> Delays:
        """Return the delays that a user wants; ``"*"`` in a mapping names the rest."""
        if not isinstance(delay, Mapping):
            return cls(duration_ms(delay, _NAME))
        named = {name: duration_ms(value, _NAME) for name, value in delay.items()}
        return cls(named.pop("*", _USUAL_MS), named)

    def after_ms(self, strategy: Strategy) -> int:
        """Return the delay of *strategy*."""
        kind = kind_of(strategy) or strategy.kind
        for name in (strategy.strategy_id, strategy.name, kind, strategy.kind):
            if name in self.named_ms:
                return self.named_ms[name]
        return self.usual_ms
