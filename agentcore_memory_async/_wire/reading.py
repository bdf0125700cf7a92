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
Json = dict[str, Any] | list[Any] | str | float | None
"""A value in an answer."""
T = TypeVar("T")

OnUnreadable = Callable[[DecodeError], None]
"""Judges the error of one unreadable item: raises it, or warns."""
_SHOWN_ID = re.compile(r"[A-Za-z0-9#_:./-]{1,200}")
"""Ids that errors show."""


class Wrong(Exception):  # noqa: N818 - never raised beyond this module
    """What is wrong with a member of an answer, without its content."""


def text_of(body: Body, member: str) -> str | None:
    """Return a text; None where it is absent or null."""
    value: Json = body.get(member)
    if value is None or isinstance(value, str):
        return value
    raise _of_wrong_kind(member, value)


def object_of(body: Body, member: str) -> Body | None:
    """Return an object; None where it is absent or null."""
    value: Json = body.get(member)
    if value is None or isinstance(value, dict):
        return value
    raise _of_wrong_kind(member, value)


def list_of(body: Body, member: str) -> list[Any] | None:
    """Return a list; None where it is absent or null."""
    value: Json = body.get(member)
    if value is None or isinstance(value, list):
        return value
    raise _of_wrong_kind(member, value)


def number_of(body: Body, member: str) -> int | None:
    """Return a whole number; None where it is absent or null."""
    value: Json = body.get(member)
    if value is None or isinstance(value, int):
        return value
    raise _of_wrong_kind(member, value)


def _of_wrong_kind(member: str, value: object) -> Wrong:
    return Wrong(f"its {member} is {type(value).__name__}")


def required(value: T | None, member: str) -> T:
    """Return the value of a member that the service always sends."""
    if value is None:
        message = f"its {member} is missing"
        raise Wrong(message)
    return value


def id_of(body: Body, member: str) -> str:
    """Return an id; an answer without one acknowledges nothing."""
    value: Json = body.get(member)
    if value and isinstance(value, str):
        return value
    return required(text_of(body, member) or None, member)


def objects_of(body: Body, member: str) -> list[Body]:
    """Return a list of objects; an empty one where it is absent or null."""
    items = list_of(body, member) or []
    for item in items:
        if not isinstance(item, dict):
            message = f"its {member} is no list of objects"
            raise Wrong(message)
    return items


def read_time(value: object) -> datetime:
    """Return the time of epoch seconds, to the millisecond; raise TypeError for anything else."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        message = f"a time is a {type(value).__name__}"
        raise TypeError(message)
    # Milliseconds, by their place: an argument by name takes half as long again.
    return EPOCH + timedelta(0, 0, 0, round(value * 1000))


def time_of(body: Body, member: str) -> datetime:
    try:
        return read_time(body.get(member))
    except (TypeError, ValueError, OverflowError):
        pass
    message = f"its {member} is no time"
    raise Wrong(message)


def read(operation: str, raw: Body | Json, what: str, reader: Callable[[Body], T]) -> T:
    """Call *reader*; an answer that it cannot read is a `DecodeError`."""
    wrong = ""
    if isinstance(raw, dict):
        try:
            return reader(raw)
        except Wrong as error:
            wrong = str(error)
    # Raised out here, where what is wrong is no context of it.
    raise _unreadable(operation, raw, what, wrong)


def _unreadable(operation: str, raw: Body | Json, what: str, wrong: str) -> DecodeError:
    """Return the error of what is no object, or in which something is *wrong*."""
    text = f"{what}: {wrong}" if wrong else f"it has no {what}"
    return DecodeError(operation, text, raw, parsed=True)


def read_each(
    operation: str, items: list[Json], kind: ItemKind[T], unreadable: OnUnreadable
) -> list[T]:
    """Read each item; *unreadable* judges an item that cannot be read, and the others stay."""
    items_read: list[T] = []
    reader = kind.reader
    for place, item in enumerate(items):
        wrong = ""
        if isinstance(item, dict):
            try:
                items_read.append(reader(item))
                continue
            except Wrong as error:
                wrong = str(error)
        unreadable(_unreadable(operation, item, kind.named(place, item), wrong))
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
        known = cast("Body", item).get(self.id_member) if isinstance(item, dict) else None
        if isinstance(known, str) and _SHOWN_ID.fullmatch(known):
            return f"{self.name} {known}"
        return f"{self.name} number {place + 1} of the page"


def read_page(operation: str, body: Body, member: str) -> list[Json]:
    """Return the items of a page, not read yet; a page without its list is no empty one."""
    items = body.get(member)
    if not isinstance(items, list):
        raise DecodeError(operation, f"it has no list of {member}", dict(body), parsed=True)
    return cast("list[Json]", items)
