"""What becomes of an item of a list that cannot be read: a warning, or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._warnings import warn_caller
from agentcore_memory_async._wire.validation import kind, refuse
from agentcore_memory_async.errors import DecodeError, UnreadableItemWarning

if TYPE_CHECKING:
    from agentcore_memory_async._wire.reading import OnUnreadable


def _skip(error: DecodeError) -> None:
    # Each is shown once, since it is named, and however often a poller reads it.
    warn_caller(f"{error}; it was left out", UnreadableItemWarning)


def _fail(error: DecodeError) -> None:
    raise error


def check_on_unreadable(value: object) -> OnUnreadable:
    """Return what judges the error of an unreadable item."""
    if value not in ("skip", "raise"):
        what = repr(value[:20]) if isinstance(value, str) else kind(value)
        refuse(f"on_unreadable is {what}; give 'skip' or 'raise'")
    return _skip if value == "skip" else _fail
