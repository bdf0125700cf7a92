"""
JSON in pieces: pure, no await.

Encoder and decoder hold the interpreter until they are done, also in a thread. Between two pieces
the event loop has its turn.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENCODER = json.JSONEncoder()
"""The encoder of ``dumps``."""


def encode_in_pieces(
    members: Mapping[str, Any], encoder: json.JSONEncoder = _ENCODER
) -> Iterator[str]:
    """Yield the JSON of an object, each item of its lists by itself; joined it is *encoder*'s."""
    separator = "{"
    for name in sorted(members) if encoder.sort_keys else members:
        yield f"{separator}{encoder.encode(name)}{encoder.key_separator}"
        yield from _pieces(members[name], encoder)
        separator = encoder.item_separator
    yield "}" if members else "{}"


def _pieces(value: object, encoder: json.JSONEncoder) -> Iterator[str]:
    if not isinstance(value, list):
        yield encoder.encode(value)
        return
    separator = "["
    for item in cast("list[object]", value):
        yield separator + encoder.encode(item)
        separator = encoder.item_separator
    yield "]" if value else "[]"


def decode_in_pieces(text: str | bytes) -> object:
    """Return what ``loads`` does, object by object."""
    return cast("object", json.loads(text, object_hook=_let_others_run))


def _let_others_run(value: dict[str, Any]) -> dict[str, Any]:
    """Return *value*: between two Python functions the decoder lets other threads run."""
    return value
