"""Reading members of a request's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def as_object(value: object) -> dict[str, Any]:
    """Return *value* if it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_array(value: object) -> list[Any]:
    """Return *value* if it is a list, else an empty one."""
    if not isinstance(value, list):
        return []
    return cast("list[Any]", value)  # type: ignore[redundant-cast]  # pyright needs it


def child(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the object that is the member *name*, an empty one where there is none."""
    return as_object(members.get(name))


def children(members: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects in the list that is the member *name*."""
    return [as_object(item) for item in as_array(members.get(name))]


def strings_in(value: object) -> Iterator[str]:
    """Yield the texts in a JSON value, however deep it is nested."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item
        left += reversed([*as_object(item).values(), *as_array(item)])


def to_ms(timestamp: float) -> int:
    """Return a wire timestamp floored to milliseconds, whatever its binary fraction is."""
    return round(timestamp * 1_000_000) // 1000
