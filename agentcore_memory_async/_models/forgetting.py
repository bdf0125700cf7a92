"""Forgetting: how far it is, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size

ForgettingPhase = Literal["events", "records", "waiting"]
"""What forgetting is at: deleting events or records, or waiting whether more come."""
RemainingKind = Literal["event", "record"]
"""What may remain."""


@frozen
class ForgettingStep(Model):
    """
    How far forgetting is.

    Attributes:
        phase: ``events`` or ``records`` while these are deleted, ``waiting`` between two scans.
        done: How many of them this scan has gone through; seconds without any, while waiting.
        total: How many of them this scan found; seconds to wait, while waiting.
    """

    phase: ForgettingPhase
    done: int
    total: int


@frozen
class Deleted(Model):
    """
    What was deleted.

    Attributes:
        event_ids: Ids of events.
        memory_record_ids: Ids of long-term records.
    """

    event_ids: tuple[str, ...] = field(default=(), repr=size)
    memory_record_ids: tuple[str, ...] = field(default=(), repr=size)

    @property
    def events(self) -> int:
        """Number of events."""
        return len(self.event_ids)

    @property
    def records(self) -> int:
        """Number of long-term records."""
        return len(self.memory_record_ids)


@frozen
class Remaining(Model):
    """
    An event or a record that the last scan found and could not delete.

    Attributes:
        kind: ``event`` or ``record``.
        item_id: Its id; empty where the service's answer has none that can be read.
        place: Session id of an event, namespace of a record; empty where that is unknown.
        reason: Why it is there: what the service said, or that it is listed still, or that it may
            be of another actor, too.
    """

    kind: RemainingKind
    item_id: str
    place: str
    reason: str = field(repr=size)


@frozen
class NotCovered(Model):
    """
    What was not looked at, or cannot be deleted through any API.

    Attributes:
        what: Namespace template, or what else may have data.
        reason: Why it was left.
    """

    what: str
    reason: str


@frozen
class ForgettingReport(Model):
    """
    What was forgotten, and what was not.

    Attributes:
        deleted: What was deleted.
        remaining: What the last scan found and could not delete, each with its reason.
        not_covered: What was not looked at, or cannot be deleted, each with its reason.
        checked_until: When the last scan began, UTC, by the manager's clock. Nothing was seen then;
            what the service had not shown by then is not known.
    """

    deleted: Deleted
    remaining: tuple[Remaining, ...]
    not_covered: tuple[NotCovered, ...]
    checked_until: datetime
