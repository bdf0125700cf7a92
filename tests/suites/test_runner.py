"""The runner of the frameworks' own tests: what it takes for a failure."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.suites import __main__ as program
from tests.suites.environment import Environment, wrong_versions
from tests.suites.foreign import changed, digests, judged, read
from tests.suites.results import Outcome, behind
from tests.suites.suite import Suite

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = {"anything": "1.0", "aiobotocore": "3.0", "botocore": "1.4", "python": "3.11", "x": "1"}
BENEATH = {"aiobotocore": "3.0", "botocore": "1.4", "python": "3.11"}
SUITE = Suite("any", "Any", "anything", known={"m::known[*]": "it is so"})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log of pytest."""
    path = tmp_path / "foreign.log"
    path.write_text("what pytest printed\n", "utf-8")
    return path


def test_what_is_as_known_is_no_problem(log: Path) -> None:
    """A known failure that fails is counted by its reason."""
    tests = {"m::good": "passed", "m::known[1]": "failed", "m::known[2]": "failed"}
    outcome = judged(SUITE, VERSIONS, tests, [], log)
    assert outcome == Outcome("Any", "1.0", 1, 3, {"it is so": 2}, BENEATH)


@pytest.mark.parametrize(
    ("tests", "problem"),
    [
        ({"m::good": "failed"}, "failed: m::good"),
        ({"m::known[1]": "passed"}, "passes, though known to fail: m::known[1]"),
        ({"m::good": "passed"}, "known to fail, but is no test: m::known[*]"),
        ({"m::known": "failed"}, "known to fail, but is no test: m::known[*]"),
        ({}, "what pytest printed"),
    ],
)
def test_what_is_not_as_known_is_a_problem(log: Path, tests: dict[str, str], problem: str) -> None:
    """So are a failure nobody knows, a known one that passes or is gone, and no test at all."""
    problems = judged(SUITE, VERSIONS, tests, [], log).problems
    assert problem in problems
    assert "what pytest printed" in problems


def test_fewer_than_recorded_is_a_problem() -> None:
    """Tests that are skipped, or store nothing any more, do not count as passed."""
    before = Outcome("Any", "1.0", 3, 4)
    assert behind(replace(before, passed=2, of=2), before).problems
    assert not behind(before, before).problems
    assert not behind(replace(before, passed=4), before).problems


def test_a_test_file_that_is_changed_or_removed_is_found(tmp_path: Path) -> None:
    """Only a conftest may differ from what was unpacked."""
    for name in ("test_a.py", "test_b.py", "test_c.py", "conftest.py"):
        (tmp_path / name).write_text("# theirs\n", "utf-8")
    before = digests(tmp_path)
    (tmp_path / "test_a.py").write_text("# ours\n", "utf-8")
    (tmp_path / "test_b.py").unlink()
    (tmp_path / "conftest.py").write_text("# ours\n", "utf-8")
    assert changed(before, digests(tmp_path)) == ["changed: test_a.py", "changed: test_b.py"]


def test_another_version_than_the_pinned_one_is_found() -> None:
    """A distribution that is missing or has fallen back is named."""
    pins = {"one": "1.0", "Two_Parts": "2.0", "three": "3.0"}
    found = {"one": "1.0", "two-parts": "1.9"}
    assert wrong_versions(pins, found) == [
        "Two_Parts is 1.9 instead of 2.0",
        "three is None instead of 3.0",
    ]


def test_only_tests_that_used_the_memory_count(tmp_path: Path) -> None:
    """The others of a file say nothing about an integration."""
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="m" name="used"><properties>'
        '<property name="agentcore_memory" value="used"/></properties></testcase>'
        '<testcase classname="m" name="other"><failure/></testcase>'
        '<testcase classname="m" name="left_out"><skipped/></testcase>'
        "</testsuite></testsuites>",
        "utf-8",
    )
    assert read(report, counts_used=True) == {"m::used": "passed"}
    assert read(report, counts_used=False) == {"m::used": "passed", "m::other": "failed"}


def test_a_suite_that_can_not_be_installed_fails_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The suites after it are run nevertheless."""

    def make(_self: Environment, _root: Path) -> None:
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(Environment, "make", make)
    [problem] = program.run(SUITE, tmp_path, newest=True).problems
    assert problem.startswith("did not run: ")
