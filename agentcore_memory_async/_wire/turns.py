"""
The order of a conversation: pure, over events in any order.

The service lists the newest first. The order of events in the same millisecond is not reliable, so
the last *k* messages are known only once an older event than theirs was seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.models import Event, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


def is_on_branch(event: Event, branch: str | None) -> bool:
    """Return whether *event* is on *branch*; None is the main one."""
    return (event.branch.name if event.branch else None) == branch


def chronological(events: Iterable[Event]) -> list[Event]:
    """Return *events* oldest first; within one millisecond the event id decides."""
    return sorted(events, key=lambda event: (event.timestamp, event.event_id))


class LastTurns:
    """
    Collects the newest *k* messages from events that come newest first.

    Feed it pages until it is ``complete``. Then ``turns()`` returns the right messages, in whatever
    order the service lists events of the same millisecond.
    """

    def __init__(self, k: int) -> None:
        self._k = k
        self._events: list[Event] = []
        self._messages = 0
        self._oldest_needed: datetime | None = None
        self.complete = False

    def feed(self, events: Sequence[Event]) -> None:
        """Add the next events, none of them newer than those before."""
        for event in events:
            if self._oldest_needed is not None and event.timestamp < self._oldest_needed:
                self.complete = True
                return
            if event.messages:
                self._events.append(event)
                self._messages += len(event.messages)
                if self._messages >= self._k and self._oldest_needed is None:
                    self._oldest_needed = event.timestamp

    def turns(self) -> list[Turn]:
        """Return the newest *k* messages so far, oldest first."""
        turns = [
            Turn(message.role, message.text, event.timestamp)
            for event in chronological(self._events)
            for message in event.messages
        ]
        return turns[-self._k :]
