"""Origins as arguments: checked, and made metadata: pure, no await."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from agentcore_memory_async._models.origins import ORIGIN_KEY, Origin
from agentcore_memory_async._wire import validation as check

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXAMPLE = "give one such as Origin('web')"
"""What to give as an origin, for errors."""


def check_origin(value: object) -> dict[str, str]:
    """Return the metadata of an origin; none without one."""
    check.check_is("origin", value, Origin, _EXAMPLE)
    if value is None:
        return {}
    source = cast("Origin", value).source
    return {ORIGIN_KEY: check.check_metadata_text("origin.source", source, 1, 256, "")}


def check_trusted(value: object) -> tuple[str, ...] | None:
    """Return the sources to keep to, each once; None for any."""
    if value is None:
        return None
    items = value
    if not isinstance(items, list | tuple) or not items:
        what = "empty" if items in ([], ()) else check.kind(value)
        check.refuse(f"trusted is {what}; give a list of one source or more, such as ['user']")
    sources: list[str] = []
    for place, each in enumerate(cast("Sequence[object]", items)):
        source = each.source if isinstance(each, Origin) else each
        sources.append(check.check_metadata_text(f"trusted[{place}]", source, 1, 256, ""))
    return tuple(dict.fromkeys(sources))
