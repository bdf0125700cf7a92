"""
Whether data is so large that work on it would hold an event loop: pure, no await.

What is large is checked, encoded, hashed and decoded in a thread. What is small is not: a thread
costs more than the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from agentcore_memory_async.models import (
    BlobPayload,
    ConversationalMessage,
    HistoryEvent,
    HistoryMessage,
    JsonPayload,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGE = 64 * 1024
"""Characters or bytes from which on data is large; work on less takes a millisecond or two."""
VALUE = 64
"""Weight of a value beside its text, since each is checked by itself."""
MOST = LARGE // VALUE
"""Number of values that are large whatever they are."""
_TEXT = (str, bytes)
"""Types of what weighs its length; a tuple is compared faster than a union."""
_LISTS = (list, tuple)
"""Types of lists."""


def is_large(value: object) -> bool:
    """Return whether *value*, of JSON data, bytes, items of an event and messages, is large."""
    left = cast("list[dict[Any, Any] | list[Any] | str | None]", [value])
    weight = 0
    while left:
        each = left.pop()
        if isinstance(each, _TEXT):
            weight += len(each)
        else:
            weight += VALUE
            if isinstance(each, dict):
                left.extend(islice(each, MOST))
                left.extend(islice(each.values(), MOST))
            elif isinstance(each, _LISTS):
                left.extend(islice(each, MOST))
            else:
                left.extend(_parts(each))
        if weight >= LARGE:
            return True
    return False


def _parts(value: object) -> Iterable[Any]:
    """Return what *value* consists of, up to a number that is large; nothing for a number."""
    if isinstance(value, ConversationalMessage | HistoryMessage):
        return (value.text,)
    if isinstance(value, HistoryEvent):
        return value.items
    if isinstance(value, JsonPayload | BlobPayload):
        return (value.content,)
    if isinstance(value, Mapping):
        return islice(cast("Mapping[object, object]", value).values(), MOST)
    return ()
