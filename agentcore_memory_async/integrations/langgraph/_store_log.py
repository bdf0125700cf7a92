"""
A namespace of a store: what its events say, and which of them say nothing any more.

An event has changes of items: a value, or that the item is gone. The newest change of an item
counts. When it was created, the oldest one since it was gone last tells, so that is kept, too.
Whatever else has been replaced may be deleted, in an order in which nothing comes back: a removal
goes after everything older that it hides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agentcore_memory_async.integrations._documents import Reader

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from agentcore_memory_async.integrations._documents import Document
    from agentcore_memory_async.integrations.langgraph._store_names import Labels
    from agentcore_memory_async.models import Event

FORMAT = "langgraph_store"
"""Name of the format of what is kept."""


@frozen
class Change:
    """
    What a document says about one item.

    Attributes:
        document: Id of the document.
        at: When it was written.
        value: The value; None where the item is gone.
        records: Ids of the records by which it is found.
    """

    document: str
    at: datetime
    value: dict[str, Any] | None = field(repr=False)
    records: tuple[str, ...]


@frozen
class Stored:
    """
    An item as it is.

    Attributes:
        labels: Its namespace.
        key: Its key.
        value: Its value.
        created_at: When it was stored first.
        updated_at: When it was stored last.
        records: Ids of the records by which it is found.
    """

    labels: Labels
    key: str
    value: dict[str, Any] = field(repr=False)
    created_at: datetime
    updated_at: datetime
    records: tuple[str, ...]


@frozen
class Stale:
    """
    A document that says nothing any more.

    Attributes:
        age: How much older it is than the newest one: no clock but the events' own counts.
        events: Ids of its events.
        records: Ids of the records of its values.
        hides: Whether it says that an item is gone: then what is older goes first.
    """

    age: timedelta
    events: tuple[str, ...]
    records: tuple[str, ...]
    hides: bool


def to_value(
    labels: Labels, changes: dict[str, tuple[dict[str, Any], list[str]] | None]
) -> dict[str, Any]:
    """Return the document of changes: of each key its value and records, or None where it goes."""
    kept = {
        key: None if change is None else {"value": change[0], "records": change[1]}
        for key, change in changes.items()
    }
    return {"namespace": labels, "changes": kept}


class Log:
    """The events of a namespace; they are added newest first."""

    def __init__(self) -> None:
        self.size = 0
        self._reader = Reader(FORMAT)
        self._documents: list[Document] = []
        self._history: dict[str, list[Change]] | None = None

    async def add(self, event: Event) -> Document | None:
        """Add an event; return the document that is complete with it."""
        self.size += 1
        document = await self._reader.read(event)
        if document is not None:
            self._documents.append(document)
        return document

    @property
    def labels(self) -> Labels | None:
        """The namespace; None where nothing is known of it."""
        return labels_in(self._documents[0]) if self._documents else None

    def items(self) -> dict[str, Stored]:
        """Return the items, by key."""
        labels = self.labels or ()
        items: dict[str, Stored] = {}
        for key, changes in self._changes().items():
            newest = changes[0]
            if newest.value is not None:
                created = _first(changes).at
                items[key] = Stored(labels, key, newest.value, created, newest.at, newest.records)
        return items

    def stale(self) -> list[Stale]:
        """Return what may be deleted, oldest first."""
        needed = self._needed()
        hiding = {
            change.document
            for changes in self._changes().values()
            for change in changes
            if change.value is None
        }
        ordered = self._ordered()
        return [
            Stale(
                ordered[0].event.timestamp - document.event.timestamp,
                document.event_ids,
                _records_in(document),
                document.id in hiding,
            )
            for document in reversed(ordered)
            if document.id not in needed
        ]

    def replaced_records(self) -> set[str]:
        """Return the ids of the records of values that were replaced."""
        changes = [each for found in self._changes().values() for each in found]
        current = {each for item in self.items().values() for each in item.records}
        return {each for change in changes for each in change.records} - current

    def _needed(self) -> set[str]:
        """Return the ids of the documents without which an item would be another."""
        needed: set[str] = set()
        for changes in self._changes().values():
            if changes[0].value is not None:
                needed |= {changes[0].document, _first(changes).document}
        count = -1
        while count < len(needed):  # what is needed may have older changes that must stay hidden
            count = len(needed)
            for changes in self._changes().values():
                _keep_hiding(changes, needed)
        return needed

    def _ordered(self) -> list[Document]:
        """Return the documents, newest first; the service lists equal times in any order."""
        return sorted(
            self._documents,
            key=lambda each: (each.event.timestamp, each.event.event_id),
            reverse=True,
        )

    def _changes(self) -> dict[str, list[Change]]:
        """Return the changes of each item, newest first."""
        if self._history is None:
            self._history = {}
            for document in self._ordered():
                for key, change in changes_in(document).items():
                    self._history.setdefault(key, []).append(change)
        return self._history


def labels_in(document: Document) -> Labels:
    """Return the namespace that a document names."""
    return tuple(document.value["namespace"])


def changes_in(document: Document) -> dict[str, Change]:
    """Return what a document says, by key."""
    at = document.event.timestamp
    found: dict[str, dict[str, Any] | None] = document.value["changes"]
    return {
        key: Change(document.id, at, None, ())
        if change is None
        else Change(document.id, at, change["value"], tuple(change["records"]))
        for key, change in found.items()
    }


def _records_in(document: Document) -> tuple[str, ...]:
    changes = changes_in(document).values()
    return tuple(each for change in changes for each in change.records)


def _first(changes: list[Change]) -> Change:
    """Return the oldest change since the item was gone last."""
    first = changes[0]
    for change in changes:
        if change.value is None:
            break
        first = change
    return first


def _keep_hiding(changes: list[Change], needed: set[str]) -> None:
    """Keep the removals that hide something older that stays."""
    is_older_kept = False
    for change in reversed(changes):
        if change.value is None and is_older_kept:
            needed.add(change.document)
        is_older_kept = is_older_kept or change.document in needed
