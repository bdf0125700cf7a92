"""Conversations and records as they are taken out and brought in: pure, no await."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve, frozen

from agentcore_memory_async._models.origins import ORIGIN_KEY, Origin
from agentcore_memory_async._wire import event_codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.batch_codec import new_parts
from agentcore_memory_async._wire.metadata import OWN_KEYS
from agentcore_memory_async._wire.origins import check_origin
from agentcore_memory_async._wire.payloads import check_messages, split_text
from agentcore_memory_async._wire.reading import (
    Body,
    ItemKind,
    Wrong,
    id_of,
    object_of,
    objects_of,
    read_each,
    read_page,
    required,
)
from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.models import (
    BlobPayload,
    Branch,
    Conversation,
    ConversationalMessage,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
    JsonPayload,
    NewMemoryRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from agentcore_memory_async._wire.payloads import PayloadItem
    from agentcore_memory_async._wire.reading import OnUnreadable
    from agentcore_memory_async.models import JsonValue, MemoryRecord

LEAST_EXPIRY_DAYS = 31
"""Least expiry of a record, in days (service model)."""
DAY_S = 86_400
"""Seconds of a day."""


@frozen
class StoredEvent:
    """
    An event of a session as a list shows it.

    Attributes:
        event_id: Event id.
        event: The event, without its root.
        root_event_id: Event that its branch forks from, where the list says so.
    """

    event_id: str
    event: HistoryEvent
    root_event_id: str | None


def read_stored_events(body: Body, unreadable: OnUnreadable) -> list[StoredEvent]:
    """Return a page of events, each with all items of its payload in their order."""
    return read_each("ListEvents", read_page("ListEvents", body, "events"), _EVENT, unreadable)


def _read_stored(body: Body) -> StoredEvent:
    known = event_codec.read_listed_event(body)
    branch = known.branch
    event = HistoryEvent(
        items=[_read_item(item) for item in objects_of(body, "payload")],
        timestamp=known.timestamp,
        metadata=known.metadata,
        branch=branch.name if branch else None,
    )
    return StoredEvent(id_of(body, "eventId"), event, branch.root_event_id if branch else None)


def _read_item(item: Body) -> PayloadItem:
    message = object_of(item, "conversational")
    if message is not None:
        return event_codec.read_message(message)
    data = object_of(item, "json")
    if data is not None:
        return JsonPayload(required(data, "json").get("content"))
    if item.get("blob") is None:
        text = "its payload has an item of an unknown kind"
        raise Wrong(text)
    return BlobPayload(cast("JsonValue", event_codec.read_blob(item["blob"])))


_EVENT = ItemKind("event", "eventId", _read_stored)
"""Events of a session, whole."""


def oldest_first(events: Iterable[StoredEvent]) -> list[StoredEvent]:
    """Return events by time; the order of a list tells nothing of those of equal times."""
    return sorted(events, key=lambda each: (each.event.timestamp, each.event_id))


def conversation_of(
    actor_id: str, session_id: str, stored: Sequence[StoredEvent], times: Sequence[datetime]
) -> Conversation:
    """Return a conversation of its events, oldest first, and of the times to give them."""
    forks = _forks(stored)
    begun = set[str]()
    messages: list[HistoryMessage | HistoryEvent] = []
    for each, time in zip(stored, times, strict=True):
        branch, root = each.event.branch, None
        if branch is not None and branch not in begun:
            begun.add(branch)
            root = forks[branch]
        if branch is not None and forks[branch] is None:
            branch = None
        event = evolve(each.event, timestamp=time, branch=branch, root=root)
        messages.append(_shortest(event))
    return Conversation(actor_id, session_id, messages)


def _forks(stored: Sequence[StoredEvent]) -> dict[str, int | None]:
    """
    Return the place of the root of each branch; None for one that takes the main branch's place.

    For a root that was deleted stands the last event of the main branch before it, else the first
    one. Where nothing of the main branch is left, the oldest such branch becomes it.
    """
    places = {each.event_id: place for place, each in enumerate(stored)}
    root_ids = {each.event.branch: each.root_event_id for each in stored if each.root_event_id}
    main = [place for place, each in enumerate(stored) if each.event.branch is None]
    forks: dict[str, int | None] = {}
    for each in stored:
        branch = each.event.branch
        if branch is None or branch in forks:
            continue
        root_id = root_ids.get(branch)
        if root_id in places:
            forks[branch] = places[root_id]
        elif main:
            before = [at for at in main if stored[at].event_id < (root_id or each.event_id)]
            forks[branch] = before[-1] if before else main[0]
        else:
            forks[branch] = None
            main = [at for at, other in enumerate(stored) if other.event.branch == branch]
    return forks


def _shortest(event: HistoryEvent) -> HistoryMessage | HistoryEvent:
    """Return an event as a message where it is no more than that."""
    if len(event.items) == 1 and event.branch is None and not event.metadata:
        [item] = event.items
        if isinstance(item, ConversationalMessage):
            return HistoryMessage(item.text, item.role, event.timestamp)
    return event


def checked_events(session_id: str, messages: Sequence[object]) -> list[HistoryEvent]:
    """
    Return the events that are stored for the messages of a session.

    Raises:
        InvalidInputError: One of them cannot be stored; the error says which.
    """
    events: list[HistoryEvent] = []
    for place, message in enumerate(messages):
        try:
            events.append(_checked_event(message))
        except InvalidInputError as error:
            text = f"messages[{place}] of session {session_id}: {error}"
            raise InvalidInputError(text) from None
    return events


def _checked_event(message: object) -> HistoryEvent:
    if isinstance(message, HistoryMessage):
        check.check_text("text", message.text)
        parts = [ConversationalMessage(part, message.role) for part in split_text(message.text)]
        event = HistoryEvent(parts, message.timestamp)
    elif isinstance(message, HistoryEvent):
        event = message
    else:
        check.refuse(f"it is {check.kind(message)}; give a HistoryMessage, or a HistoryEvent")
    check.check_timestamp(event.timestamp)
    if event.root is not None and event.branch is None:
        check.refuse("it has a root and no branch; give the name of the branch, too")
    metadata_of(event)
    return evolve(event, items=items_of(event))


def check_importable(item: Conversation | HistoryRecord) -> None:
    """
    Check what is brought in before anything of it is sent.

    Raises:
        InvalidInputError: The service would refuse it; the error says which part of it.
    """
    if isinstance(item, Conversation):
        check.check_actor_id(item.actor_id, hierarchical=True)
        check.check_session_id(item.session_id)
        writing_order(checked_events(item.session_id, item.messages))
    else:
        new_parts([new_record(item, "0")], lambda _strategy: {}, None, "0")
        if item.expires_at is not None:
            check.check_timestamp(item.expires_at, "expires_at")


def writing_order(events: Sequence[HistoryEvent]) -> list[int]:
    """
    Return the places of events in the order in which they can be stored.

    It is their own, but that a root comes before its branch, and the first event of a branch before
    the others of it.

    Raises:
        InvalidInputError: A root is no event of the conversation, or follows from its own branch.
    """
    order: list[int] = []
    stored, begun = set[int](), set[str]()
    with_roots = {each.branch for each in events if each.root is not None}
    left = list(range(len(events)))
    while left:
        later: list[int] = []
        for place in left:
            event = events[place]
            is_begun = event.branch in begun or event.branch not in with_roots
            if event.root in stored if event.root is not None else is_begun:
                order.append(place)
                stored.add(place)
                if event.branch is not None:
                    begun.add(event.branch)
            else:
                later.append(place)
        if len(later) == len(left):
            check.refuse(
                f"messages[{later[0]}] is on a branch whose root is no earlier event; give the "
                "place of one"
            )
        left = later
    return order


def metadata_of(event: HistoryEvent) -> dict[str, str]:
    """Return the metadata to write: that of the event, with the origin that it had."""
    given = cast("object", event.metadata)
    if isinstance(given, Mapping) and ORIGIN_KEY in given:
        rest = dict(event.metadata)
        return check.check_metadata(rest, check_origin(Origin(rest.pop(ORIGIN_KEY))))
    return check.check_metadata(event.metadata)


def items_of(event: HistoryEvent) -> tuple[PayloadItem, ...]:
    """Return the items to write; other programs store events of nothing but metadata, too."""
    return check_messages(event.items, "items") if event.items else ()


def branch_of(event: HistoryEvent, event_ids: Mapping[int, str]) -> Branch | None:
    """Return the branch to write an event to, once its root has an id."""
    if event.branch is None:
        return None
    return Branch(event.branch, None if event.root is None else event_ids[event.root])


def token_of(conversation: Conversation, place: int, event: HistoryEvent, ms: int) -> str:
    """Return the client token of one event: the same for the same event of the same history."""
    payload = [event_codec.payload_item(item) for item in event.items]
    named = [conversation.actor_id, conversation.session_id, place, ms]
    branch = [event.branch, event.root, dict(event.metadata)]
    return _hash([*named, *branch, payload])


def new_record(record: HistoryRecord, identifier: str) -> NewMemoryRecord:
    """Return a record to store; its identifier is the same on a day with fewer days left."""
    return NewMemoryRecord(
        request_identifier=identifier,
        namespace=record.namespace,
        content=record.content,
        timestamp=record.timestamp,
        metadata=record.metadata,
    )


def records_token(place: int, records: Sequence[HistoryRecord]) -> str:
    """Return the client token of a batch of records, before which come *place* others."""
    return _hash([place, *(each.to_dict() for each in records)])


def _hash(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def expiry_days(record: HistoryRecord, now: datetime) -> int | None:
    """Return in how many days a record is to expire: as soon as it did, or at the earliest."""
    if record.expires_at is None:
        return None
    check.check_timestamp(record.expires_at, "expires_at")
    seconds = (record.expires_at - now).total_seconds()
    return max(LEAST_EXPIRY_DAYS, -int(-seconds // DAY_S))


def history_record(record: MemoryRecord) -> HistoryRecord:
    """
    Return a record without what belongs to one memory.

    Of its expiry only the day is kept. The service counts whole days from the import, so more would
    change with each memory that the record is brought into.
    """
    own = {key: value for key, value in record.metadata.items() if not key.startswith(OWN_KEYS)}
    expires_at = record.expires_at
    return HistoryRecord(
        record.namespace,
        record.content,
        record.timestamp or record.created_at,
        own,
        expires_at and expires_at.replace(hour=0, minute=0, second=0, microsecond=0),
    )
