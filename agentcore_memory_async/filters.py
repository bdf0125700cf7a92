"""
Filters by metadata, for events and for long-term records.

```python
filters = [where("topic") == "billing", where("x-amz-agentcore-memory-createdAt") > moment]
```

All filters of a list must hold, since the service knows no other way to combine them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, NoReturn, cast

from attrs import field, frozen

from agentcore_memory_async._mistakes import InvalidInputError
from agentcore_memory_async._models.base import Model, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.models import MetadataValue

__all__ = ("Filter", "FilterOperator", "MetadataKey", "where")

FilterOperator = Literal[
    "EQUALS_TO",
    "EXISTS",
    "NOT_EXISTS",
    "BEFORE",
    "AFTER",
    "CONTAINS",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUALS",
    "LESS_THAN",
    "LESS_THAN_OR_EQUALS",
]
"""The service's names of what filters compare by."""


def _kept(value: MetadataValue | Sequence[str] | None) -> MetadataValue | None:
    """Return a value that does not change: texts in a tuple."""
    return tuple(value) if isinstance(value, list) else cast("MetadataValue | None", value)


@frozen
class Filter(Model):
    """
    One condition on metadata; ``where`` makes it.

    It is neither true nor false, so that ``a and b`` is no filter by accident.

    Attributes:
        key: Key of the metadata.
        operator: The service's name of the comparison.
        value: Value to compare with; None for ``EXISTS`` and ``NOT_EXISTS``.
    """

    key: str
    operator: FilterOperator
    value: MetadataValue | None = field(default=None, converter=_kept, repr=size)

    def __bool__(self) -> NoReturn:
        message = (
            "a filter is neither true nor false, so 'and', 'or', 'not', 'in' and chained "
            "comparisons do not combine filters; give a list, filters=[a, b]: all of them must hold"
        )
        raise InvalidInputError(message)


class MetadataKey:
    """
    A key of metadata, whose comparisons are filters; ``where`` makes it.

    ``==`` compares with text, a list of texts, a number or an aware time. ``<`` and ``>`` compare
    with a number or an aware time, ``<=`` and ``>=`` with a number. Of events, the service compares
    only text by ``==``, and asks for ``exists()`` and ``not_exists()``.
    """

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"where({self._key!r})"

    def __eq__(self, value: MetadataValue | Sequence[str]) -> Filter:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - it makes a filter
        return self._compare("EQUALS_TO", value)

    def __ne__(self, value: object) -> NoReturn:
        message = (
            "the service does not filter by '!='; use where(key).not_exists(), or leave out here "
            "what is not wanted"
        )
        raise InvalidInputError(message)

    def __lt__(self, value: float | datetime) -> Filter:
        return self._compare("BEFORE" if isinstance(value, datetime) else "LESS_THAN", value)

    def __gt__(self, value: float | datetime) -> Filter:
        return self._compare("AFTER" if isinstance(value, datetime) else "GREATER_THAN", value)

    def __le__(self, value: float) -> Filter:
        return self._compare("LESS_THAN_OR_EQUALS", value)

    def __ge__(self, value: float) -> Filter:
        return self._compare("GREATER_THAN_OR_EQUALS", value)

    def contains(self, value: str | Sequence[str]) -> Filter:
        """Return a filter for values that contain a text; of records only."""
        return self._compare("CONTAINS", value)

    def exists(self) -> Filter:
        """Return a filter for metadata that has the key."""
        return Filter(self._key, "EXISTS")

    def not_exists(self) -> Filter:
        """Return a filter for metadata that does not have the key."""
        return Filter(self._key, "NOT_EXISTS")

    def _compare(self, operator: FilterOperator, value: MetadataValue | Sequence[str]) -> Filter:
        return Filter(self._key, operator, value)


def where(key: str) -> MetadataKey:
    """
    Return a key of metadata to compare: ``where("topic") == "billing"``.

    Events are filtered by the keys that they were stored with. Records are filtered by the keys
    that the memory indexes, and by the service's own, ``x-amz-agentcore-memory-createdAt``,
    ``-updatedAt`` (times) and ``-recordType`` (text).

    Args:
        key: 1 to 128 letters, digits, whitespace and ``. _ : / = + @ -``.
    """
    return MetadataKey(key)
