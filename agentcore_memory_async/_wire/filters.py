"""Filters by metadata: checked, put on the wire, and evaluated for events: pure, no await."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.metadata import (
    OWN_KEYS,
    check_metadata_value,
    encode_metadata_value,
)
from agentcore_memory_async.filters import Filter, MetadataKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agentcore_memory_async.filters import FilterOperator
    from agentcore_memory_async.models import MetadataValue

MAX_FILTERS = 5
"""Filters of one request (service model)."""
EVENT_TYPE = "eventType"
"""Metadata key under which the type of a custom event is kept."""
_WITHOUT_VALUE = ("EXISTS", "NOT_EXISTS")
"""Operators that compare with nothing."""
_EXAMPLE = "where('topic') == 'billing'"
"""A filter, for errors."""
_EXPRESSION = "{'left': {'metadataKey': k}, 'operator': o, 'right': {'metadataValue': {t: v}}}"
"""An expression, for errors."""
_KINDS: dict[str, tuple[type, ...]] = {
    "stringValue": (str,),
    "stringListValue": (list, tuple),
    "numberValue": (int, float),
    "dateTimeValue": (datetime,),
}
"""Types of the values of expressions, by the member that has them."""
_NUMBER = (int, float), "a number; times are compared by < and > only"
"""What the operators of numbers compare with."""
_TIME = (datetime,), "an aware datetime"
"""What the operators of times compare with."""
_COMPARED: dict[str, tuple[tuple[type, ...], str]] = {
    "EQUALS_TO": ((str, tuple, int, float, datetime), "a value"),
    "BEFORE": _TIME,
    "AFTER": _TIME,
    "CONTAINS": ((str, tuple), "a str or a list of them"),
    "GREATER_THAN": _NUMBER,
    "GREATER_THAN_OR_EQUALS": _NUMBER,
    "LESS_THAN": _NUMBER,
    "LESS_THAN_OR_EQUALS": _NUMBER,
}
"""Types that the operators of records compare with, also in words."""
_OWN: dict[str, tuple[type, str]] = {
    f"{OWN_KEYS}createdAt": (datetime, "times, which an aware datetime is compared with"),
    f"{OWN_KEYS}updatedAt": (datetime, "times, which an aware datetime is compared with"),
    f"{OWN_KEYS}recordType": (str, "text, which a str is compared with"),
}
"""Types of the keys that the service sets itself, also in words."""


def check_record_filters(
    filters: object, metadata: object, own: Sequence[str] = (), argument: str = "filters"
) -> tuple[Filter, ...]:
    """
    Return the filters of a request for records; entries of *metadata* must be equal.

    Args:
        filters: What the caller gave.
        metadata: What the caller gave.
        own: For what the request has a condition of its own, each.
        argument: Name of the argument *filters*.
    """
    checked = _check_all(filters, metadata, _check_record_value, argument)
    return _check_number(checked, own, argument)


def check_event_filters(
    event_type: object, filters: object, metadata: object
) -> tuple[Filter, ...]:
    """Return the filters of a request for events, that for *event_type* the first of them."""
    checked = _check_all(filters, metadata, _check_event_value)
    if event_type is None:
        return _check_number(checked)
    of_type = Filter(EVENT_TYPE, "EQUALS_TO", check.check_event_type(event_type))
    return of_type, *_check_number(checked, ("event_type",))


def _check_number(
    checked: tuple[Filter, ...], own: Sequence[str] = (), argument: str = "filters"
) -> tuple[Filter, ...]:
    """Return *checked*; with the *own* conditions of the request they are five at most."""
    most = MAX_FILTERS - len(own)
    if len(checked) > most:
        arguments = f"{argument} and metadata" if argument == "filters" else argument
        taken = " and ".join(f"one is for {each}" for each in own)
        why = f"; of the service's five, {taken}" if own else ""
        check.refuse(f"{arguments} are {len(checked)} conditions; give {most} at most{why}")
    return checked


def _check_all(
    filters: object,
    metadata: object,
    check_value: Callable[[str, str, Filter], MetadataValue | None],
    name_of_filters: str = "filters",
) -> tuple[Filter, ...]:
    if filters is None:
        filters = ()
    if not isinstance(filters, list | tuple):
        what = f"{name_of_filters} is {check.kind(filters)}"
        check.refuse(f"{what}; give a list such as [{_EXAMPLE}]")
    checked: list[Filter] = []
    for place, each in enumerate(cast("list[object]", filters)):
        argument = f"{name_of_filters}[{place}]"
        if isinstance(each, Mapping):
            each = _read_expression(argument, cast("Mapping[str, object]", each))
        if not isinstance(each, Filter):
            what = "a key alone" if isinstance(each, MetadataKey) else check.kind(each)
            check.refuse(f"{argument} is {what}; give a comparison such as {_EXAMPLE}")
        key = check.check_metadata_text(f"{argument}.key", each.key, 1, 128, "")
        value = check_value(argument, f"{argument}.value", each)
        checked.append(Filter(key, each.operator, value))
    if metadata is None:
        return tuple(checked)
    if not isinstance(metadata, Mapping):
        check.refuse(f"metadata is {check.kind(metadata)}; give a mapping such as {{'topic': 'x'}}")
    for key, value in cast("Mapping[str, MetadataValue]", metadata).items():
        name = check.check_metadata_text("a key of metadata", key, 1, 128, "")
        entry, equal = f"metadata[{name!r}]", Filter(name, "EQUALS_TO", value)
        checked.append(Filter(name, "EQUALS_TO", check_value(entry, entry, equal)))
    return tuple(checked)


def _read_expression(argument: str, given: Mapping[str, object]) -> Filter:
    """Return the filter of an expression as the service, and the official SDK, write it."""
    key, right = _only(given.get("left"), "metadataKey"), given.get("right")
    operator = getattr(given.get("operator"), "value", given.get("operator"))  # of an enum
    value = None if right is None else _read_right(right)
    is_known = given.keys() <= {"left", "operator", "right"} and (value is None) == (right is None)
    if not (is_known and isinstance(key, str) and isinstance(operator, str)):
        check.refuse(f"{argument} is a mapping of another form; give {_EXPRESSION}")
    return Filter(key, cast("FilterOperator", operator), value)


def _read_right(right: object) -> MetadataValue | None:
    """Return the value of the right side; None where it is not of a known kind."""
    union = _only(right, "metadataValue")
    for kind, types in _KINDS.items():
        value = _only(union, kind)
        if isinstance(value, types):
            return cast("MetadataValue", value)
    return None


def _only(given: object, name: str) -> object:
    """Return the only member of a mapping; None for anything else."""
    if not isinstance(given, Mapping):
        return None
    members = cast("Mapping[str, object]", given)
    return members.get(name) if len(members) == 1 else None


def _check_record_value(argument: str, of_value: str, given: Filter) -> MetadataValue | None:
    if given.operator in _WITHOUT_VALUE:
        _check_no_value(argument, given)
        return None
    if given.operator not in _COMPARED:
        operators = ", ".join((*_WITHOUT_VALUE, *_COMPARED))
        check.refuse(f"{argument} has an unknown operator; use one of {operators}")
    value = check_metadata_value(of_value, given.value)
    types, words = _COMPARED[given.operator]
    if not isinstance(value, types):
        check.refuse(
            f"{argument} compares with {check.kind(value)}; {given.operator} takes {words}"
        )
    kind, is_what = _OWN.get(given.key, (object, ""))
    if not isinstance(value, kind):
        check.refuse(
            f"{argument} compares {given.key!r} with {check.kind(value)}; its values are {is_what}"
        )
    return value


def _check_event_value(argument: str, of_value: str, given: Filter) -> MetadataValue | None:
    if given.operator in _WITHOUT_VALUE:
        _check_no_value(argument, given)
        return None
    if given.operator != "EQUALS_TO":
        check.refuse(
            f"{argument} is no filter for events; the service compares them by ==, exists() and "
            "not_exists()"
        )
    return check.check_metadata_text(of_value, given.value, 0, 256, "")


def _check_no_value(argument: str, given: Filter) -> None:
    if given.value is not None:
        check.refuse(f"{argument} has a value; {given.operator} compares with none, leave it out")


def encode_filters(filters: Iterable[Filter]) -> list[dict[str, Any]]:
    """Return checked filters as the service's expressions."""
    return [_encode(each) for each in filters]


def _encode(given: Filter) -> dict[str, Any]:
    expression: dict[str, Any] = {"left": {"metadataKey": given.key}, "operator": given.operator}
    if given.value is None:
        return expression
    return {**expression, "right": {"metadataValue": encode_metadata_value(given.value)}}


def meets(metadata: Mapping[str, str], filters: Iterable[Filter]) -> bool:
    """Return whether the metadata of an event meets all *filters*."""
    return all(_meets(metadata, each) for each in filters)


def _meets(metadata: Mapping[str, str], wanted: Filter) -> bool:
    if wanted.operator == "EQUALS_TO":
        return metadata.get(wanted.key) == wanted.value
    return (wanted.key in metadata) == (wanted.operator == "EXISTS")
