"""The house style: short files and functions, imperative docstrings, and the field's names."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = sorted((ROOT / "agentcore_memory_async").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
LONGEST_FILE = 500
LONGEST_BODY = 60
RETIRED_OPENINGS = ("Give ", "Tell ", "Say ", "Go through ")
_RETIRED = """
    Want Watcher Pace Budget Flow Gate Ticket _turnstile others_pace Line Unsettled read_wait Place
    LOOKS_S looks_s next_look Polls led_by _Seen absorbed Sending noting Captured keep_answer
    _Stationary Noted _Loaded _Prepared Backing _Host Feed _dressed _twin is_passing BackgroundWaits
    Front Console Finder _Shelf heal break_body lose_connection slow_down RECORDERS
    leans_on_the_one_before java_string
"""
RETIRED_NAMES = frozenset(_RETIRED.split())

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of *path*."""
    return ast.parse(path.read_text("utf-8"))


def where(path: Path, node: ast.AST) -> str:
    """Return the location of *node* for a message."""
    return f"{path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 1)}"


def functions(path: Path) -> Iterator[Function]:
    """Iterate over the functions and methods of *path*."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            yield node


def body_length(function: Function) -> int:
    """Return the number of lines of a body without its docstring."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    if not statements:
        return 0
    last = statements[-1]
    return (last.end_lineno or last.lineno) - first_line(statements[0]) + 1


def first_line(statement: ast.stmt) -> int:
    """Return the first line of *statement*, its decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def is_property(function: Function) -> bool:
    """Return whether *function* is read as an attribute, so that a noun phrase describes it."""
    names = {ast.unparse(decorator) for decorator in function.decorator_list}
    return any(name.endswith("property") for name in names)


def is_third_person(docstring: str) -> bool:
    """Return whether the first word reads as a verb such as "Returns"."""
    match = re.match(r"[A-Z][a-z]+\b", docstring)
    return match is not None and match[0].endswith("s") and not match[0].endswith("ss")


def documented(path: Path) -> Iterator[tuple[Documented, str]]:
    """Iterate over the modules, classes and functions of *path* that have a docstring."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, Documented):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node, docstring


NAMING_FIELDS = ("name", "arg", "attr", "id", "module", "asname")
"""Fields of the syntax tree's nodes that hold an identifier, or dotted ones."""


def names(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Iterate over the identifiers of *tree*: definitions, arguments, attributes, imports."""
    for node in ast.walk(tree):
        for field in NAMING_FIELDS:
            dotted = getattr(node, field, None)
            if isinstance(dotted, str):
                for name in dotted.split("."):
                    yield node, name


@pytest.mark.parametrize("files", [PACKAGE, TESTS], ids=["package", "tests"])
def test_no_file_is_too_long(files: list[Path]) -> None:
    """No Python file has more than 500 lines."""
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in files}
    assert [] == [
        f"{where(path, parsed(path))} has {length} lines"
        for path, length in lengths.items()
        if length > LONGEST_FILE
    ]


@pytest.mark.parametrize("files", [PACKAGE, TESTS], ids=["package", "tests"])
def test_no_function_is_too_long(files: list[Path]) -> None:
    """No function has more than 60 lines without its docstring."""
    assert [] == [
        f"{where(path, function)} {function.name} has {body_length(function)} lines"
        for path in files
        for function in functions(path)
        if body_length(function) > LONGEST_BODY
    ]


def test_no_docstring_begins_with_a_retired_word() -> None:
    """No docstring of the package begins with a word of the old dialect."""
    assert [] == [
        f"{where(path, node)} {docstring.splitlines()[0]}"
        for path in PACKAGE
        for node, docstring in documented(path)
        if docstring.startswith(RETIRED_OPENINGS)
    ]


def test_docstrings_of_functions_are_imperative() -> None:
    """No docstring of a function of the package begins with a verb in the third person."""
    assert [] == [
        f"{where(path, node)} {docstring.splitlines()[0]}"
        for path in PACKAGE
        for node, docstring in documented(path)
        if isinstance(node, Function) and not is_property(node) and is_third_person(docstring)
    ]


@pytest.mark.parametrize(
    "files", [PACKAGE, TESTS, BENCHMARKS], ids=["package", "tests", "benchmarks"]
)
def test_no_retired_name_is_in_use(files: list[Path]) -> None:
    """No identifier of the package, its tests or benchmarks is a retired one."""
    assert [] == [
        f"{where(path, node)} {name}"
        for path in files
        for node, name in names(parsed(path))
        if name in RETIRED_NAMES
    ]


def test_the_checks_see_violations() -> None:
    """The checks detect an overlong body, a verb in the third person and a retired name."""
    source = "@property\ndef a(Place):\n    'Text.'\n" + "    x.heal()\n" * 61
    [function] = ast.parse(source).body
    assert isinstance(function, Function)
    assert (body_length(function), is_property(function)) == (61, True)
    words = ["Returns a list.", "Return a list.", "Pass a list."]
    assert [is_third_person(each) for each in words] == [True, False, False]
    assert {"Place", "heal"} == {name for _, name in names(function)} & RETIRED_NAMES
    [imported] = ast.parse("from a.Front import Console as Line").body
    assert {"Front", "Console", "Line"} == {name for _, name in names(imported)} & RETIRED_NAMES
