"""
What is stored of an agent, as items of events, and read back from them: pure.

A record is one blob, from which the service extracts nothing: what it may learn is beside it, as
messages. A record that is too large for an item, or that plain JSON would change, is stored as the
text of its JSON, in parts that fit; it counts once all of them are read.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

from attrs import define, field, frozen

from agentcore_memory_async.models import BlobPayload, ConversationalMessage, MessageRole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agentcore_memory_async.models import Event

FORMAT = "strands"
"""Key that every item of ours has; its value is the kind."""
MESSAGE, AGENT, ORCHESTRATOR, SESSION = "message", "agent", "multi_agent", "session"
"""Kinds of records."""
PART = "part"
"""Kind of an item that is a part of a record."""
ROLES = {"user": MessageRole.USER, "assistant": MessageRole.ASSISTANT}
"""Roles of messages from which records are extracted."""
MAX_ITEMS = 100
"""Items of an event (service model)."""
MAX_ITEM_BYTES = 100_000
"""Bytes of an item as JSON; the service takes 102,400."""
MAX_ITEM_VALUES = 10_000
"""Values in an item that are checked one by one; one of more is stored as text."""
MAX_ITEM_DEPTH = 90
"""Levels of an item; the package takes 100."""
MAX_TEXT = 25_000
"""Characters of a message from which records are extracted; of 4 bytes each they are 100 KB."""

Item = ConversationalMessage | BlobPayload


@frozen
class Record:
    """
    One stored value of an agent: a message, its state, or the state of an orchestrator.

    Attributes:
        kind: ``MESSAGE``, ``AGENT``, ``ORCHESTRATOR`` or ``SESSION``.
        owner: Id of the agent, orchestrator or session.
        data: JSON of it.
        index: Place of a message in the agent's conversation, from 0.
        key: What tells a message from all others, but for copies of it.
        times: When a message was made and changed, where that is to come back.
    """

    kind: str
    owner: str
    data: Any
    index: int = 0
    key: str = ""
    times: tuple[str, ...] = ()

    def to_items(self) -> list[BlobPayload]:
        """Return the items of an event in which it is stored."""
        content: dict[str, Any] = {FORMAT: self.kind, "owner": self.owner, "data": self.data}
        if self.kind == MESSAGE:
            content |= {"index": self.index, "key": self.key}
        if self.times:
            content["times"] = list(self.times)
        if _is_plain(content):
            return [BlobPayload(content)]
        text = json.dumps(content)
        name = hashlib.sha256(text.encode()).hexdigest()[:32]
        parts = list(_split(text))
        return [
            BlobPayload({FORMAT: PART, "of": name, "at": at, "count": len(parts), "text": part})
            for at, part in enumerate(parts)
        ]


@frozen
class Stored:
    """
    A record as it was read.

    Attributes:
        record: Record.
        event_ids: Events that it is in.
    """

    record: Record
    event_ids: tuple[str, ...]


@define
class Reader:
    """Reads the records of events, also those that lie in several events, in any order."""

    _parts: dict[str, dict[int, str]] = field(factory=lambda: defaultdict(dict))
    _events: dict[str, list[str]] = field(factory=lambda: defaultdict(list))

    def read(self, event: Event) -> list[Stored]:
        """Return the records that are whole by this event, in their order."""
        found = (self._read_item(item, event.event_id) for item in contents(event))
        return [stored for stored in found if stored is not None]

    def _read_item(self, item: object, event_id: str) -> Stored | None:
        content = _fields(item)
        if content.get(FORMAT) != PART:
            record = _read_record(content)
            return None if record is None else Stored(record, (event_id,))
        name = str(content["of"])
        parts, events = self._parts[name], self._events[name]
        parts[content["at"]] = content["text"]
        if event_id not in events:
            events.append(event_id)
        if len(parts) < content["count"]:
            return None
        del self._parts[name], self._events[name]
        record = _read_record(_fields(json.loads("".join(parts[at] for at in sorted(parts)))))
        return None if record is None else Stored(record, tuple(events))


def contents(event: Event) -> tuple[Any, ...]:
    """Return the data of an event's items, less its messages."""
    payload: object = event.payload
    if isinstance(payload, tuple):
        return tuple(cast("tuple[object, ...]", payload))
    return () if payload is None else (payload,)


def is_own(event: Event) -> bool:
    """Return whether an event is of this format."""
    return any(FORMAT in _fields(item) for item in contents(event))


def event_items(stored: Iterable[Sequence[Item]]) -> Iterator[list[Item]]:
    """Yield the items of each event, given those of each record; no event has parts of two."""
    event: list[Item] = []
    for items in stored:
        if event and len(event) + len(items) > MAX_ITEMS:
            yield event
            event = []
        if len(items) > MAX_ITEMS:
            for at in range(0, len(items), MAX_ITEMS):
                yield list(items[at : at + MAX_ITEMS])
        else:
            event += items
    if event:
        yield event


def message_items(record: Record, role: str, text: str) -> list[Item]:
    """Return the items of a message, and its text in parts that may be extracted from."""
    plain = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    parts = (plain[at : at + MAX_TEXT] for at in range(0, len(plain), MAX_TEXT))
    return [*record.to_items(), *(ConversationalMessage(part, ROLES[role]) for part in parts)]


def _read_record(content: dict[str, Any]) -> Record | None:
    if content.get(FORMAT) not in (MESSAGE, AGENT, ORCHESTRATOR, SESSION):
        return None
    return Record(
        content[FORMAT],
        content["owner"],
        content["data"],
        content.get("index", 0),
        content.get("key", ""),
        tuple(content.get("times", ())),
    )


def _fields(item: object) -> dict[str, Any]:
    return cast("dict[str, Any]", item) if isinstance(item, dict) else {}


def _is_plain(content: dict[str, Any]) -> bool:
    """Return whether an item of JSON may have this content, and gives it back equal."""
    try:
        size = len(json.dumps(content, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:  # a number that JSON does not have, or half a surrogate pair
        return False
    return size <= MAX_ITEM_BYTES and _is_simple(content)


def _is_simple(content: object) -> bool:
    left: list[tuple[object, int]] = [(content, 0)]
    seen = 0
    while left:
        value, depth = left.pop()
        seen += 1
        if seen > MAX_ITEM_VALUES or depth > MAX_ITEM_DEPTH or _is_huge(value):
            return False
        if isinstance(value, dict):
            left += [(each, depth + 1) for each in cast("dict[str, object]", value).values()]
        elif isinstance(value, list):
            left += [(each, depth + 1) for each in cast("list[object]", value)]
    return True


def _is_huge(value: object) -> bool:
    """Return whether an int is one that JSON readers make a float of."""
    return isinstance(value, int) and value.bit_length() > 53


def _split(text: str) -> Iterator[str]:
    """Yield parts of an ASCII text, each small enough for an item, in which quotes are escaped."""
    at = 0
    while at < len(text):
        part = text[at : at + MAX_ITEM_BYTES - 500]
        while len(json.dumps(part)) > MAX_ITEM_BYTES - 200:
            part = part[: len(part) * 3 // 4]
        yield part
        at += len(part)
