"""The house style: short files and functions, imperative docstrings, and the field's names."""

from __future__ import annotations

import ast
import re
import tokenize
from functools import cache
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = sorted((ROOT / "agentcore_memory_async").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
EXAMPLES = sorted((ROOT / "docs").rglob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "benchmarks").rglob("*.md"))
LONGEST_FILE = 500
LONGEST_BODY = 60
RETIRED_OPENINGS = ("Give ", "Tell ", "Say ", "Go through ")
RIDDLES = ("Whose ", "Which one", "Another ", "A sync face", "For how long ")
_VERBS = """
    Accept Add Answer Apply Ask Begin Bind Bring Build Call Cancel Change Check Close Collect
    Commit Copy Corrupt Count Create Cut Delete Derive Determine Discard Do Draw Drop End
    Extract Fill Find Finish Forget Hand Import Index Inject Iterate Judge Keep Leave Let List
    Load Lock Log Make Mark Move Note Open Overwrite Parse Perform Poll Print Queue Raise Read
    Refuse Remove Replace Report Request Return Rewrite Run Schedule Search Send Set Settle Show
    Sleep Split Start Stop Store Take Turn Update Wait Wake Warn Write Yield
"""
VERBS = _VERBS.split()
"""The verbs with which docstrings of functions begin, all imperative; sorted."""
_RETIRED = """
    Want Watcher Pace Budget Flow Gate Ticket _turnstile others_pace Line Unsettled unsettled
    read_wait Place LOOKS_S looks_s next_look Polls led_by _Seen absorbed Sending noting Captured
    keep_answer _Stationary Noted _Loaded _Prepared Backing _Host Feed _dressed _twin is_passing
    BackgroundWaits Front Finder _Shelf heal break_body lose_connection slow_down RECORDERS
    leans_on_the_one_before substance java_string saying Throttle _came log_filter
    write_deadline_s read_deadline_s attempt_timeout_s backoff_s throttled_backoff_s max_backoff_s
    expected_s min_interval_s max_interval_s job_interval_s max_requests_per_s
    _codec _validation _turns _botocore _tls _portal _facade _long_term
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


def first_word(docstring: str) -> str:
    """Return the first word of *docstring*, without the punctuation after it."""
    return docstring.split()[0].rstrip(",;:.")


def documented(path: Path) -> Iterator[tuple[Documented, str]]:
    """Iterate over the modules, classes and functions of *path* that have a docstring."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, Documented):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node, docstring


NAMING_FIELDS = ("name", "arg", "attr", "id", "module", "asname")
"""Fields of the syntax tree's nodes that hold an identifier, or dotted ones."""


NO_CONSTANTS = ("ContextVar(", "ParamSpec(", "TypeVar(", "logging.getLogger(")
"""Beginnings of values whose upper-case names need no description."""


