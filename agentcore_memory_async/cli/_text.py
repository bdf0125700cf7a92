"""What is shown of a value: text of the service is not trusted, it may hold a terminal's codes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Collection

_HARMFUL = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories that are escaped: control characters, lone surrogates, separators of lines."""
_BIDI = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Classes of characters that turn the direction of what follows them."""


def escaped(text: str, keep: Collection[str] = ()) -> str:
    r"""
    Return *text* with what a terminal could take for a command as ``\x1b``, ``\n`` and so on.

    Joiners stay: scripts and emoji need them.

    Args:
        text: Text.
        keep: Characters that stay nevertheless.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each if each in keep or not _is_harmful(each) else each.encode("unicode_escape").decode()
        for each in text
    )


def _is_harmful(character: str) -> bool:
    return (
        unicodedata.category(character) in _HARMFUL or unicodedata.bidirectional(character) in _BIDI
    )


def shown(value: object) -> str:
    """Return a value as text: times to the second in UTC, several values with commas."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return ", ".join(f"{name}={shown(each)}" for name, each in pairs.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, cast("list[object]", value)))
    return str(value)
