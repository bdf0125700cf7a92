"""What a record can come from."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size
from agentcore_memory_async._models.events import Event
from agentcore_memory_async._models.messages import ConversationalMessage


@frozen
class Explanation(Model):
    """
    The events of a session that a record can come from.

    Attributes:
        events: Events, the likeliest first: those that are nearest to the record's time.
        keys: Keys of metadata by which they were found; none where only their time was known.
    """

    events: tuple[Event, ...] = field(repr=size)
    keys: tuple[str, ...] = ()

    @property
    def by(self) -> Literal["key", "time"]:
        """``key``: it can come from no other event of the session; ``time``: these were before."""
        return "key" if self.keys else "time"

    @property
    def messages(self) -> tuple[ConversationalMessage, ...]:
        """Messages of the events, in the same order."""
        return tuple(message for event in self.events for message in event.messages)
