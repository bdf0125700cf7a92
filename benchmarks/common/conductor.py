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
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from threading import Timer
from typing import TYPE_CHECKING

from attrs import frozen

from benchmarks.common import environments
from benchmarks.common.question import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.common.question import Contestant, Environment, Question, Row

LONGEST_S = 300.0
"""Seconds after which a measurement is given up and its process killed."""

Operation = tuple["Contestant", str]
Pythons = Mapping["Contestant", "Path"]
Process = subprocess.Popen[str]
Measure = Callable[["Contestant", str], dict[str, float]]
"""Lets a contestant measure an operation; returns figures by name."""


class FailedError(Exception):
    """A process gave no answer."""


@frozen
class Run:
    """What was measured of a question."""

    measured: Mapping[Figure, Sequence[float]]
    """Figures of each round."""
    absent: Mapping[Contestant, str]
    """Contestants that can't be had here or failed, and why."""
    versions: Mapping[Contestant, Mapping[str, str]]
    """Versions of the packages of each contestant."""
    date: str
    """Day of the run."""
    machine: Mapping[str, str]
    """What the run was made on."""

    @property
    def rounds(self) -> int:
        """The number of rounds."""
        return max(map(len, self.measured.values()), default=0)


def run(question: Question) -> Run:
    """Measure what the rows of *question* need."""
    operations = operations_of(question.rows)
    absent: dict[Contestant, str] = {}
    pythons = prepare(dict.fromkeys(contestant for contestant, _ in operations), absent)
    with stub(question.latency_s, question.server) as url:
        take_turns = fresh_rounds if question.fresh else rounds
        taken = list(take_turns(question, operations, pythons, absent, url))
    present = [figure for figure in taken[-1] if figure.contestant not in absent]
    measured = {figure: [figures[figure] for figures in taken] for figure in present}
    versions = {of: environments.versions(pythons[of]) for of in pythons}
    today = datetime.now(UTC).date().isoformat()
    return Run(measured, absent, versions, today, environments.machine())


def prepare(contestants: Iterable[Contestant], absent: dict[Contestant, str]) -> Pythons:
    """Make the environments of *contestants*; those that can't be had are *absent*."""
    members: dict[Environment, list[Contestant]] = {}
    for contestant in contestants:
        members.setdefault(contestant.environment, []).append(contestant)
    pythons: dict[Contestant, Path] = {}
    for environment, those in members.items():
        try:
            pythons |= dict.fromkeys(those, environments.make(environment))
        except environments.AbsentError as error:
            absent |= dict.fromkeys(those, str(error))
    return pythons


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
    absent: dict[Contestant, str],
    url: str,
) -> Iterator[Mapping[Figure, float]]:
    """Iterate over the rounds of processes that stay; the first one, a warm-up, is left out."""
    with ExitStack() as stack:
        processes = {
            contestant: stack.enter_context(started(contestant, python, url))
            for contestant, python in pythons.items()
        }

        def measure(contestant: Contestant, operation: str) -> dict[str, float]:
            return ask(processes[contestant], operation, question.amount_of(operation))

        take_round(operations, measure, absent)
        for _ in range(question.rounds):
            yield take_round(operations, measure, absent)


def fresh_rounds(
    question: Question,
    operations: Sequence[Operation],
    pythons: Pythons,
    absent: dict[Contestant, str],
    url: str,
) -> Iterator[Mapping[Figure, float]]:
    """Iterate over the rounds in which each measurement has a process of its own."""

    def measure(contestant: Contestant, operation: str) -> dict[str, float]:
        began = time.perf_counter()
        with started(contestant, pythons[contestant], url) as process:
            given = ask(process, operation, question.amount_of(operation))
            return given | {"since_start_s": time.perf_counter() - began}

    for _ in range(question.rounds):
        yield take_round(operations, measure, absent)


def take_round(
    operations: Sequence[Operation], measure: Measure, absent: dict[Contestant, str]
) -> Mapping[Figure, float]:
    """Return the figures of a round; a contestant that fails is *absent* from then on."""
    figures: dict[Figure, float] = {}
    for contestant, operation in operations:
        if contestant not in absent:
            try:
                given = measure(contestant, operation)
            except FailedError as error:
                absent[contestant] = str(error)
            else:
                figures |= named(contestant, operation, given)
    return figures


def named(
    contestant: Contestant, operation: str, given: Mapping[str, float]
) -> dict[Figure, float]:
    """Return what *contestant* measured under the names that rows use."""
    return {Figure(contestant, operation, measure): value for measure, value in given.items()}


@contextmanager
def stub(latency_s: float, server: str = "benchmarks.common.stub") -> Iterator[str]:
    """Start the stub, or another server, and give its URL."""
    arguments = ["-m", server, str(latency_s)]
    with process([sys.executable, *arguments]) as running:
        yield f"http://127.0.0.1:{read_line(running).strip()}"


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
        assert running.stdout is not None
        with suppress(BrokenPipeError):
            running.stdin.close()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        running.stdout.close()


def process_environment() -> dict[str, str]:
    """Return the environment variables of all processes, without what would change figures."""
    kept = {name: value for name, value in os.environ.items() if not is_setting(name)}
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


def is_setting(name: str) -> bool:
    """Return whether the variable *name* is a setting of AWS, of Python, or of a proxy."""
    return name.startswith(("AWS_", "PYTHON")) or name.lower().endswith("_proxy")


def ask(contestant: Process, operation: str, amount: int) -> dict[str, float]:
    """Let *contestant* measure *amount* calls of *operation*; return its figures."""
    assert contestant.stdin is not None
    with suppress(BrokenPipeError):  # where it has ended, no line follows
        contestant.stdin.write(f"{operation} {amount}\n")
        contestant.stdin.flush()
    given: dict[str, float] = json.loads(read_line(contestant))
    return given


def read_line(running: Process) -> str:
    """
    Return the next line of *running*.

    Raises:
        FailedError: The process ended, or was killed after `LONGEST_S`.
    """
    assert running.stdout is not None
    timer = Timer(LONGEST_S, running.kill)
    timer.start()
    try:
        line = running.stdout.readline()
    finally:
        timer.cancel()
    if not line:
        raise FailedError("it failed here, or took too long")
    return line
