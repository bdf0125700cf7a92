"""Metadata of records: the system's own keys, and the filter expressions over both."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from agentcore_memory_async.local._errors import validation
from agentcore_memory_async.local._wire import as_array, child

__all__ = ("record_filter", "system_metadata")

_PREFIX = "x-amz-agentcore-memory-"

Accept = Callable[[Mapping[str, Any]], bool]


def system_metadata(
    created_ms: int, updated_ms: int, record_type: str | None
) -> dict[str, dict[str, Any]]:
    """Return what every record can be filtered by."""
    return {
        _PREFIX + "createdAt": {"dateTimeValue": created_ms / 1000},
        _PREFIX + "updatedAt": {"dateTimeValue": updated_ms / 1000},
        _PREFIX + "recordType": {"stringValue": record_type or "MEMORY_RECORD"},
    }


def record_filter(expressions: list[dict[str, Any]] | None) -> Accept | None:
    """Return what decides whether a record's metadata match all *expressions*."""
    if not expressions:
        return None
    checks = [_check(expression) for expression in expressions]
    return lambda metadata: all(check(metadata) for check in checks)


def _check(expression: Mapping[str, Any]) -> Accept:
    name = expression["left"]["metadataKey"]
    operator = expression["operator"]
    if operator == "EXISTS":
        return lambda metadata: name in metadata
    if operator == "NOT_EXISTS":
        return lambda metadata: name not in metadata
    right = child(child(expression, "right"), "metadataValue")
    if not right:
        text = f"{operator} needs right.metadataValue"
        raise validation(text, field="metadataFilters")
    kind, wanted = next((item for item in right.items() if item[1] is not None), ("", None))
    compare = _OPERATORS[operator]
    if kind not in _KINDS[operator]:
        text = f"{operator} does not compare a {kind}"
        raise validation(text, field="metadataFilters")

    def accept(metadata: Mapping[str, Any]) -> bool:
        value = metadata.get(name)
        if not value:
            return False
        if operator == "CONTAINS" and "stringListValue" in value:
            items = [wanted] if isinstance(wanted, str) else as_array(wanted)
            return set(items) <= set(as_array(value["stringListValue"]))
        return kind in value and bool(compare(value[kind], wanted))

    return accept


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "EQUALS_TO": lambda left, right: left == right,
    "BEFORE": lambda left, right: left < right,
    "AFTER": lambda left, right: left > right,
    "CONTAINS": lambda left, right: right in left,
    "GREATER_THAN": lambda left, right: left > right,
    "GREATER_THAN_OR_EQUALS": lambda left, right: left >= right,
    "LESS_THAN": lambda left, right: left < right,
    "LESS_THAN_OR_EQUALS": lambda left, right: left <= right,
}
_ANY = frozenset({"stringValue", "stringListValue", "numberValue", "dateTimeValue"})
_NUMBER = frozenset({"numberValue"})
_TIME = frozenset({"dateTimeValue"})
_KINDS: dict[str, frozenset[str]] = {
    "EQUALS_TO": _ANY,
    "BEFORE": _TIME,
    "AFTER": _TIME,
    "CONTAINS": frozenset({"stringValue", "stringListValue"}),
    "GREATER_THAN": _NUMBER,
    "GREATER_THAN_OR_EQUALS": _NUMBER,
    "LESS_THAN": _NUMBER,
    "LESS_THAN_OR_EQUALS": _NUMBER,
}


def read_metadata(text: str | None) -> dict[str, Any]:
    """Return a row's metadata."""
    return json.loads(text) if text else {}
