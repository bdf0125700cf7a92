"""
JSON values of any size in the events of a session: kept whole, and read back equal.

A value is a blob of one event, from which nothing is extracted; messages beside it are for
extraction. A large one is cut into pieces, over several blobs and, if need be, several events. The
last event has the last piece, so a reader sees all of a value or nothing, whatever interrupts its
writer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from secrets import token_hex
from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen

from agentcore_memory_async.models import BlobPayload, ConversationalMessage, MessageRole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agentcore_memory_async.models import Event

Payload = ConversationalMessage | BlobPayload
"""An item of an event."""

_WHOLE_BYTES = 90_000
"""Bytes of a value that is kept in one blob: the limit is 100 KB, and its frame is in it."""
_LEVELS = 95
"""Levels of a value that is kept as it is: the limit is 100."""
_PIECE_CHARACTERS = 45_000
"""Characters of a piece: each takes two bytes at most, a quotation mark and its backslash."""
_PIECES = 50
"""Pieces of an event: with `_MESSAGES` messages they are within 100 items and 10 MB."""
_MESSAGES = 49
"""Messages of an event."""
_TEXT_CHARACTERS = 25_000
"""Characters of a message: as UTF-8 they are within 100 KB."""
_PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
"""A character beyond the basic plane, escaped."""
_HALF = re.compile(r"\\ud[89a-f]")
"""Half of one."""


@frozen
class Document:
    """
    A value that was read.

    Attributes:
        id: What names it: the id of its event, or of its pieces.
        value: The value.
        event: The event in which it begins.
        event_ids: Ids of the events that it is in, the newest first.
    """

    id: str
    value: Any = field(repr=False)
    event: Event = field(repr=False)
    event_ids: tuple[str, ...]


def text_of(content: object, kind: str | None = None) -> str:
    """
    Return the text of a content, which is text or a list of parts, as models have it.

    Args:
        content: Content.
        kind: ``type`` of the parts that count; all that have a text if omitted.
    """
    if isinstance(content, str):
        return content
    parts = cast("list[object]", content) if isinstance(content, list) else []
    fields = [cast("Mapping[str, object]", part) for part in parts if isinstance(part, Mapping)]
    texts = [part.get("text") for part in fields if kind in {None, part.get("type")}]
    return "\n".join(text for text in texts if isinstance(text, str))


def to_messages(role: MessageRole, text: str) -> list[ConversationalMessage]:
    """Return a text as messages that are within their limits; none for an empty one."""
    # Half a surrogate pair can't be stored; two halves in a row are a character.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    starts = range(0, len(text), _TEXT_CHARACTERS)
    return [ConversationalMessage(text[at : at + _TEXT_CHARACTERS], role) for at in starts]


def pack(
    name: str, value: object, messages: Sequence[ConversationalMessage] = ()
) -> list[list[Payload]]:
    """
    Return the payloads of the events that keep *value*, in the order in which they are written.

    Args:
        name: Name of the format, by which `Reader` finds its values.
        value: JSON value of any size.
        messages: Messages beside it.

    Raises:
        TypeError: *value* is not JSON.
        ValueError: *value* has NaN or an infinite number, or contains itself.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    pieces: list[BlobPayload]
    plain: object = json.loads(text)  # without the caller's own types
    if _fits(text, plain):
        pieces = [BlobPayload({"format": name, "value": plain})]
    else:
        starts = range(0, len(text), _PIECE_CHARACTERS)
        frame = {"format": name, "document": token_hex(16), "of": len(starts)}
        pieces = [
            BlobPayload({**frame, "piece": piece, "text": text[at : at + _PIECE_CHARACTERS]})
            for piece, at in enumerate(starts)
        ]
    said = _cut(messages, _MESSAGES)
    kept = _cut(pieces, _PIECES)
    count = max(len(said), len(kept))
    # Events with messages alone come first, so that the last one has the last piece.
    said += [[]] * (count - len(said))
    empty = [BlobPayload({"format": name})]
    kept = [empty] * (count - len(kept)) + kept
    return [[*talk, *blobs] for talk, blobs in zip(said, kept, strict=True)]


def _fits(text: str, value: object) -> bool:
    """Return whether a value, as JSON in *text*, can be kept as it is in one blob."""
    if len(text) > _WHOLE_BYTES or _HALF.search(_PAIR.sub("", text)):
        return False  # half a surrogate pair is no character: it has no place but in an escape
    return text.count("[") + text.count("{") <= _LEVELS or _levels(value) <= _LEVELS


def _levels(value: object) -> int:
    """Return how deep a value is nested."""
    levels, level = 0, [value]
    while level:
        levels += 1
        level = [inner for each in level for inner in _inner(each)]
    return levels


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def _cut(items: Sequence[Any], size: int) -> list[list[Any]]:
    return [list(items[at : at + size]) for at in range(0, len(items), size)]


class Reader:
    """
    Reads the values of a format from the events of a session, which come newest first.

    Args:
        name: Name of the format.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pieces: dict[str, dict[int, str]] = {}
        self._event_ids: dict[str, dict[str, None]] = {}

    def frames(self, event: Event) -> list[dict[str, Any]]:
        """Return the blobs of *event* that are of the format."""
        payload: object = event.payload
        several = isinstance(payload, tuple)
        blobs = cast("tuple[object, ...]", payload) if several else (payload,)
        return [
            cast("dict[str, Any]", blob)
            for blob in blobs
            if isinstance(blob, dict) and cast("dict[str, Any]", blob).get("format") == self._name
        ]

    def read(self, event: Event) -> Document | None:
        """Return the value that is complete with *event*, its oldest one; None where none is."""
        for frame in self.frames(event):
            if "value" in frame:
                return Document(event.event_id, frame["value"], event, (event.event_id,))
            if "piece" in frame:
                name = frame["document"]
                pieces = self._pieces.setdefault(name, {})
                pieces[frame["piece"]] = frame["text"]
                self._event_ids.setdefault(name, {})[event.event_id] = None
                if len(pieces) == frame["of"]:
                    del self._pieces[name]
                    text = "".join(pieces[piece] for piece in range(len(pieces)))
                    event_ids = tuple(self._event_ids.pop(name))
                    return Document(name, json.loads(text), event, event_ids)
        return None
