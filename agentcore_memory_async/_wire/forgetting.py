"""
What is to be forgotten, where, and when it is over: pure, no await.

A record is an actor's where its namespace is what a template with ``{actorId}`` makes of the actor
id, or below it. Other variables may be anything, so the beginning of a template that is fixed is
listed, and each record is compared segment by segment; variables at its end are what is below.
No id may make a record another's: all templates have their say, and what may be of two is left.
"""

from __future__ import annotations

import re
from itertools import takewhile
from operator import itemgetter
from typing import TYPE_CHECKING

from attrs import field, frozen

from agentcore_memory_async._models.forgetting import RemainingKind
from agentcore_memory_async._wire.namespaces import as_prefix, is_under
from agentcore_memory_async._wire.reading import (
    Body,
    ItemKind,
    Wrong,
    id_of,
    list_of,
    read_each,
    read_page,
    required,
)
from agentcore_memory_async._wire.validation import EPOCH
from agentcore_memory_async.models import (
    Deleted,
    ForgettingReport,
    MemoryRecord,
    NotCovered,
    Remaining,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from agentcore_memory_async._wire.reading import OnUnreadable

_VARIABLE = re.compile(r"(\{[a-zA-Z][a-zA-Z0-9]*\})")
"""A variable of a template; splitting by it keeps it, at the odd places."""
_ACTOR_ID = "{actorId}"
"""The variable by which a namespace is an actor's."""
SHARED = "by another namespace template it belongs to another actor, or to several"
"""Why a record remains of which two templates say different things."""
STILL_LISTED = "it is listed still, although its deletion succeeded"
"""Why an item remains that the service says it has deleted."""
SCANS = 8
"""How many times is looked while nothing comes, at least."""
LONGEST_WAIT_S = 30.0
"""Longest time between two scans, in seconds."""
ELSEWHERE = (
    NotCovered("ingested content", "no operation lists or deletes what ingest_data was given"),
    NotCovered("streams", "what the memory has delivered to a stream is deleted at its receiver"),
    NotCovered("logs", "no API of the memory deletes from logs, traces or backups of others"),
)
"""What no API of the memory deletes."""
EXTRACTED = NotCovered("records", "records that were extracted from the events stay")
"""What deleting events leaves."""


@frozen
class Layout:
    """
    How the records of a template are filed; the group ``actor`` is empty where it does not tell.

    Attributes:
        whole: Namespaces of the template.
        beginning: What the namespaces below the template begin with; None where ids may be paths,
            so that what is below may be another actor's.
        depth: Segments of that beginning.
    """

    whole: re.Pattern[str]
    beginning: re.Pattern[str] | None
    depth: int


def owners(layouts: Iterable[Layout], namespace: str) -> set[str]:
    """
    Return the actors that a record may be of; an empty id stands for anybody.

    Two templates may say different things of a namespace: ``/facts/bob/`` is bob's by
    ``/facts/{actorId}/``, and below that of an actor ``facts`` by ``/{actorId}/``. A template that
    says all of it counts, else the one that says most.
    """
    path = as_prefix(namespace)
    whole = {match["actor"] for each in layouts if (match := each.whole.fullmatch(path))}
    if whole:
        return whole
    below = [
        (each.depth, match["actor"])
        for each in layouts
        if each.beginning is not None and (match := each.beginning.match(path))
    ]
    deepest = max((depth for depth, _ in below), default=0)
    return {actor for depth, actor in below if depth == deepest}


@frozen
class Target:
    """
    Where records to delete are.

    Attributes:
        prefix: Prefix to list.
        actor_id: Only records of this actor; None for all.
        layouts: What tells whose they are.
    """

    prefix: str
    actor_id: str | None = None
    layouts: tuple[Layout, ...] = ()

    def holds(self, namespace: str) -> bool:
        """Return whether a record of *namespace* belongs to it, and to nobody else."""
        if self.actor_id is None:
            return is_under(namespace, self.prefix)
        return owners(self.layouts, namespace) == {self.actor_id}

    def is_shared(self, namespace: str) -> bool:
        """Return whether a record of *namespace* may belong to it, and may to somebody else."""
        return not self.holds(namespace) and self.actor_id in owners(self.layouts, namespace)


@frozen
class Scope:
    """
    What is to be forgotten.

    Attributes:
        name: What it is, for ``repr``.
        actor_id: Actor whose events are deleted; None for no events.
        session_id: The only session of it; None for all.
        targets: Where records are deleted.
        not_covered: What is left, and why.
        settle_s: How long nothing may have come, in seconds.
    """

    name: str
    actor_id: str | None = None
    session_id: str | None = None
    targets: tuple[Target, ...] = ()
    not_covered: tuple[NotCovered, ...] = ()
    settle_s: float = 0.0


def actor_targets(
    templates: Iterable[str], actor_id: str, *, hierarchical: bool
) -> tuple[tuple[Target, ...], tuple[NotCovered, ...]]:
    """Return where records of an actor are, and the templates that do not tell."""
    reasons = {each: why_not_covered(each) for each in templates}
    layouts = tuple(
        _layout(each, is_covered=not reason, hierarchical=hierarchical)
        for each, reason in reasons.items()
    )
    prefixes = {_prefix(each, actor_id): None for each, reason in reasons.items() if not reason}
    targets = tuple(Target(prefix, actor_id, layouts) for prefix in prefixes)
    return targets, tuple(NotCovered(each, reason) for each, reason in reasons.items() if reason)


def why_not_covered(template: str) -> str:
    """Return why a template does not tell the records of an actor; empty where it does."""
    if _ACTOR_ID not in template:
        return "it does not name {actorId}, so its records may be of any actor"
    segment = next(each for each in template.split("/") if _ACTOR_ID in each)
    if len(_VARIABLE.findall(segment)) > 1:
        return "another variable shares the segment of {actorId}, so its value is not certain"
    return ""


def _segments(template: str) -> tuple[str, list[str], list[str]]:
    """Return the root of a template, its segments, and those of them that all below it share."""
    segments = [each for each in template.split("/") if each]
    told = [_ACTOR_ID in each or not _VARIABLE.fullmatch(each) for each in segments]
    shared = len(segments) - next((n for n, is_told in enumerate(reversed(told)) if is_told), 0)
    return "/" if template.startswith("/") else "", segments, segments[:shared]


def _prefix(template: str, actor_id: str) -> str:
    """
    Return the prefix of an actor's namespaces; one of no segments is all of the memory.

    A namespace without a ``/`` at its end is its own prefix: a service that goes by characters
    would not find it below one with a ``/``. What else that finds is filtered here.
    """
    root, _, shared = _segments(template)
    filled = [each.replace(_ACTOR_ID, actor_id) for each in shared]
    fixed = takewhile(lambda each: "{" not in each, filled)
    prefix = root + "".join(f"{each}/" for each in fixed) or "/"
    own = template.replace(_ACTOR_ID, actor_id)
    return own if prefix == f"{own}/" else prefix


def _layout(template: str, *, is_covered: bool, hierarchical: bool) -> Layout:
    actor = (".+" if hierarchical else "[^/]+") if is_covered else ""
    root, segments, shared = _segments(template)
    return Layout(
        _pattern(root, segments, actor),
        None if hierarchical else _pattern(root, shared, actor),
        len(shared),
    )


def _pattern(root: str, segments: list[str], actor: str) -> re.Pattern[str]:
    """Return what matches namespaces of *segments*; *actor* matches an id, if it is known."""
    pieces = _VARIABLE.split("".join(f"{each}/" for each in segments))
    at = pieces.index(_ACTOR_ID) if actor else None
    parts = [re.escape(root) if actor else f"(?P<actor>){re.escape(root)}"]
    for place, piece in enumerate(pieces):
        if place == at:
            parts.append(f"(?P<actor>{actor})")
        elif piece == _ACTOR_ID and actor:
            parts.append("(?P=actor)")
        else:
            parts.append("[^/]+" if place % 2 else re.escape(piece))
    return re.compile("".join(parts))


def read_event_ids(body: Body, unreadable: OnUnreadable) -> list[str]:
    """Return the ids of a page of events; of their content nothing has to be readable."""
    return read_each("ListEvents", read_page("ListEvents", body, "events"), _EVENT, unreadable)


def read_record_places(body: Body, unreadable: OnUnreadable) -> list[MemoryRecord]:
    """Return a page of records as far as a deletion needs them: ids and namespaces."""
    operation = "ListMemoryRecords"
    items = read_page(operation, body, "memoryRecordSummaries")
    return read_each(operation, items, _RECORD, unreadable)


def _read_event_id(body: Body) -> str:
    return id_of(body, "eventId")


def _read_place(body: Body) -> MemoryRecord:
    record_id = id_of(body, "memoryRecordId")
    namespaces = required(list_of(body, "namespaces"), "namespaces")
    if len(namespaces) != 1 or not isinstance(namespaces[0], str):
        message = "its namespaces is no list of one str"
        raise Wrong(message)
    return MemoryRecord(namespaces[0], "", None, EPOCH, record_id)


_EVENT = ItemKind("event", "eventId", _read_event_id)
"""Events, of which only the id is read."""
_RECORD = ItemKind("record", "memoryRecordId", _read_place)
"""Records, of which only id and namespace are read."""


@frozen
class Tally:
    """
    What became of items so far; each scan goes on from it.

    Attributes:
        events: Ids of deleted events.
        records: Ids of deleted records.
        failed: Items that could not be deleted, by kind and id, of the scan that runs.
        known_failures: The same of earlier scans: these are nothing new.
        in_doubt: Those of both whose deletion may have been done: a later scan without them tells.
    """

    events: dict[str, None] = field(factory=dict[str, None])
    records: dict[str, None] = field(factory=dict[str, None])
    failed: dict[tuple[str, str], Remaining] = field(factory=dict[tuple[str, str], Remaining])
    known_failures: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    in_doubt: dict[tuple[RemainingKind, str], None] = field(
        factory=dict[tuple[RemainingKind, str], None]
    )

    def begin_scan(self) -> None:
        """Forget what failed before: what the scan does not find is no longer there."""
        self.known_failures.update(self.failed)
        self.failed.clear()

    def note_deleted(self, kind: RemainingKind, item_id: str, place: str) -> bool:
        """Note a deletion that succeeded, and return whether that is new; once is enough."""
        deleted = self._deleted(kind)
        if item_id in deleted:
            return self.note_failed(Remaining(kind, item_id, place, STILL_LISTED))
        deleted[item_id] = None
        return True

    def note_failed(
        self, remaining: Remaining, *, is_missing: bool = False, is_in_doubt: bool = False
    ) -> bool:
        """
        Note an item that could not be deleted, and return whether that is new.

        What is listed and yet not found (*is_missing*) is gone only if it was deleted here: of what
        is new, the service finds the id later than it lists it, or the other way round. Where its
        answer was lost (*is_in_doubt*), it was deleted if no later scan lists it.
        """
        if is_missing and remaining.item_id in self._deleted(remaining.kind):
            return False
        key = remaining.kind, remaining.item_id
        self.failed[key] = remaining
        if is_in_doubt:
            self.note_in_doubt(*key)
        return key not in self.known_failures

    def note_in_doubt(self, kind: RemainingKind, item_id: str) -> None:
        """Note an item whose deletion may have been done, such as before it was cancelled."""
        self.in_doubt[kind, item_id] = None

    def _deleted(self, kind: RemainingKind) -> dict[str, None]:
        return self.events if kind == "event" else self.records

    def report(self, scope: Scope, checked_until: datetime) -> ForgettingReport:
        """Return the report after a scan."""
        for kind, item_id in self.in_doubt:
            if (kind, item_id) not in self.failed:
                self._deleted(kind)[item_id] = None
        return ForgettingReport(
            Deleted(
                tuple(each for each in self.events if ("event", each) not in self.failed),
                tuple(each for each in self.records if ("record", each) not in self.failed),
            ),
            tuple(self.failed.values()),
            scope.not_covered,
            checked_until,
        )


def interleaved(found: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return session id and event id of events, those of many sessions next to each other."""
    placed = [
        (place, session_id, event_id)
        for session_id, event_ids in found.items()
        for place, event_id in enumerate(event_ids)
    ]
    placed.sort(key=itemgetter(0))
    return [(session_id, event_id) for _, session_id, event_id in placed]


def next_scan_at(now: float, quiet_since: float, settle_s: float) -> float:
    """Return when to look again: the last time is when nothing has come for *settle_s*."""
    return min(quiet_since + settle_s, now + min(LONGEST_WAIT_S, settle_s / SCANS))


def is_over(began: float, quiet_since: float, settle_s: float, *, came: bool) -> bool:
    """Return whether a scan that *began* then was the last."""
    return not came and began >= quiet_since + settle_s
