"""
The order of a conversation: pure, over events in any order.

The service lists newest first. Events of one millisecond come in no order that can be relied on,
so the last *k* messages are known only when an event older than theirs was seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.models import Event, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


def is_on_branch(event: Event, branch: str | None) -> bool:
    """Tell whether *event* is on the branch; None is the main one."""
    return (event.branch.name if event.branch else None) == branch


def chronological(events: Iterable[Event]) -> list[Event]:
    """Sort oldest first; the event id decides within one millisecond."""
    return sorted(events, key=lambda event: (event.timestamp, event.event_id))


class LastTurns:
    """
    Collects the newest *k* messages from events that come newest first.

    Feed it pages until ``complete``; then ``turns()`` are right, whatever the order of ties.
    """

    def __init__(self, k: int) -> None:
        self._k = k
        self._events: list[Event] = []
        self._messages = 0
        self._border: datetime | None = None
        self.complete = False

    def feed(self, events: Sequence[Event]) -> None:
        """Take the next events, each not newer than those before."""
        for event in events:
            if self._border is not None and event.timestamp < self._border:
                self.complete = True
                return
            if event.messages:
                self._events.append(event)
                self._messages += len(event.messages)
                if self._messages >= self._k and self._border is None:
                    self._border = event.timestamp

    def turns(self) -> list[Turn]:
        """Give the newest *k* messages of what was fed, oldest first."""
        turns = [
            Turn(message.role, message.text, event.timestamp)
            for event in chronological(self._events)
            for message in event.messages
        ]
        return turns[-self._k :]
