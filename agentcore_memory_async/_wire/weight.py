"""
Whether data is so large that work on it would hold an event loop: pure, no await.

What is large is checked, encoded, hashed and decoded in a thread. What is small is not: a thread
costs more than the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import cast

from agentcore_memory_async.models import BlobPayload, ConversationalMessage, JsonPayload

LARGE = 64 * 1024
"""Characters or bytes from which on data is large; work on less takes a millisecond or two."""
VALUE = 64
"""Weight of a value beside its text, since each is checked by itself."""
MOST = LARGE // VALUE
"""Number of values that are large whatever they are."""


def is_large(value: object) -> bool:
    """Return whether *value*, of JSON data, bytes and items of an event, is large."""
    left, weight = [value], 0
    while left and weight < LARGE:
        each = left.pop()
        if isinstance(each, str | bytes):
            weight += len(each)
            continue
        weight += VALUE
        if isinstance(each, Mapping):
            pairs = islice(cast("Mapping[object, object]", each).items(), MOST)
            left.extend(part for pair in pairs for part in pair)
        elif isinstance(each, list | tuple):
            left.extend(cast("list[object]", each)[:MOST])
        elif isinstance(each, ConversationalMessage):
            left.append(each.text)
        elif isinstance(each, JsonPayload | BlobPayload):
            left.append(each.content)
    return weight >= LARGE
