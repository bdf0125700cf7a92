"""
How much code the extractor is: lines, and regular expressions.

Lines are all lines of the files, also blank ones, comments and docstrings. A regular expression
is a string that is the first argument of a function of ``re``, or that holds an escape or a group
that only regular expressions have, wherever it stands, but for docstrings. A string that is put
together of several literals is one. So a table of patterns counts by its rows. Data in TOML is
counted by itself: there, keys and texts are held against the same mark.
"""

from __future__ import annotations

import ast
import re
import tomllib
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDERS = ("agentcore_memory_async/local/_heuristics", "agentcore_memory_async/local/_language")
"""Folders of the extractor, and of the language that it reads."""
OF_PATTERNS = re.compile(r"\\[bBdDsSwW]|\(\?[:=!<P]")
"""What only regular expressions hold."""


def measure(sources: Iterable[str]) -> dict[str, int]:
    """Return the numbers of files, lines and regular expressions of modules."""
    modules = list(sources)
    return {
        "files": len(modules),
        "lines": sum(len(module.splitlines()) for module in modules),
        "regular expressions": sum(count_patterns(module) for module in modules),
    }


def count_patterns(source: str) -> int:
    """Return the number of regular expressions in the module *source*."""
    tree = ast.parse(source)
    used = {id(call.args[0]) for call in _calls_of_re(tree)}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return sum(
        id(text) in used or OF_PATTERNS.search(_literal(text)) is not None
        for text in _strings(tree)
        if id(text) not in docstrings
    )


def count_in_data(source: str) -> int:
    """Return the number of regular expressions in the TOML file *source*."""
    tables = tomllib.loads(source).values()
    texts = (str(text) for table in tables for pair in table.items() for text in pair)
    return sum(OF_PATTERNS.search(text) is not None for text in texts)


def _calls_of_re(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of functions of the module ``re`` that have an argument."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re")), args=[_, *_]):
                yield node
            case _:
                pass


def _strings(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the strings below *node*; one that is formatted or joined counts as a whole."""
    for child in ast.iter_child_nodes(node):
        if _is_string(child):
            yield child
        else:
            yield from _strings(child)


def _is_string(node: ast.AST) -> TypeGuard[ast.expr]:
    """Return whether *node* is a literal, a formatted string, or a sum with one of them."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_string(left) or _is_string(right)
        case _:
            return False


def _literal(text: ast.expr) -> str:
    """Return what of a string stands in the source."""
    parts = (part.value for part in ast.walk(text) if isinstance(part, ast.Constant))
    return "".join(part for part in parts if isinstance(part, str))
