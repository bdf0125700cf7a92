"""
Change the client in one place at a time, and see whether a test notices: ``make mutants``.

A mutant has one comparison, condition or constant changed, or one call dropped. It is killed by the
first failure of the tests that reach its line, which a run with coverage finds beforehand, and of
the simulation. A test that fails without the change, too, kills nothing. What lives is printed with
its place: either a test is missing there, or the code does not need it.
"""

from __future__ import annotations

import argparse
import ast
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import coverage
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).parent.parent
PACKAGE = "agentcore_memory_async"
FOLDERS = ("tests/unit", "tests/client", "tests/control", "tests/transport", "tests/sync")
"""Tests that are run where they reach the changed line."""
SIMULATION = "tests/simulation/test_seeds.py"
"""Tests that reach nearly everything, and so are run last for each mutant."""
MOST_TESTS = 500
"""Test functions that are run for one mutant."""
TIMEOUT_S = 400
"""Seconds after which a mutant counts as killed, if the tests end in time without it."""
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
"""What each comparison becomes: limits move by one, others turn round."""
QUIET = {"debug", "info", "overload", "TypeVar"}
"""Calls whose loss no test has to notice: notes in logs, and what only type checkers read."""


@frozen
class Mutant:
    """
    One change.

    Attributes:
        path: File in the package.
        line: Line of the change.
        start: Offset of the changed bytes.
        end: Offset after them.
        code: What stands there instead.
    """

    path: Path
    line: int
    start: int
    end: int
    code: str

    def apply(self, source: bytes) -> bytes:
        """Return *source* with the change."""
        return source[: self.start] + self.code.encode() + source[self.end :]

    def describe(self) -> str:
        """Return the place, and what was changed to what."""
        source = (ROOT / self.path).read_bytes()
        before = " ".join(source[self.start : self.end].decode().split())
        return f"{self.path}:{self.line}  {before[:70]}  ->  {self.code[:70]}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield the mutants of a file."""
    source = (ROOT / path).read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tree = ast.parse(source)
    for node in _behavior(tree):
        for part, code in _changes(node):
            start = starts[part.lineno - 1] + part.col_offset
            end = starts[(part.end_lineno or 1) - 1] + (part.end_col_offset or 0)
            yield Mutant(path, part.lineno, start, end, code)


def _behavior(node: ast.AST) -> Iterator[ast.AST]:
    """
    Yield the nodes that run: no annotations, decorators, or imports for type checkers.

    Nor ``strict=True``, which states that what is zipped has one length: nothing can break it.
    """
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.keyword) and ast.unparse(node) == "strict=True":
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _behavior(child)


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Yield the parts of a node that change, each with its new code."""
    match node:
        case ast.Compare(ops=ops):
            for index, op in enumerate(ops):
                changed = [*ops[:index], OPPOSITE[type(op)](), *ops[index + 1 :]]
                yield node, f"({ast.unparse(ast.Compare(node.left, changed, node.comparators))})"
        case ast.BoolOp(op, values):
            other = " or " if isinstance(op, ast.And) else " and "
            yield node, "(" + other.join(f"({ast.unparse(value)})" for value in values) + ")"
        case ast.If(test) | ast.While(test) | ast.IfExp(test) if not _changes_itself(test):
            yield test, f"(not ({ast.unparse(test)}))"
        case ast.Constant(bool() as value):
            yield node, str(not value)
        case ast.Constant(int() as value):
            yield node, f"({value + 1})"
        case ast.Constant(float() as value):
            yield node, str(value * 1.5 or 1.0)
        case ast.Expr(ast.Call() | ast.Await() as call) if _name(call) not in QUIET:
            yield node, "pass"
        case _:
            return


def _changes_itself(test: ast.expr) -> bool:
    return isinstance(test, ast.BoolOp | ast.Compare | ast.Constant)


def _name(call: ast.expr) -> str:
    """Return the name of the function that is called."""
    inner = call.value if isinstance(call, ast.Await) else call
    return ast.unparse(inner.func).rpartition(".")[2] if isinstance(inner, ast.Call) else ""


def client_files() -> list[Path]:
    """Return the client's files: the local service and what is printed for people are others'."""
    files = sorted((ROOT / PACKAGE).rglob("*.py"))
    paths = (path.relative_to(ROOT) for path in files if path.name != "__main__.py")
    return [path for path in paths if path.parts[1] != "local"]


def trace(data_file: Path) -> None:
    """Run the tests with coverage; beside its data, list the tests that passed."""
    command = [sys.executable, "-m", "pytest", "-q", "-rpfE", "-n", "2", "-p", "no:randomly"]
    command += [*FOLDERS, f"--cov={PACKAGE}", "--cov-context=test", "--cov-report="]
    environment = {**os.environ, "COVERAGE_FILE": str(data_file)}
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    # Coverage changes what some tests count or time: those that fail with it judge nothing.
    passed = set(_summary(ran.stdout, "PASSED")) - set(_summary(ran.stdout, "FAILED|ERROR"))
    _passed_beside(data_file).write_text("\n".join(sorted(passed)))


class Reach:
    """
    Which tests reach which lines, by a run with coverage.

    Args:
        files: Files of the package.
        data_file: What `trace` wrote.
    """

    def __init__(self, files: list[Path], data_file: Path) -> None:
        passed = set(_passed_beside(data_file).read_text().splitlines())
        data = coverage.CoverageData(str(data_file))
        data.read()
        self._trees = {path: ast.parse((ROOT / path).read_bytes()) for path in files}
        self._tests = {
            (path, line): passed & {_function(context) for context in contexts}
            for path in files
            for line, contexts in data.contexts_by_lineno(str(ROOT / path)).items()
        }
        self._sizes = Counter(test for tests in self._tests.values() for test in tests)
        # Many of them run the package in other processes.
        self._apart = sorted(passed - set(self._sizes))

    def tests_of(self, mutant: Mutant) -> list[str]:
        """
        Return the tests of a mutant, those that reach the fewest lines first.

        They are quick, and about little else. Where only an import or another process runs the
        line, they are those of what uses it, or else of its file, and those that reach nothing.
        """
        tests = self._reaching([(mutant.path, mutant.line)])
        if tests:
            return self._narrowest(tests)
        tests = self._reaching(self._users(mutant)) or self._reaching(
            place for place in self._tests if place[0] == mutant.path
        )
        return [*self._narrowest(tests), *self._apart]

    def _narrowest(self, tests: set[str]) -> list[str]:
        return sorted(tests, key=lambda test: (self._sizes[test], test))[:MOST_TESTS]

    def _reaching(self, places: Iterable[tuple[Path, int]]) -> set[str]:
        return {test for place in places for test in self._tests.get(place, ())}

    def _users(self, mutant: Mutant) -> list[tuple[Path, int]]:
        """Return the lines of the function with that default, or those that name that constant."""
        names = set[str]()
        lines = set[int]()
        for node in ast.walk(self._trees[mutant.path]):
            if isinstance(node, ast.stmt) and mutant.line in _lines(node):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines.update(_lines(node))
                elif isinstance(node, ast.Assign | ast.AnnAssign):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    names.update(target.id for target in targets if isinstance(target, ast.Name))
        return [(mutant.path, line) for line in lines] + [
            (path, node.lineno)
            for path, tree in self._trees.items()
            for node in ast.walk(tree)
            if (isinstance(node, ast.Name) and node.id in names)
            or (isinstance(node, ast.Attribute) and node.attr in names)
        ]


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _function(test: str) -> str:
    """Return a test without its parameters: a mutant may change what those are called."""
    return test.partition("|")[0].partition("[")[0]


def _passed_beside(data_file: Path) -> Path:
    return data_file.with_name(f"{data_file.name}-passed")


def _summary(output: str, outcomes: str) -> list[str]:
    """Return the tests with one of these *outcomes*, by pytest's summary."""
    lines = re.findall(rf"^(?:{outcomes}) (tests/.+)$", output, re.MULTILINE)
    return [_function(line.partition(" - ")[0]) for line in lines]


