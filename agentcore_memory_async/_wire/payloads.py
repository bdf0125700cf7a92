"""Checks of an event's items, messages and JSON data, before any request: pure, no await."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, cast

from agentcore_memory_async._wire.messages import read_message
from agentcore_memory_async._wire.validation import check_type, check_utf8, kind, refuse
from agentcore_memory_async.models import (
    BlobPayload,
    ConversationalMessage,
    JsonPayload,
    MessageRole,
)

PayloadItem = ConversationalMessage | JsonPayload | BlobPayload
MAX_MESSAGES = 100
"""Items of an event (service model)."""
MAX_TEXT_CHARACTERS = 100_000
"""Characters of a message (service model)."""
MAX_MESSAGE_BYTES = 100 * 1024
"""Bytes of a message (quotas page of 2026-09-26)."""
MAX_EVENT_BYTES = 10 * 1024 * 1024
"""Bytes of an event (quotas page of 2026-09-26); more than `MAX_MESSAGES` of the largest take."""
MAX_INGESTED_BYTES = 100 * 1024
"""Bytes of the content of IngestData, all together (quotas page of 2026-09-26)."""
MAX_DEPTH = 100
"""Levels of JSON data; our own limit, below that of every JSON parser on the way."""


def check_message(argument: str, message: ConversationalMessage) -> int:
    """Check the text of one message, and return its size in bytes."""
    check_type(f"{argument}.text", message.text, str, "give a str")
    if not message.text:
        refuse(
            f"{argument}.text is empty; leave the message out, or give 1 to "
            f"{MAX_TEXT_CHARACTERS:,} characters"
        )
    if len(message.text) > MAX_TEXT_CHARACTERS:
        refuse(
            f"{argument}.text has {len(message.text):,} characters; the limit is "
            f"{MAX_TEXT_CHARACTERS:,}: split it into several messages"
        )
    size = check_utf8(f"{argument}.text", message.text)
    if size > MAX_MESSAGE_BYTES:
        refuse(
            f"{argument}.text has {size:,} bytes in UTF-8; the limit is {MAX_MESSAGE_BYTES:,} "
            "(100 KB): split it into several messages"
        )
    return size


def turn_messages(user_text: str, answer: str) -> tuple[ConversationalMessage, ...]:
    """Return the messages of a turn; a long text becomes several, an empty answer none."""
    # Half a surrogate pair can't be stored; two halves in a row are a character.
    answer = answer.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return (
        *(ConversationalMessage(part, MessageRole.USER) for part in split_text(user_text)),
        *(ConversationalMessage(part, MessageRole.ASSISTANT) for part in split_text(answer)),
    )


def is_full(text: str) -> bool:
    """Return whether *text* fills a message, so that the next one may go on with it."""
    # A character that no longer fits has up to 4 bytes.
    return len(text) >= MAX_TEXT_CHARACTERS or len(text.encode()) > MAX_MESSAGE_BYTES - 4


def split_text(text: str) -> list[str]:
    """Return the parts of *text* that fit into a message each: joined they are the text."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        head = text[at : at + MAX_TEXT_CHARACTERS].encode()[:MAX_MESSAGE_BYTES]
        parts.append(head.decode("utf-8", "ignore"))  # a character that was cut comes next
        at += len(parts[-1])
    return parts


def _check_scalar(argument: str, value: object) -> None:
    """Check a value that is neither a dict nor a list."""
    if isinstance(value, str):
        check_utf8(argument, value)
    elif isinstance(value, int):
        if value.bit_length() > 1023:
            refuse(f"{argument} has an int beyond 1.7e308, the largest number of JSON; give a str")
    elif isinstance(value, float):
        if not math.isfinite(value):
            refuse(f"{argument} contains {value}, which JSON cannot represent; give None or a str")
    elif value is not None:
        refuse(
            f"{argument} contains {kind(value)}; JSON takes dict, list, str, int, float, bool and "
            "None (anything else would not come back equal)"
        )


def _check_values(argument: str, value: object) -> None:
    """Check that JSON can represent *value*, and would not change it."""
    left, seen = [(value, 0)], 0
    while left:
        value, depth = left.pop()
        seen += 1
        if seen > MAX_MESSAGE_BYTES:  # also where a list contains itself several times
            refuse(f"{argument} has over {MAX_MESSAGE_BYTES:,} values; the limit is 100 KB as JSON")
        if depth > MAX_DEPTH:
            refuse(
                f"{argument} is nested more than {MAX_DEPTH} levels deep, or contains itself; "
                "flatten it"
            )
        if isinstance(value, dict):
            # A list: in a thread, the caller might change the dict meanwhile.
            for key, item in list(cast("dict[object, object]", value).items()):
                if not isinstance(key, str):
                    refuse(f"{argument} has a key of type {kind(key)}; JSON keys must be str")
                check_utf8(f"a key of {argument}", key)
                left.append((item, depth + 1))
        elif isinstance(value, list):
            left += [(item, depth + 1) for item in cast("list[object]", value)]
        else:
            _check_scalar(argument, value)


def check_json(argument: str, value: object) -> int:
    """Check that *value* comes back equal from JSON, and return its size in bytes."""
    _check_values(argument, value)
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_MESSAGE_BYTES:
        refuse(
            f"{argument} has {size:,} bytes as JSON; the limit is {MAX_MESSAGE_BYTES:,} (100 KB): "
            "store a reference to larger data"
        )
    return size


def check_messages(messages: object, argument: str = "messages") -> tuple[PayloadItem, ...]:
    """Return the items of an event: 1 to 100, each within its limits."""
    if isinstance(messages, str | bytes) or not isinstance(messages, Sequence):
        refuse(f"{argument} is {kind(messages)}; give a list of 1 to 100 ConversationalMessage")
    given = cast("Sequence[object]", messages)
    if not 1 <= len(given) <= MAX_MESSAGES:
        refuse(
            f"{argument} has {len(given)} items; give 1 to {MAX_MESSAGES} per event, "
            "and more in several calls"
        )
    items: list[PayloadItem] = []
    for index, each in enumerate(given):
        where = f"{argument}[{index}]"
        if isinstance(each, JsonPayload | BlobPayload):
            if each.content is None and isinstance(each, JsonPayload):
                refuse(f"{where}.content is None; the service does not take null: give a dict")
            check_json(f"{where}.content", each.content)
            items.append(each)
        else:
            message = read_message(where, each)
            check_message(where, message)
            items.append(message)
    return tuple(items)


def check_ingested(messages: object) -> tuple[PayloadItem, ...]:
    """Return the items of content that is only extracted from: an event's, without blobs."""
    items = check_messages(messages)
    for place, item in enumerate(items):
        if isinstance(item, BlobPayload):
            refuse(
                f"messages[{place}] is a BlobPayload, from which nothing is extracted; give its "
                "text, or a JsonPayload"
            )
    return items


def check_ingested_size(payload: list[dict[str, Any]]) -> None:
    """Check the size of content that is only extracted from, as it is sent."""
    size = len(json.dumps(payload, ensure_ascii=False).encode())
    if size > MAX_INGESTED_BYTES:
        refuse(
            f"messages has {size:,} bytes as JSON; the limit is {MAX_INGESTED_BYTES:,} (100 KB): "
            "give more in several calls"
        )


def check_payload(value: object) -> dict[str, Any]:
    """Check the data of a custom event: a dict that comes back equal from JSON."""
    if not isinstance(value, dict):
        refuse(f"payload is {kind(value)}; give a dict of JSON data")
    payload = cast("dict[str, Any]", value)
    check_json("payload", payload)
    return payload
