"""Metadata of records: which of it is kept, the system's own keys, and filter expressions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local._api.errors import validation
from agentcore_memory_async.local._api.members import as_array, child

if TYPE_CHECKING:
    from agentcore_memory_async.local._storage.memories import Memory
    from agentcore_memory_async.local.extractor import Strategy


_PREFIX = "x-amz-agentcore-memory-"
"""Prefix of the metadata keys that the service sets itself."""
_VALUES = {"STRING": "stringValue", "STRINGLIST": "stringListValue", "NUMBER": "numberValue"}
"""Members that hold a metadata value, by the type of an indexed key."""

Accept = Callable[[Mapping[str, Any], int], bool]
"""Returns whether a record passes, by its metadata and when (ms) it was last written."""


def kept_metadata(
    metadata: Mapping[str, Any] | None, strategy: Strategy | None
) -> dict[str, Any] | None:
    """Return the metadata to store: all of it, or with a strategy only the keys of its schema."""
    if strategy is None:
        return dict(metadata or {}) or None
    return {key: item for key, item in (metadata or {}).items() if key in strategy.schema} or None


def metadata_problem(metadata: Mapping[str, Any] | None, memory: Memory) -> tuple[int, str] | None:
    """Return why a record with *metadata* fails: code and text; None if it does not."""
    types = memory.indexed_keys
    for key, value in (metadata or {}).items():
        if key.startswith(_PREFIX):
            return 400, f"metadata key {key} is reserved"
        if "dateTimeValue" in value:
            return 400, f"dateTimeValue of metadata key {key} is reserved for system fields"
        if key in types and _VALUES[types[key]] not in value:
            return 400, "value type does not match declared indexed key type"
    return None


def system_metadata(
    created_ms: int, updated_ms: int, record_type: str | None
) -> dict[str, dict[str, Any]]:
    """Return the metadata that every record has."""
    return {
        _PREFIX + "createdAt": {"dateTimeValue": created_ms / 1000},
        _PREFIX + "updatedAt": {"dateTimeValue": updated_ms / 1000},
        _PREFIX + "recordType": {"stringValue": record_type or "MEMORY_RECORD"},
    }


def record_filter(expressions: list[dict[str, Any]] | None, memory: Memory) -> Accept | None:
    """
    Return the function that decides whether a record matches all *expressions*; None for none.

    Raises:
        AwsError: ValidationException: an expression can't be evaluated, for example because the
            memory does not index its key. A memory that was created on first use declares no
            keys, so there all keys count as indexed.
    """
    if not expressions:
        return None
    checks = [_indexed(expression, memory) for expression in expressions]
    return lambda metadata, written_ms: all(check(metadata, written_ms) for check in checks)


def _indexed(expression: Mapping[str, Any], memory: Memory) -> Accept:
    """Return the check of an expression; it ignores keys of records from before their index."""
    name: str = expression["left"]["metadataKey"]
    check = _check(expression)
    if name.startswith(_PREFIX) or memory.first_use:
        return lambda metadata, _: check(metadata)
    if name not in memory.indexed_keys:
        text = f"Metadata key {name} is not one of the memory's indexed keys"
        raise validation(text, field="metadataFilters")
    since = memory.indexed_since(name)

    def accept(metadata: Mapping[str, Any], written_ms: int) -> bool:
        if written_ms < since:
            metadata = {key: item for key, item in metadata.items() if key != name}
        return check(metadata)

    return accept


def _check(expression: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
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
"""Comparisons of a record's value with the filter's, by operator."""
_ANY = frozenset({"stringValue", "stringListValue", "numberValue", "dateTimeValue"})
"""All members that hold a metadata value."""
_NUMBER = frozenset({"numberValue"})
"""Members that hold a number."""
_TIME = frozenset({"dateTimeValue"})
"""Members that hold a time."""
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
"""Members that an operator can compare."""


def read_metadata(text: str | None) -> dict[str, Any]:
    """Return the metadata of a row."""
    return json.loads(text) if text else {}
