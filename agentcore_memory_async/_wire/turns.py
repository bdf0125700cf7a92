"""
The order of a conversation: pure, over events in any order.

The service lists the newest first. The order of events in the same millisecond is not reliable, so
the last *k* messages are known only once an older event than theirs was seen.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

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
    return branch_of(event) == branch


def branch_of(event: Event) -> str | None:
    """Return the name of the branch of *event*; None for the main one."""
    return event.branch.name if event.branch else None


def chronological(events: Iterable[Event]) -> list[Event]:
    """Return *events* oldest first; within one millisecond the event id decides."""
    return sorted(events, key=_place)


def _place(event: Event) -> tuple[datetime, str]:
    return event.timestamp, event.event_id


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
    owners = {event.event_id: branch_of(event) for event in events}
    above = [branch]
    while (parent := owners.get(roots.get(above[-1]) or "")) and parent not in above:
        above.append(parent)
    heights: dict[str | None, float] = {name: -height for height, name in enumerate(above)}
    if branch:
        heights[None] = -inf

    def place(event: Event) -> tuple[float, datetime, str]:
        return heights.get(branch_of(event), -len(above)), *_place(event)

    return sorted(events, key=place)


class Newest:
    """
    Collects the newest events of one branch that have *k* messages of those that count.

    Feed it pages, newest first, until it is ``complete``. Then it has the right events, in whatever
    order the service lists those of the same millisecond.

    Args:
        k: Number of messages.
        branch: Branch that is read, without its parents; None for the main one.
        count: Counts those of an event's messages that count.
        fork: Event of the branch up to which it is read; None for all of it.

    Attributes:
        complete: Whether no further events are needed.
        root_event_id: Root of the branch, as the oldest event so far says that names it.
    """

    def __init__(
        self,
        k: int,
        branch: str | None = None,
        count: Callable[[Sequence[ConversationalMessage]], int] = len,
        fork: Event | None = None,
    ) -> None:
        self._k = k
        self._branch = branch
        self._count = count
        self._fork = fork
        self._events: list[Event] = []
        self._oldest_needed: datetime | None = None
        self.complete = False
        self._counted = 0
        self.root_event_id: str | None = None

    def feed(self, events: Iterable[Event]) -> None:
        """Add the next events, none of them newer than those before; others do not count."""
        for event in events:
            if not self._has(event):
                continue
            if self._oldest_needed is not None and event.timestamp < self._oldest_needed:
                self.complete = True
                return
            if event.branch:
                self.root_event_id = event.branch.root_event_id or self.root_event_id
            if event.messages:
                self._events.append(event)
                self._counted += self._count(event.messages)
                if self._counted >= self._k and self._oldest_needed is None:
                    self._oldest_needed = event.timestamp

    def _has(self, event: Event) -> bool:
        """Return whether the event is on the branch, and not after the fork."""
        is_before = self._fork is None or _place(event) <= _place(self._fork)
        return is_before and is_on_branch(event, self._branch)

    @property
    def missing(self) -> int:
        """Number of messages that the events so far have too few."""
        return max(0, self._k - self._counted)

    def above(self, root: Event) -> Newest:
        """Return what collects the missing messages, from the branch of *root* up to that."""
        return Newest(self.missing, branch_of(root), self._count, root)

    def events(self) -> list[Event]:
        """Return the events with messages so far, oldest first."""
        return chronological(self._events)


def turns(events: Iterable[Event]) -> list[Turn]:
    """Return the messages of *events*."""
    return [
        Turn(message.role, message.text, event.timestamp)
        for event in events
        for message in event.messages
    ]


def exchanges(events: Iterable[Event]) -> Exchanges:
    """Return the messages of *events* as exchanges: each message of the user begins one."""
    found: list[list[Turn]] = []
    for event in events:
        before = None
        for turn in turns([event]):
            if not found or _begins(before, turn):
                found.append([])
            found[-1].append(turn)
            before = turn
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
