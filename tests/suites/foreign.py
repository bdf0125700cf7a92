"""The tests of a framework's source distribution, unchanged but for their conftest."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.suites.environment import BENEATH
from tests.suites.results import Outcome
from tests.suites.suite import HERE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.suites.environment import Environment
    from tests.suites.suite import Suite

USED = "agentcore_memory"
"""Property of a test that stored something in the memory."""
RAN_ALL = (0, 1)
"""Exit codes of a pytest that ran all tests; with others it collected or ran a part of them."""
LONGEST = 3600.0
"""Seconds in which a suite ends; it takes minutes."""


def run_foreign(suite: Suite, environment: Environment) -> Outcome:
    """Run the tests, and compare what failed with what is known."""
    source = unpacked(suite, environment)
    kept = digests(source)
    for old, new in suite.conftest.items():
        target = source / old
        if target.exists():
            target.rename(target.with_name(f"{target.stem}_original.py"))
        shutil.copy(HERE / suite.name / new, target)
    report = environment.folder / "report.xml"
    log = environment.folder / "foreign.log"
    pytest = [str(environment.python), "-m", "pytest", "-q", "-p", "suite_backend"]
    pytest += ["-p", "no:randomly", "--junitxml", str(report), *suite.arguments]
    pytest += [f"--deselect={test}" for test in suite.left_out]
    with log.open("w") as output:
        ended = subprocess.run(
            [*pytest, *files(suite, source)],
            cwd=source,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE / "support"), "."])},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=LONGEST,
        )
    problems = changed(kept, digests(source))
    if ended.returncode not in RAN_ALL:
        problems.append(f"pytest ended with {ended.returncode}")
    tests = read(report, counts_used=suite.counts_used) if report.exists() else {}
    return judged(suite, environment.versions(), tests, problems, log)


def unpacked(suite: Suite, environment: Environment) -> Path:
    """Fetch and unpack the source that has the tests; return its folder."""
    folder = environment.folder / "source"
    folder.mkdir()
    if not suite.sdist:
        for path in (HERE / suite.name).glob("test_*.py"):
            shutil.copy(path, folder)
        (folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", "utf-8")
        return folder
    version = environment.versions()[suite.sdist.lower()]
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run(
        [*download, "--no-binary", suite.sdist, "--dest", folder, f"{suite.sdist}=={version}"],
        check=True,
    )
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    [found] = (path for path in folder.iterdir() if path.is_dir())
    return found


def files(suite: Suite, source: Path) -> list[str]:
    """Return the files of the tests."""
    found = [path for each in suite.tests for path in sorted(source.glob(each))]
    return [str(path.relative_to(source)) for path in found]


def digests(source: Path) -> dict[str, str]:
    """Return what identifies the content of each test file."""
    return {
        str(path.relative_to(source)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in source.rglob("*.py")
        if not path.name.startswith("conftest")
    }


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return a problem for each test file that is no longer as it was, or is missing."""
    return [
        f"changed: {name}" for name, digest in sorted(before.items()) if after.get(name) != digest
    ]


def read(report: Path, *, counts_used: bool) -> dict[str, str]:
    """Return the outcomes of a report by the id of the test."""
    outcomes: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):
        is_used = any(each.get("name") == USED for each in case.iter("property"))
        if case.find("skipped") is not None or (counts_used and not is_used):
            continue
        failed = case.find("failure") is not None or case.find("error") is not None
        name = f"{case.get('classname', '')}::{case.get('name')}"
        if outcomes.get(name) != "failed":
            outcomes[name] = "failed" if failed else "passed"
    return outcomes


def judged(
    suite: Suite, versions: dict[str, str], tests: dict[str, str], problems: list[str], log: Path
) -> Outcome:
    """Return the outcome, with what is not as it is known."""
    failed = sorted(test for test, outcome in tests.items() if outcome == "failed")
    problems = problems + [f"failed: {test}" for test in failed if suite.reason(test) is None]
    passed = [test for test, outcome in tests.items() if outcome == "passed"]
    problems += [f"passes, though known to fail: {test}" for test in passed if suite.reason(test)]
    problems += [f"known to fail, but is no test: {pattern}" for pattern in suite.stale(tests)]
    if not tests or problems:
        problems.append("\n".join(log.read_text("utf-8", "replace").splitlines()[-40:]))
    known: dict[str, int] = {}
    for test in failed:
        if reason := suite.reason(test):
            known[reason] = known.get(reason, 0) + 1
    for reason in suite.left_out.values():
        known[reason] = known.get(reason, 0) + 1
    count = len(tests) + len(suite.left_out)
    beneath = {each: versions[each] for each in BENEATH}
    version = versions[suite.framework.lower()]
    return Outcome(suite.title, version, len(passed), count, known, beneath, problems)
