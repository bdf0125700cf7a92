"""Metadata of long-term records: checked, and put on the wire: pure, no await."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from agentcore_memory_async._wire import validation as check

if TYPE_CHECKING:
    from agentcore_memory_async.models import MetadataValue

OWN_KEYS = "x-amz-agentcore-memory-"
"""Start of the metadata keys that the service sets itself."""
MAX_ENTRIES = 20
"""Metadata entries of a record (service model)."""
MAX_TEXTS = 5
"""Texts in one value (service model)."""
_STORED = "a str, 1 to 5 of them in a list or a finite number"
"""What a value of a record may be, for errors."""
_COMPARED = "a str, 1 to 5 of them in a list, a finite number or an aware datetime"
"""What a value of a filter may be, for errors."""


def check_record_metadata(argument: str, value: object) -> dict[str, MetadataValue]:
    """Check metadata that a record is to have: at most 20 entries of texts and numbers."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        check.refuse(f"{argument} is {check.kind(value)}; give a mapping of str to {_STORED}")
    entries = cast("Mapping[object, object]", value)
    if len(entries) > MAX_ENTRIES:
        check.refuse(f"{argument} has {len(entries)} entries; the limit is {MAX_ENTRIES}")
    checked: dict[str, MetadataValue] = {}
    for key, each in entries.items():
        name = check.check_metadata_text(f"a key of {argument}", key, 1, 128, "the content")
        checked[name] = _check_stored(f"{argument}[{name!r}]", name, each)
    return checked


def _check_stored(argument: str, key: str, value: object) -> MetadataValue:
    """Check an entry that a record is to have: some keys, and times, are the service's own."""
    if key.startswith(OWN_KEYS):
        check.refuse(f"{argument} has a key that the service sets itself; leave it out")
    if isinstance(value, datetime):
        check.refuse(
            f"{argument} is datetime, which only the service's own keys may be; give {_STORED}, "
            "such as isoformat() of the time"
        )
    return check_metadata_value(argument, value, "the content", _STORED)


def check_metadata_value(
    argument: str, value: object, place: str = "", kinds: str = _COMPARED
) -> MetadataValue:
    """Return a value of *kinds*, in words; errors advise *place* for other text."""
    if isinstance(value, str):
        return check.check_metadata_text(argument, value, 1, 256, place)
    if isinstance(value, list | tuple):
        texts = cast("list[object] | tuple[object, ...]", value)
        if not 1 <= len(texts) <= MAX_TEXTS:
            check.refuse(f"{argument} has {len(texts)} texts; give 1 to {MAX_TEXTS}")
        return tuple(
            check.check_metadata_text(f"{argument}[{number}]", text, 1, 64, place)
            for number, text in enumerate(texts)
        )
    if isinstance(value, datetime):
        check.check_timestamp(value, argument)
        return value
    if not isinstance(value, int | float) or isinstance(value, bool):
        check.refuse(f"{argument} is {check.kind(value)}; give {kinds}")
    return check.check_number(argument, value)


def encode_metadata_value(value: MetadataValue) -> dict[str, Any]:
    """Return a checked value as the union of the service."""
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, tuple):
        return {"stringListValue": list(value)}
    if isinstance(value, datetime):
        return {"dateTimeValue": check.check_timestamp(value) / 1000}
    return {"numberValue": value}
