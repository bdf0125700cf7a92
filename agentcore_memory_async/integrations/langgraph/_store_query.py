"""What a store's operations ask for: filters, conditions on namespaces, and text to search in."""

from __future__ import annotations

from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, cast

from langgraph.store.base import get_text_at_path, tokenize_path

from agentcore_memory_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from langgraph.store.base import ListNamespacesOp, MatchCondition

    from agentcore_memory_async.integrations.langgraph._store_names import Labels

WHOLE = "$"
"""Path of a whole value."""
_LONGEST_TEXT = 16_000
"""Characters of a record."""
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "$gt": gt,
    "$gte": ge,
    "$lt": lt,
    "$lte": le,
}
"""Operators that compare numbers."""


def texts_of(value: Mapping[str, Any], paths: Sequence[str]) -> list[str]:
    """Return the texts of a value by which it is found, each short enough for a record."""
    found: dict[str, None] = {}
    for path in paths:
        for text in get_text_at_path(value, path if path == WHOLE else tokenize_path(path)):
            # Half a surrogate pair can't be stored, and is no text to search for.
            whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            for at in range(0, len(whole), _LONGEST_TEXT):
                found[whole[at : at + _LONGEST_TEXT]] = None
    return [text for text in found if text.strip()]


def meets(value: Mapping[str, Any], conditions: Mapping[str, Any] | None) -> bool:
    """Return whether a value meets all conditions of a search."""
    return all(_equals(value.get(key), wanted) for key, wanted in (conditions or {}).items())


def _equals(value: object, wanted: object) -> bool:
    if isinstance(wanted, dict):
        fields = cast("dict[str, object]", wanted)
        if any(key.startswith("$") for key in fields):
            return all(_compares(value, name, operand) for name, operand in fields.items())
        if not isinstance(value, dict):
            return False
        inner = cast("dict[str, object]", value)
        return all(_equals(inner.get(key), each) for key, each in fields.items())
    if isinstance(wanted, list | tuple):
        items = cast("Sequence[object]", wanted)
        if not isinstance(value, list):
            return False
        found = cast("list[object]", value)
        return len(found) == len(items) and all(map(_equals, found, items))
    return value == wanted


def _compares(value: object, name: str, operand: object) -> bool:
    if name == "$eq":
        return value == operand
    if name == "$ne":
        return value != operand
    if name not in _COMPARISONS:
        message = f"filter has the operator {name!r}; known are $eq, $ne, $gt, $gte, $lt, $lte"
        raise InvalidInputError(message)
    try:
        return _COMPARISONS[name](float(cast("float", value)), float(cast("float", operand)))
    except (TypeError, ValueError):  # it has no such field, or no number there
        return False


def selected(namespaces: Iterable[Labels], conditions: Iterable[MatchCondition]) -> list[Labels]:
    """Return the namespaces that meet all conditions, sorted."""
    wanted = list(conditions)
    return sorted(labels for labels in namespaces if all(_matches(labels, each) for each in wanted))


def page(namespaces: Iterable[Labels], op: ListNamespacesOp) -> list[Labels]:
    """Return the namespaces that are asked for, down to a depth."""
    cut = sorted({labels[: op.max_depth] for labels in namespaces})
    return cut[op.offset : op.offset + op.limit]


def _matches(labels: Labels, condition: MatchCondition) -> bool:
    path = tuple(condition.path)
    if condition.match_type not in ("prefix", "suffix"):
        message = f"match_type is {condition.match_type!r}; give 'prefix' or 'suffix'"
        raise InvalidInputError(message)
    if len(labels) < len(path):
        return False
    part = labels[: len(path)]
    if condition.match_type == "suffix":
        part = labels[len(labels) - len(path) :]
    return all(wanted in ("*", label) for label, wanted in zip(part, path, strict=True))