def judge(work: tuple[Mutant, list[str]]) -> tuple[Mutant, str]:
    """Run the tests on a mutant, and return why it was killed; empty if it lives."""
    mutant, tests = work
    left = [*tests, SIMULATION]
    while left and (reason := _run(left, mutant)):
        killers = [test for test in left if _concerns(reason, test)] or left
        if not _run_unchanged(tuple(killers)):
            return mutant, reason
        left = [test for test in left if test not in killers]
    return mutant, ""


def _concerns(reason: str, test: str) -> bool:
    """Return whether *reason*, a test or a file that cannot be imported, is *test* or of it."""
    return test in {reason, reason.partition("::")[0]} or test.partition("::")[0] == reason


@cache
def _run_unchanged(tests: tuple[str, ...]) -> str:
    reason = _run(tests, None)
    if reason.startswith("exit status"):
        message = (
            f"pytest ends with {reason} without a change; is the data from before other tests?"
        )
        raise RuntimeError(message)
    return reason


def _run(tests: Sequence[str], mutant: Mutant | None) -> str:
    """Run *tests*, on a mutant if there is one; return what failed first, or empty for nothing."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        ignored = shutil.ignore_patterns("__pycache__")
        for folder in (PACKAGE, "tests", "docs"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", copy)
        if mutant is not None:
            target = copy / mutant.path
            target.write_bytes(mutant.apply(target.read_bytes()))
        (copy / "chosen").write_text("\n".join(tests))
        output = copy / "output"
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly"]
        command += ["-p", "no:cacheprovider", "--assert=plain", "@chosen"]
        # The path is for programs that tests start elsewhere.
        paths = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        with output.open("wb") as stream:
            ran = subprocess.Popen(
                command,
                cwd=copy,
                env={**os.environ, **paths},
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        try:
            status = ran.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return "it does not end"
        finally:
            with suppress(ProcessLookupError):  # with what a changed client may leave behind
                os.killpg(ran.pid, signal.SIGKILL)
            ran.wait()
        if status:
            return next(iter(_summary(output.read_text(), "FAILED|ERROR")), f"exit status {status}")
    return ""


def main() -> int:
    """Run the command; return 1 if more live than are allowed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=100, help="number of mutants (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample (default 0)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--most", type=int, default=3, help="how many may live (default 3)")
    parser.add_argument("--file", default="", help="only of files with this in their path")
    parser.add_argument("--data", type=Path, help="coverage data to keep, and to use again")
    given = parser.parse_args()
    files = [path for path in client_files() if given.file in str(path)]
    every = [mutant for path in files for mutant in mutants_of(path)]
    chosen = random.Random(given.seed).sample(every, min(given.sample, len(every)))
    with tempfile.TemporaryDirectory() as folder:
        data_file = given.data or Path(folder, "coverage")
        if not data_file.exists():
            trace(data_file)
        reach = Reach(client_files(), data_file)
    work = [(one, reach.tests_of(one)) for one in chosen]
    living: list[Mutant] = []
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for mutant, reason in pool.imap_unordered(judge, work):
            if not reason:
                living.append(mutant)
                print(f"LIVES  {mutant.describe()}", flush=True)
    print(f"{len(chosen)} of {len(every)} mutants, {len(chosen) - len(living)} killed")
    return int(len(living) > given.most)


if __name__ == "__main__":
    sys.exit(main())
