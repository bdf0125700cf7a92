"""
JSON in pieces: pure, no await.

The encoder holds the interpreter until it is done, also in a thread. Between two pieces the event
loop has its turn.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def encode_in_pieces(members: Mapping[str, Any], *, sort_keys: bool = False) -> Iterator[str]:
    """Yield the JSON of an object, each item of its lists by itself; joined it is ``dumps``'s."""
    separator = "{"
    for name in sorted(members) if sort_keys else members:
        yield f"{separator}{json.dumps(name)}: "
        yield from _pieces(members[name], sort_keys)
        separator = ", "
    yield "}" if members else "{}"


def _pieces(value: object, sort_keys: bool) -> Iterator[str]:
    if not isinstance(value, list):
        yield json.dumps(value, sort_keys=sort_keys)
        return
    separator = "["
    for item in cast("list[object]", value):
        yield separator + json.dumps(item, sort_keys=sort_keys)
        separator = ", "
    yield "]" if value else "[]"
