"""What the benchmarks do where a contestant can't be had or fails: the others are measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from benchmarks import __main__ as command
from benchmarks.common import conductor, environments, report
from benchmarks.common.environments import AbsentError
from benchmarks.common.figures import Verdict, judge
from benchmarks.common.question import Contestant, Environment, Figure, Question, Row

HERE = Environment("here", ())
NOWHERE = Environment("nowhere", ())
ROUNDS = 2


def fickle(name: str, answers: int, environment: Environment = HERE) -> Contestant:
    """Return a contestant that ends after so many *answers*."""
    return Contestant(name, "tests.benchmarks.fickle", environment, (str(answers),))


def question(*contestants: Contestant, fresh: bool = False) -> Question:
    """Return a question with a row for each of *contestants*."""
    rows = tuple(Row(each.name, Figure(each, "write"), bound=9.0) for each in contestants)
    return Question("q", "Q?", rows, rounds=ROUNDS, fresh=fresh, quick=contestants)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make no environment: the running Python is one of them, and the other can't be had."""

    def make(environment: Environment) -> Path:
        if environment == NOWHERE:
            raise AbsentError("no Python")
        return Path(sys.executable)

    monkeypatch.setattr(environments, "make", make)
    monkeypatch.setattr(environments, "versions", lambda _: {})  # not each Python is of venv


STAYS = fickle("stays", 99)
FAILS_AT_ONCE = fickle("fails at once", 0)
FAILS_LATER = fickle("fails later", ROUNDS)
ABSENT = fickle("absent", 99, NOWHERE)


@pytest.mark.parametrize("missing", [FAILS_AT_ONCE, FAILS_LATER, ABSENT], ids=lambda of: of.name)
def test_others_are_measured(missing: Contestant) -> None:
    """The rows of a contestant that is absent or fails say so, and those of others are whole."""
    run = conductor.run(question(missing, STAYS))
    assert run.measured == {Figure(STAYS, "write"): [1.0, 2.0]}  # the warm-up is left out
    assert run.rounds == ROUNDS
    assert list(run.absent) == [missing]
    result = judge(Row("x", Figure(missing, "write")), run.measured)
    assert result.verdict is Verdict.ABSENT
    assert report.result_text(result, run) == f"{missing.name}: {run.absent[missing]}"


def test_failure_of_a_fresh_process() -> None:
    """Where each measurement has a process of its own, others are measured as well."""
    run = conductor.run(question(FAILS_AT_ONCE, STAYS, fresh=True))
    assert set(run.absent) == {FAILS_AT_ONCE}
    assert run.measured[Figure(STAYS, "write")] == [0.0, 0.0]
    assert {figure.contestant for figure in run.measured} == {STAYS}


def test_failing_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment whose packages can't be installed is absent, and tried again."""
    monkeypatch.undo()
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    tried = []

    def install(*_: object) -> None:
        tried.append(1)
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(environments, "install", install)
    for _ in range(2):
        with pytest.raises(AbsentError, match="could not be installed"):
            environments.make(HERE)
    assert len(tried) == 2


def test_environment_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine gets to a contestant: of AWS, of a proxy, or of Python."""
    for name in ("AWS_PROFILE", "HTTPS_PROXY", "http_proxy", "PYTHONPATH", "PYTHONASYNCIODEBUG"):
        monkeypatch.setenv(name, "x")
    assert "x" not in conductor.process_environment().values()


@pytest.mark.parametrize(
    ("contestant", "problem"),
    [
        (STAYS, ""),
        (evolve(STAYS, name="slips"), "Beyond twice the bound: slips"),
        (ABSENT, "Not measured, so not guarded: absent"),
        (FAILS_LATER, "Not measured, so not guarded: fails later"),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_guard(contestant: Contestant, problem: str) -> None:
    """The guard fails for a row that slips, and for one that was not measured."""
    bound = 0.1 if contestant.name == "slips" else 9.0
    rows = (Row(contestant.name, Figure(contestant, "write"), bound=bound),)
    asked = evolve(question(contestant), rows=rows)
    assert command.guard([asked]) == problem


def test_guard_of_nothing() -> None:
    """A guard that measured nothing fails."""
    assert command.guard([]) != ""


@pytest.mark.parametrize("arguments", [["--quick", "reads"], ["calls", "reads"]])
def test_unknown_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """A name that is no question is refused, and the names are told."""
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    with pytest.raises(SystemExit) as refused:
        command.main()
    assert refused.value.code == 2
    assert "'reads' is none of calls, throughput" in capsys.readouterr().err
