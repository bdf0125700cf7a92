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
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import coverage
from attrs import evolve, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = "agentcore_memory_async"
FOLDERS = ("tests/unit", "tests/client", "tests/transport", "tests/sync")
"""Tests that are run where they reach the changed line, the quickest first."""
SIMULATION = "tests/simulation/test_seeds.py"
"""Tests that reach nearly everything, and so are run last for each mutant."""
MOST_TESTS = 300
"""Tests that are run for one mutant."""
TIMEOUT_S = 180
"""Seconds after which a mutant counts as killed, if the tests end in time without it."""
OPPOSITE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
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
    """Yield the nodes that run: no annotations, decorators, or imports for type checkers."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
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
        case ast.Compare(left, [op], [right]):
            sides = [ast.unparse(left), ast.unparse(right)]
            yield node, f"({sides[0]} {OPPOSITE[type(op)]} {sides[1]})"
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
    return isinstance(test, ast.BoolOp | ast.Constant) or (
        isinstance(test, ast.Compare) and len(test.ops) == 1
    )


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
    """Run the tests with coverage; beside its data, list the tests that failed."""
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-n", "2", "-p", "no:randomly"]
    command += [*FOLDERS, f"--cov={PACKAGE}", "--cov-context=test", "--cov-report="]
    environment = {**os.environ, "COVERAGE_FILE": str(data_file)}
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    _failed_beside(data_file).write_text("\n".join(_failures(ran.stdout)))


def find_reaching(files: list[Path], data_file: Path) -> dict[tuple[Path, int], list[str]]:
    """Return the tests that reach each line, and of each file (line 0), the quickest first."""
    # Coverage changes what some tests count or time: those judge nothing.
    failed = set(_failed_beside(data_file).read_text().splitlines())
    data = coverage.CoverageData(str(data_file))
    data.read()
    reaching: dict[tuple[Path, int], list[str]] = {}
    for path in files:
        of_file = set[str]()
        for line, contexts in data.contexts_by_lineno(str(ROOT / path)).items():
            tests = {context.partition("|")[0] for context in contexts if context} - failed
            of_file |= tests
            reaching[path, line] = sorted(tests, key=_speed)
        reaching[path, 0] = sorted(of_file, key=_speed)
    return reaching


def _failed_beside(data_file: Path) -> Path:
    return data_file.with_name(f"{data_file.name}.failed")


def _failures(output: str) -> list[str]:
    """Return the tests that failed, by pytest's summary; their ids may have spaces."""
    lines = re.findall(r"^(?:FAILED|ERROR) (tests/.+)$", output, re.MULTILINE)
    return [line.partition(" - ")[0] for line in lines]


def _speed(test: str) -> tuple[int, str]:
    return next(i for i, folder in enumerate(FOLDERS) if test.startswith(folder)), test


def judge(work: tuple[Mutant, list[str]]) -> tuple[Mutant, str]:
    """Run the tests on a mutant, and return why it was killed; empty if it lives."""
    mutant, tests = work
    unchanged = evolve(mutant, end=mutant.start, code="")
    left = [*tests[:MOST_TESTS], SIMULATION]
    while left and (reason := _run(mutant, left)):
        killers = [reason] if reason.startswith("tests/") else left
        if not _run(unchanged, killers):
            return mutant, reason
        gone = {*killers, reason.partition("::")[0]}
        left = [test for test in left if test not in gone]
    return mutant, ""


def _run(mutant: Mutant, tests: list[str]) -> str:
    """Run *tests* on a mutant, and return what failed first; empty for nothing."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        ignored = shutil.ignore_patterns("__pycache__")
        for folder in (PACKAGE, "tests", "docs"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", copy)
        target = copy / mutant.path
        target.write_bytes(mutant.apply(target.read_bytes()))
        (copy / "chosen").write_text("\n".join(tests))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly"]
        command += ["-p", "no:cacheprovider", "@chosen"]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            ran = subprocess.run(
                command,
                cwd=copy,
                env=environment,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "it does not end"
    if ran.returncode in {1, 2, 4}:  # failed; or it cannot even be imported
        return next(iter(_failures(ran.stdout)), f"exit status {ran.returncode}")
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
        reaching = find_reaching(files, data_file)
    work = [(one, _tests_of(one, reaching)) for one in chosen]
    living: list[Mutant] = []
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for mutant, reason in pool.imap_unordered(judge, work):
            if not reason:
                living.append(mutant)
                print(f"LIVES  {mutant.describe()}", flush=True)
    print(f"{len(chosen)} of {len(every)} mutants, {len(chosen) - len(living)} killed")
    return int(len(living) > given.most)


def _tests_of(mutant: Mutant, reaching: dict[tuple[Path, int], list[str]]) -> list[str]:
    """Return the tests of a mutant: of its line, or of its file where importing it runs it."""
    return reaching.get((mutant.path, mutant.line)) or reaching.get((mutant.path, 0), [])


if __name__ == "__main__":
    sys.exit(main())