def constants(statement: ast.stmt) -> Iterator[str]:
    """Iterate over the upper-case names that *statement* assigns."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return
    if ast.unparse(statement.value).startswith(NO_CONSTANTS):
        return
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for node in (node for target in targets for node in ast.walk(target)):
        if isinstance(node, ast.Name) and re.fullmatch(r"_?[A-Z][A-Z0-9_]*", node.id):
            yield node.id


def undescribed(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    """Iterate over the constants of a module and its classes without a string below them."""
    for scope in ast.walk(tree):
        bases = scope.bases if isinstance(scope, ast.ClassDef) else []
        is_enum = any(ast.unparse(base).endswith("Enum") for base in bases)
        if isinstance(scope, ast.Module | ast.ClassDef) and not is_enum:
            for statement, below in zip_longest(scope.body, scope.body[1:]):
                value = below.value if isinstance(below, ast.Expr) else None
                if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
                    for name in constants(statement):
                        yield statement, name


IGNORES = re.compile(r"noqa(: [A-Z0-9, ]*[0-9])?|(type|pyright): ignore(\[[\w, -]+\])?")
"""What switches off a rule, in a comment."""


def unreasoned(source: str) -> Iterator[int]:
    """Iterate over the lines whose comment switches off a rule, and says no more than that."""
    for token in tokenize.generate_tokens(StringIO(source).readline):
        rest = IGNORES.sub("", token.string) if token.type == tokenize.COMMENT else token.string
        if rest != token.string and not re.search(r"\w", rest):
            yield token.start[0]


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


@pytest.mark.parametrize(
    ("files", "openings"),
    [
        (PACKAGE, RETIRED_OPENINGS + RIDDLES),
        (TESTS, RETIRED_OPENINGS),
        (BENCHMARKS, RETIRED_OPENINGS),
    ],
    ids=["package", "tests", "benchmarks"],
)
def test_no_docstring_begins_with_a_retired_word(
    files: list[Path], openings: tuple[str, ...]
) -> None:
    """No docstring begins with a word of the old dialect."""
    assert [] == [
        f"{where(path, node)} {docstring.splitlines()[0]}"
        for path in files
        for node, docstring in documented(path)
        if docstring.startswith(openings)
    ]


def test_docstrings_of_functions_are_imperative() -> None:
    """Each docstring of a function of the package begins with one of the known verbs."""
    assert sorted(set(VERBS)) == VERBS
    assert [] == [
        f"{where(path, node)} {docstring.splitlines()[0]}"
        for path in PACKAGE
        for node, docstring in documented(path)
        if isinstance(node, Function)
        if not is_property(node) and first_word(docstring) not in VERBS
    ]


def test_constants_are_described() -> None:
    """Each constant of the package has a string below it that says what it is."""
    assert [] == [
        f"{where(path, statement)} {name}"
        for path in PACKAGE
        for statement, name in undescribed(parsed(path))
    ]


@pytest.mark.parametrize(
    "files",
    [PACKAGE, TESTS, BENCHMARKS, EXAMPLES],
    ids=["package", "tests", "benchmarks", "examples"],
)
def test_no_retired_name_is_in_use(files: list[Path]) -> None:
    """No identifier of the package, its tests, benchmarks or examples is a retired one."""
    assert [] == [
        f"{where(path, node)} {name}"
        for path in files
        for node, name in names(parsed(path))
        if name in RETIRED_NAMES
    ]


def test_ignored_rules_have_a_reason() -> None:
    """Each comment of the package that switches off a rule says why, on its own line."""
    assert [] == [
        f"{path.relative_to(ROOT).as_posix()}:{line}"
        for path in PACKAGE
        for line in unreasoned(path.read_text("utf-8"))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_names_what_is_retired(page: Path) -> None:
    """Code in pages uses the present names, in blocks and in single words alike."""
    code = re.findall(r"```.*?```|`[^`\n]+`", page.read_text("utf-8"), re.DOTALL)
    assert set() == RETIRED_NAMES & {word for text in code for word in re.findall(r"\w+", text)}


def test_the_checks_see_violations() -> None:
    """The checks detect an overlong body, another verb and a retired name."""
    source = "@property\ndef a(Place):\n    'Text.'\n" + "    x.heal()\n" * 61
    [function] = ast.parse(source).body
    assert isinstance(function, Function)
    assert (body_length(function), is_property(function)) == (61, True)
    openings = ["Returns a list.", "Return a list.", "Open, once.", "A list."]
    assert [first_word(each) in VERBS for each in openings] == [False, True, True, False]
    assert {"Place", "heal"} == {name for _, name in names(function)} & RETIRED_NAMES
    [imported] = ast.parse("from a.Front import Finder as Line").body
    assert {"Front", "Finder", "Line"} == {name for _, name in names(imported)} & RETIRED_NAMES


def test_the_check_of_constants_sees_violations() -> None:
    """The check detects constants without a string, and passes over what needs none."""
    source = """
        A = 1
        'Described.'
        B, _C = 2, 3
        # No string.
        D: int = 4
        T = TypeVar('T')
        _LOG = logging.getLogger('a')
        class Color(StrEnum):
            RED = 'red'
        class Pool(Base):
            MAX = 5
            least: int = 6
    """
    found = undescribed(ast.parse(dedent(source)))
    assert [(4, "B"), (4, "_C"), (6, "D"), (12, "MAX")] == [
        (statement.lineno, name) for statement, name in found
    ]


def test_the_check_of_ignored_rules_sees_violations() -> None:
    """The check detects each way to switch off a rule, alone or with others, without a reason."""
    off = [
        "# noqa: B018, SLF001",
        "# type: ignore[misc]",
        "# pyright: ignore[reportA, reportB]",
        "# type: ignore[misc]  # pyright: ignore[reportA]",
        "# noqa",
    ]
    reasoned = [f"{off[0]} - it raises", f"{off[1]}  # no types", f"{off[3]} - read only"]
    lines = [*off, *reasoned, "# A type: any.", "'# noqa: F401'"]
    assert [1, 2, 3, 4, 5] == list(unreasoned("\n".join(lines)))
