"""
Reading the wire's JSON: pure, no await.

A body that lacks what its operation promises is a ``DecodeError``, never an empty success. Every
optional member may be absent or null, and what is unknown is kept or left alone. One item of a list
that cannot be read does not hide the others: the caller says what becomes of its error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast

from attrs import frozen

from agentcore_memory_async._wire.validation import EPOCH
from agentcore_memory_async.errors import DecodeError

Body = Mapping[str, Any]
T = TypeVar("T")

OnUnreadable = Callable[[DecodeError], None]
"""Judges the error of one unreadable item: raises it, or warns."""
_SHOWN_ID = re.compile(r"[A-Za-z0-9#_:./-]{1,200}")
"""Ids that errors show."""


class Wrong(Exception):  # noqa: N818 - never raised beyond this module
    """What is wrong with a member of an answer, without its content."""


def text_of(body: Body, member: str) -> str | None:
    """Return a text; None where it is absent or null."""
    value: str | None = member_of(body, member, str)
    return value


def object_of(body: Body, member: str) -> Body | None:
    """Return an object; None where it is absent or null."""
    value: Body | None = member_of(body, member, Mapping)
    return value


def member_of(body: Body, member: str, kind: type[Any]) -> Any:
    value = body.get(member)
    if value is None or isinstance(value, kind):
        return value
    message = f"its {member} is {type(value).__name__}"
    raise Wrong(message)


def required(value: T | None, member: str) -> T:
    """Return the value of a member that the service always sends."""
    if value is None:
        message = f"its {member} is missing"
        raise Wrong(message)
    return value


def id_of(body: Body, member: str) -> str:
    """Return an id; an answer without one acknowledges nothing."""
    return required(text_of(body, member) or None, member)


def objects_of(body: Body, member: str) -> list[Body]:
    """Return a list of objects; an empty one where it is absent or null."""
    items = cast("list[object]", member_of(body, member, list) or [])
    if not all(isinstance(item, Mapping) for item in items):
        message = f"its {member} is no list of objects"
        raise Wrong(message)
    return cast("list[Body]", items)


def read_time(value: object) -> datetime:
    """Return the time of epoch seconds, to the millisecond; raise TypeError for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        message = f"a time is a {type(value).__name__}"
        raise TypeError(message)
    return EPOCH + timedelta(milliseconds=round(value * 1000))


def time_of(body: Body, member: str) -> datetime:
    try:
        return read_time(body.get(member))
    except (TypeError, ValueError, OverflowError):
        pass
    message = f"its {member} is no time"
    raise Wrong(message)


def read(operation: str, raw: object, what: str, reader: Callable[[Body], T]) -> T:
    """Call *reader*; an answer that it cannot read is a `DecodeError`."""
    if not isinstance(raw, Mapping):
        raise DecodeError(operation, f"it has no {what}", raw, parsed=True)
    try:
        return reader(cast("Body", raw))
    except Wrong as error:
        wrong = str(error)
    # Raised out here, where what is wrong is no context of it.
    raise DecodeError(operation, f"{what}: {wrong}", cast("Body", raw), parsed=True)


def read_each(
    operation: str, items: list[object], kind: ItemKind[T], unreadable: OnUnreadable
) -> list[T]:
    """Read each item; *unreadable* judges an item that cannot be read, and the others stay."""
    items_read: list[T] = []
    for place, item in enumerate(items):
        try:
            items_read.append(read(operation, item, kind.named(place, item), kind.reader))
        except DecodeError as error:
            unreadable(error)
    return items_read


@frozen
class ItemKind(Generic[T]):
    """
    A kind of items in lists.

    Attributes:
        name: Name, for errors.
        id_member: Member that has its id.
        reader: Reads an item.
    """

    name: str
    id_member: str
    reader: Callable[[Body], T]

    def named(self, place: int, item: object) -> str:
        """Return what an error calls the item: by its id, or by its place in the page."""
        known = cast("Body", item).get(self.id_member) if isinstance(item, Mapping) else None
        if isinstance(known, str) and _SHOWN_ID.fullmatch(known):
            return f"{self.name} {known}"
        return f"{self.name} number {place + 1} of the page"


def read_page(operation: str, body: Body, member: str) -> list[object]:
    """Return the items of a page, not read yet; a page without its list is no empty one."""
    items = body.get(member)
    if not isinstance(items, list):
        raise DecodeError(operation, f"it has no list of {member}", dict(body), parsed=True)
    return cast("list[object]", items)
