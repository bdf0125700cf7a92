"""Access to members of JSON objects: what has another type than expected counts as empty."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def as_object(value: object) -> dict[str, Any]:
    """Return *value* if it is an object, otherwise an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_array(value: object) -> list[Any]:
    """Return *value* if it is a list, otherwise an empty one."""
    if not isinstance(value, list):
        return []
    return cast("list[Any]", value)  # type: ignore[redundant-cast]  # pyright needs it


def child(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the member *name* if it is an object, otherwise an empty one."""
    return as_object(members.get(name))


def children(members: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the items of the list *name*, each as an object."""
    return [as_object(item) for item in as_array(members.get(name))]


def strings_in(value: object) -> Iterator[str]:
    """Iterate over the strings in a JSON value, however deep they are nested."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        stack += reversed([*as_object(item).values(), *as_array(item)])


def to_ms(timestamp: float) -> int:
    """Return a wire timestamp floored to milliseconds, whatever its binary fraction is."""
    # Its shortest decimal text is what was sent; in the year 9999 a float is off by 0.02 ms.
    return int(round(Decimal(repr(timestamp)), 6) * 1000)
