"""
What all values have.

All are frozen and can be compared, hashed, copied and pickled. Their ``repr`` shows ids, counts
and sizes, never content; ``to_dict()`` has it, and so has what IPython and notebooks show of them,
since a person asked to see it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, cast

from attrs import asdict, has

JsonValue = dict[str, Any] | list[Any] | str | int | float | bool | None
"""Any JSON value."""


def size(value: object) -> str:
    """Return the length of content, which stands for it in a ``repr``."""
    try:
        return f"<{len(value)}>"  # type: ignore[arg-type]  # what has no length is caught below
    except TypeError:
        return "<...>"


def size_if_any(value: object) -> str:
    """Return the length of content; what is None or empty stays as it is."""
    return size(value) if value else repr(value)


def _to_json(value: object) -> Any:
    """Return *value* as JSON data."""
    if has(type(value)):
        return {key: _to_json(each) for key, each in _members(value).items()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        mapping = cast("Mapping[object, object]", value)
        return {str(key): _to_json(each) for key, each in mapping.items()}
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in cast("list[object]", value)]
    return value


def _members(value: Any) -> dict[str, Any]:
    return asdict(value, recurse=False)


class Model:
    """What all values have."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        # IPython prefers the __repr__ of a class to what the class inherits.
        setattr(cls, "_repr_pretty_", Model._repr_pretty_)  # noqa: B010 - a method, for mypy

    def to_dict(self) -> dict[str, Any]:
        """
        Return all members, content too, as JSON data.

        Times are ISO 8601 with their zone, and roles are their names.
        """
        data: dict[str, Any] = _to_json(self)
        return data

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Write all members, content too, for a person at IPython or a notebook."""
        name = type(self).__name__
        if cycle:
            printer.text(f"{name}(...)")
            return
        with printer.group(len(name) + 1, f"{name}(", ")"):
            for index, (key, value) in enumerate(_members(self).items()):
                if index:
                    printer.text(",")
                    printer.breakable()
                printer.text(f"{key}=")
                printer.pretty(value)
