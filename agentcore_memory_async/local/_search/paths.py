"""The namespaces above a namespace, below which its records are found, too."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def paths_of(key: str) -> tuple[str, ...]:
    """Return the key of a namespace and those of all namespaces above it, its own first."""
    ends = [match.start() for match in re.finditer("/", key)]
    above = (key[:end].rstrip("/") for end in reversed(ends))
    return tuple(path for path in dict.fromkeys([key, *above]) if path)
