"""Words and patterns of English, read from ``english.toml``, which says what each is for."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Any

_FILE = files("agentcore_memory_async.local._language").joinpath("english.toml")
"""The file, beside this module."""
DATA: dict[str, Any] = tomllib.loads(_FILE.read_text("utf-8"))
"""All of the file."""
WORDS: dict[str, frozenset[str]] = {
    name: frozenset(text.split()) for name, text in DATA["words"].items()
}
"""Words by their name."""


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of the file: without its line breaks, and with its macros."""
    for name, macro in (*DATA["macros"].items(), ("KNOWN", "|".join(sorted(WORDS["verbs"])))):
        pattern = pattern.replace(name, macro)
    return re.compile(re.sub(r"\n\s*", "", pattern), re.IGNORECASE)


PATTERNS = {name: compiled(pattern) for name, pattern in DATA["patterns"].items()}
"""Patterns by their name."""
VALUES = tuple(map(compiled, DATA["values"].values()))
"""Patterns of values, one for each kind."""
