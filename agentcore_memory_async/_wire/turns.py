"""
The order of a conversation: pure, over events in any order.

The service lists the newest first. The order of events in the same millisecond is not reliable, so
the last *k* messages are known only once an older event than theirs was seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from agentcore_memory_async._wire.payloads import is_full
from agentcore_memory_async.models import (
    ConversationalMessage,
    Event,
    Exchange,
    Exchanges,
    MessageRole,
    Turn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime


def is_on_branch(event: Event, branch: str | None) -> bool:
    """Return whether *event* is on *branch*; None is the main one."""
    return _branch_of(event) == branch


def _branch_of(event: Event) -> str | None:
    return event.branch.name if event.branch else None


def chronological(events: Iterable[Event]) -> list[Event]:
    """Return *events* oldest first; within one millisecond the event id decides."""
    return sorted(events, key=lambda event: (event.timestamp, event.event_id))


def in_order(events: Sequence[Event], branch: str | None) -> list[Event]:
    """
    Return events of *branch* and its parents in the order of the conversation.

    What a branch forks from comes before it, also where the clocks of two processes differ, or both
    events have the same time. The main branch comes first, and a parent that is unknown, since the
    root is not among the events, after it.
    """
    roots: dict[str | None, str | None] = {}
    for event in chronological(events):
        if event.branch and not roots.get(event.branch.name):
            roots[event.branch.name] = event.branch.root_event_id
    owners = {event.event_id: _branch_of(event) for event in events}
    above = [branch]
    while (parent := owners.get(roots.get(above[-1]) or "")) and parent not in above:
        above.append(parent)
    heights = {name: -height for height, name in enumerate(above)}
    heights[None] = -len(above) - 1 if branch else 0

    def place(event: Event) -> tuple[int, datetime, str]:
        return heights.get(_branch_of(event), -len(above)), event.timestamp, event.event_id

    return sorted(events, key=place)


class Newest:
    """
    Collects the newest events that have *k* messages of those that count.

    Feed it pages, newest first, until it is ``complete``. Then it has the right events, in whatever
    order the service lists those of the same millisecond.

    Args:
        k: Number of messages.
        branch: Branch that is read, maybe with its parents; None for the main one.
        count: Counts those of an event's messages that count.
    """

    def __init__(
        self,
        k: int,
        branch: str | None = None,
        count: Callable[[Sequence[ConversationalMessage]], int] = len,
    ) -> None:
        self._k = k
        self._branch = branch
        self._count = count
        self._events: list[Event] = []
        self._counted = 0
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
                self._counted += self._count(event.messages)
                if self._counted >= self._k and self._oldest_needed is None:
                    self._oldest_needed = event.timestamp
            elif self._branch is not None:  # it may be what a branch forks from
                self._events.append(evolve(event, payload=None))

    def turns(self) -> list[Turn]:
        """Return the messages of the events so far, oldest first."""
        return [
            Turn(message.role, message.text, event.timestamp)
            for event in in_order(self._events, self._branch)
            for message in event.messages
        ]


def exchanges(turns: Iterable[Turn]) -> Exchanges:
    """Return *turns* as exchanges: each message of the user begins one."""
    found: list[list[Turn]] = []
    for turn in turns:
        last = found[-1][-1] if found else None
        if last is None or _begins(last if last.timestamp == turn.timestamp else None, turn):
            found.append([])
        found[-1].append(turn)
    return Exchanges(tuple(Exchange(tuple(each)) for each in found))


def count_exchanges(messages: Sequence[ConversationalMessage]) -> int:
    """Return how many exchanges the messages of an event begin."""
    return sum(map(_begins, (None, *messages), messages))


def _begins(
    before: ConversationalMessage | Turn | None, message: ConversationalMessage | Turn
) -> bool:
    """
    Return whether the user begins anew with *message*.

    A text that is too long for a message is stored in parts, which belong together. The one
    *before* it may only be of the same event.
    """
    is_part = before and before.role is MessageRole.USER and is_full(before.text)
    return message.role is MessageRole.USER and not is_part
