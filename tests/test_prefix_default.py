"""
No code of this repository reads the records of every actor.

``namespace_prefix="/"`` stays the default because the reference has it. The package, the
documentation with its examples, and the benchmarks name a prefix instead. Files named after the
reference are left out.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
POSITION = {
    "list_long_term_memory_records": 0,
    "iter_long_term_memory_records": 0,
    "extraction_poller": 0,
    "search_long_term_memories": 1,
}
"""Methods that take a prefix, and the position of that argument."""

THE_REFERENCES_OWN = re.compile(r"reference")
BLOCK = re.compile(
    r"^([ \t]*)```(?:python|py|\{code-block\} python)[^\n]*\n(.*?)^\1```", re.M | re.S
)


def sources() -> Iterator[tuple[str, str]]:
    """Yield name and text of each Python file and of each Python block of a document."""
    folders = ("agentcore_memory_async", "docs", "benchmarks")
    paths = [ROOT / "README.md"]
    for folder in folders:
        paths += sorted((ROOT / folder).rglob("*.py")) + sorted((ROOT / folder).rglob("*.md"))
    for path in paths:
        name = str(path.relative_to(ROOT))
        if not path.exists() or "_build" in path.parts or THE_REFERENCES_OWN.search(name):
            continue
        text = path.read_text()
        if path.suffix == ".py":
            yield name, text
            continue
        for number, block in enumerate(BLOCK.finditer(text)):
            yield f"{name}, block {number}", block[2]


def calls_without_a_prefix(text: str) -> list[str]:
    """Return the calls in *text* that read below ``/``."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        position = POSITION.get(node.func.attr)
        if position is None:
            continue
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        prefix = given.get("namespace_prefix")
        if prefix is None and len(node.args) > position:
            prefix = node.args[position]
        everybody = isinstance(prefix, ast.Constant) and prefix.value in ("/", "")
        unnamed = prefix is None and not given.keys() & {"namespace", "namespace_path", None}
        if everybody or unnamed:
            found.append(ast.unparse(node))
    return found


def dedented(text: str) -> str:
    """Return a block in a form that parses: unchanged, as the body of a coroutine, or by line."""
    lines = [re.sub(r"^>>> |^\.\.\. ", "", line) for line in text.splitlines()]
    body = "\n".join(f"    {line}" for line in lines)
    for candidate in ("\n".join(lines), f"async def _():\n{body}\n    ..."):
        if parses(candidate):
            return candidate
    calls = [line for line in lines if any(f"{name}(" in line for name in POSITION)]
    shown = [line.strip() for line in calls]
    assert all(map(parses, shown)), f"a fragment whose calls can't be read:\n{text}"
    return "\n".join(shown)


def parses(text: str) -> bool:
    """Return whether *text* is valid Python."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def test_nothing_of_ours_reads_below_the_root() -> None:
    """Every call names a prefix other than ``/``."""
    checked = 0
    wrong: list[str] = []
    for name, text in sources():
        checked += 1
        parsed = text if name.endswith(".py") else dedented(text)
        wrong += [f"{name}: {call}" for call in calls_without_a_prefix(parsed)]

    assert checked > 20
    assert wrong == []


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("s.list_long_term_memory_records()", True),
        ("s.list_long_term_memory_records('/')", True),
        ("s.list_long_term_memory_records(namespace_prefix='/')", True),
        ("s.search_long_term_memories('q')", True),
        ("s.search_long_term_memories('q', top_k=3)", True),
        ("s.search_long_term_memories('q', '/')", True),
        ("s.extraction_poller('/')", True),
        ("s.list_long_term_memory_records('/facts/{actorId}/')", False),
        ("s.list_long_term_memory_records(namespace='/facts/a/')", False),
        ("s.search_long_term_memories('q', namespace_prefix=prefix)", False),
        ("s.list_long_term_memory_records(**options)", False),
    ],
)
def test_calls_are_told_apart(call: str, wrong: bool) -> None:
    """The check detects calls without a prefix."""
    assert bool(calls_without_a_prefix(call)) == wrong
