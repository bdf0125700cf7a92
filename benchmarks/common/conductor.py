"""
Let the contestants of a question take turns against one stub.

Each contestant is a process that keeps its client open. In each round all of them measure each
operation, one after the other, so that noise of the machine hits all. Only one works at a time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from threading import Timer
from typing import TYPE_CHECKING

from attrs import frozen

from benchmarks.common import environments
from benchmarks.common.question import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.common.question import Contestant, Question, Row

LONGEST_S = 300.0
"""Seconds after which a measurement is given up and its process killed."""

Operation = tuple["Contestant", str]
Pythons = Mapping["Contestant", "Path"]
Process = subprocess.Popen[str]


@frozen
class Run:
    """What was measured of a question."""

    measured: Mapping[Figure, Sequence[float]]
    """Figures of each round."""
    absent: Mapping[Contestant, str]
    """Contestants that can't be had here, and why."""
    versions: Mapping[Contestant, Mapping[str, str]]
    """Versions of the packages of each contestant."""
    date: str
    """Day of the run."""
    machine: Mapping[str, str]
    """What the run was made on."""


def run(question: Question) -> Run:
    """Measure what the rows of *question* need."""
    operations = operations_of(question.rows)
    pythons: dict[Contestant, Path] = {}
    absent: dict[Contestant, str] = {}
    for contestant in dict.fromkeys(contestant for contestant, _ in operations):
        try:
            pythons[contestant] = environments.make(contestant.environment)
        except environments.AbsentError as error:
            absent[contestant] = str(error)
    present = [operation for operation in operations if operation[0] in pythons]
    with stub(question.latency_s) as url:
        take_turns = fresh_rounds if question.fresh else rounds
        rows_of_figures = list(take_turns(question, present, pythons, url))
    measured: dict[Figure, list[float]] = {}
    for figures in rows_of_figures:
        for figure, value in figures.items():
            measured.setdefault(figure, []).append(value)
    versions = {of: environments.versions(pythons[of]) for of in pythons}
    today = datetime.now(UTC).date().isoformat()
    return Run(measured, absent, versions, today, environments.machine())


def operations_of(rows: Sequence[Row]) -> list[Operation]:
    """Return what *rows* need to have measured, each once, the contestants side by side."""
    figures = [figure for row in rows for figure in row.figures]
    found = dict.fromkeys((figure.contestant, figure.operation) for figure in figures)
    order = list(dict.fromkeys(operation for _, operation in found))
    return sorted(found, key=lambda operation: order.index(operation[1]))


def rounds(
    question: Question,
    operations: Sequence[Operation],
    pythons: Pythons,
    url: str,
) -> Iterator[Mapping[Figure, float]]:
    """Iterate over the rounds of processes that stay; the first one, a warm-up, is left out."""
    with ExitStack() as stack:
        processes = {
            contestant: stack.enter_context(started(contestant, python, url))
            for contestant, python in pythons.items()
        }
        for number in range(question.rounds + 1):
            figures: dict[Figure, float] = {}
            for contestant, operation in operations:
                amount = question.amounts.get(operation, question.amount)
                given = ask(processes[contestant], operation, amount)
                figures |= named(contestant, operation, given)
            if number:
                yield figures


def fresh_rounds(
    question: Question,
    operations: Sequence[Operation],
    pythons: Pythons,
    url: str,
) -> Iterator[Mapping[Figure, float]]:
    """Iterate over the rounds in which each measurement has a process of its own."""
    for _ in range(question.rounds):
        figures: dict[Figure, float] = {}
        for contestant, operation in operations:
            amount = question.amounts.get(operation, question.amount)
            began = time.perf_counter()
            with started(contestant, pythons[contestant], url) as process:
                given = ask(process, operation, amount)
                given["since_start_s"] = time.perf_counter() - began
            figures |= named(contestant, operation, given)
        yield figures


def named(
    contestant: Contestant, operation: str, given: Mapping[str, float]
) -> dict[Figure, float]:
    """Return what *contestant* measured under the names that rows use."""
    return {Figure(contestant, operation, measure): value for measure, value in given.items()}


@contextmanager
def stub(latency_s: float) -> Iterator[str]:
    """Start the stub, and give its URL."""
    arguments = ["-m", "benchmarks.common.stub", str(latency_s)]
    with process([sys.executable, *arguments]) as server:
        yield f"http://127.0.0.1:{read_line(server).strip()}"


@contextmanager
def started(contestant: Contestant, python: Path, url: str) -> Iterator[Process]:
    """Start *contestant*."""
    arguments = ["-m", contestant.module, url, *contestant.arguments]
    with process([python, *arguments]) as running:
        yield running


@contextmanager
def process(command: Iterable[str | Path]) -> Iterator[Process]:
    """Start a process that ends with its stdin; kill it if it does not."""
    running = subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=environments.ROOT,
        env=process_environment(),
    )
    try:
        yield running
    finally:
        assert running.stdin is not None
        running.stdin.close()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def process_environment() -> dict[str, str]:
    """Return the environment variables of all processes, without AWS settings of the machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_ACCESS_KEY_ID": "AKIDBENCH",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def ask(contestant: Process, operation: str, amount: int) -> dict[str, float]:
    """Let *contestant* measure *amount* calls of *operation*; return its figures."""
    assert contestant.stdin is not None
    contestant.stdin.write(f"{operation} {amount}\n")
    contestant.stdin.flush()
    given: dict[str, float] = json.loads(read_line(contestant))
    return given


def read_line(running: Process) -> str:
    """
    Return the next line of *running*.

    Raises:
        RuntimeError: The process ended, or was killed after `LONGEST_S`.
    """
    assert running.stdout is not None
    timer = Timer(LONGEST_S, running.kill)
    timer.start()
    try:
        line = running.stdout.readline()
    finally:
        timer.cancel()
    if not line:
        raise RuntimeError(f"{running.args!r} gave no answer")
    return line
