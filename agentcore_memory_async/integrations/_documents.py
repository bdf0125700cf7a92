"""
JSON values of any size in the events of a session: kept whole, and read back equal.

A value is a blob of one event, from which nothing is extracted; messages beside it are for
extraction. A large one is cut into pieces, over several blobs and, if need be, several events; so
is one with many messages. Each of its events has a piece, if an empty one. So a reader sees all of
a value or nothing, whatever interrupts its writer, and knows each event that it is in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from math import ceil
from secrets import token_hex
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import field, frozen

from agentcore_memory_async._threads import run_apart
from agentcore_memory_async._wire.pieces import decode_in_pieces, encode_in_pieces
from agentcore_memory_async._wire.weight import LARGE, is_large
from agentcore_memory_async.models import BlobPayload, ConversationalMessage, MessageRole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agentcore_memory_async.models import Event

T = TypeVar("T")
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
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
"""Encoder of values."""
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
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair can't be stored; two halves in a row are a character.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    starts = range(0, len(text), _TEXT_CHARACTERS)
    return [ConversationalMessage(text[at : at + _TEXT_CHARACTERS], role) for at in starts]


async def pack(
    name: str, value: Mapping[str, object], messages: Sequence[ConversationalMessage] = ()
) -> list[list[Payload]]:
    """
    Return the payloads of the events that keep *value*, in the order in which they are written.

    A large one is packed in a thread; a cancellation waits for it.

    Args:
        name: Name of the format, by which `Reader` finds its values.
        value: JSON object of any size.
        messages: Messages beside it.

    Raises:
        TypeError: *value* is not JSON.
        ValueError: *value* has NaN or an infinite number, or contains itself.
    """
    return await run_apart(_pack, name, value, messages, large=is_large(value))


def _pack(
    name: str, value: Mapping[str, object], messages: Sequence[ConversationalMessage]
) -> list[list[Payload]]:
    text = "".join(encode_in_pieces(value, _ENCODER))
    if len(text) <= _WHOLE_BYTES and len(messages) <= _MESSAGES:
        plain: object = json.loads(text)  # without the caller's own types
        if _fits(text, plain):
            return [[*messages, BlobPayload({"format": name, "value": plain})]]
    pieces = [text[at : at + _PIECE_CHARACTERS] for at in range(0, len(text), _PIECE_CHARACTERS)]
    count = max(ceil(len(pieces) / _PIECES), ceil(len(messages) / _MESSAGES))
    pieces += [""] * (count - len(pieces))  # by it an event names the value
    frame = {"format": name, "document": token_hex(16), "of": len(pieces)}
    blobs = [BlobPayload({**frame, "piece": at, "text": piece}) for at, piece in enumerate(pieces)]
    shares = zip(_shares(messages, count), _shares(blobs, count), strict=True)
    return [[*said, *kept] for said, kept in shares]


def _shares(items: Sequence[T], count: int) -> list[Sequence[T]]:
    """Return *items* in lists of about the same length."""
    ends = [len(items) * at // count for at in range(count + 1)]
    return [items[start:end] for start, end in pairwise(ends)]


def _fits(text: str, value: object) -> bool:
    """Return whether a value, as JSON in *text*, can be kept as it is in one blob."""
    if _HALF.search(_PAIR.sub("", text)):
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


class Reader:
    """
    Reads the values of a format from the events of a session, which come newest first.

    Args:
        name: Name of the format.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pieces: dict[str, dict[int, tuple[str, Event]]] = {}

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

    async def read(self, event: Event) -> Document | None:
        """Return the value that is complete with *event*; None where none is."""
        for frame in self.frames(event):
            if "value" in frame:
                return Document(event.event_id, frame["value"], event, (event.event_id,))
            if "piece" in frame:
                name = frame["document"]
                pieces = self._pieces.setdefault(name, {})
                pieces[frame["piece"]] = frame["text"], event
                if len(pieces) == frame["of"]:
                    del self._pieces[name]
                    return await _joined(name, [pieces[at] for at in range(len(pieces))])
        return None


async def _joined(name: str, pieces: list[tuple[str, Event]]) -> Document:
    text = "".join(text for text, _ in pieces)
    value = await run_apart(decode_in_pieces, text, large=len(text) >= LARGE)
    event_ids = dict.fromkeys(event.event_id for _, event in reversed(pieces))
    return Document(name, value, pieces[0][1], tuple(event_ids))
