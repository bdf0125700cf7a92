"""The code of the reference, extracted from its text, with changed import lines."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TEXT = (Path(__file__).parent / "reference.txt").read_text()
IMPORTS = {
    "from bedrock_agentcore.memory.session import": "from agentcore_memory_async import",
    "from bedrock_agentcore.memory.constants import": "from agentcore_memory_async import",
}
DESCRIPTIONS = {"MemorySessionManager", "Turn", "MemoryRecord"}


def blocks() -> list[tuple[str, str]]:
    """Return each Python block with its heading."""
    found: list[tuple[str, str]] = []
    heading = ""
    for match in re.finditer(r"^#+ ([^\n]+)$|^```python\n(.*?)^```", TEXT, re.M | re.S):
        if match[1]:
            heading = match[1]
        else:
            found.append((heading, match[2]))
    return found


def is_description(code: str) -> bool:
    """Return whether a block only shows a signature or the fields of a class."""
    (first, *others) = ast.parse(code).body
    named = isinstance(first, ast.ClassDef) and first.name in DESCRIPTIONS
    return not others and (named or isinstance(first, ast.FunctionDef))


def ours(code: str) -> str:
    """Replace the import lines."""
    for theirs, mine in IMPORTS.items():
        code = code.replace(theirs, mine)
    return code


def snippet(heading: str, start: str = "") -> str:
    """Return the runnable block under *heading* that begins with *start*."""
    (code,) = [
        code
        for found, code in blocks()
        if found == heading and not is_description(code) and code.startswith(start)
    ]
    return ours(code)
