"""
Run the tests that a framework ships, with its integration in the place of its own storage.

``python -m tests.suites openai_agents`` makes an environment with the versions of the folder's
``requirements.txt``, unpacks the source distribution that has the tests, replaces nothing but their
``conftest*.py``, and compares what failed with ``suite.toml``. Then it runs our own tests of the
integration there. ``--newest`` takes the newest versions; ``--record`` writes ``results.json``, of
which ``--table`` makes the table of the documentation.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tests.suites.environment import Environment, WrongVersionError
from tests.suites.foreign import run_foreign
from tests.suites.own import check_types, run_own
from tests.suites.results import (
    RESULTS,
    Outcome,
    behind,
    record,
    recorded,
    short_table,
    table,
)
from tests.suites.suite import Suite, names

ROOT = Path(__file__).parents[2]


def run(suite: Suite, work: Path, *, newest: bool) -> Outcome:
    """Make the environment of a suite and run it there; what keeps it from that is a problem."""
    environment = Environment(suite, work, newest=newest)
    outcome = Outcome(suite.title, "", 0, 0)
    try:
        environment.make(ROOT)
        if suite.tests:
            outcome = run_foreign(suite, environment)
    except (WrongVersionError, subprocess.SubprocessError) as error:
        return outcome.failing(f"did not run: {error}")
    own = run_own(suite, environment, ROOT)
    print(f"{suite.name}: {outcome.summary()}; our own tests {'passed' if own else 'FAILED'}")
    if not check_types(suite, environment, ROOT):
        outcome = outcome.failing("the types of the integration are not right")
    return outcome if own else outcome.failing("our own tests failed")


def main() -> int:
    """Run what was asked for, and return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.suites", description=__doc__)
    parser.add_argument("suite", nargs="*", choices=[[], *names()], help="all if omitted")
    parser.add_argument("--newest", action="store_true", help="the newest versions of everything")
    parser.add_argument("--record", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--table", action="store_true", help="print the tables of the pages")
    parser.add_argument("--work", type=Path, default=ROOT / ".suites", help="folder to work in")
    options = parser.parse_args()
    if options.table:
        print(table(), short_table(), sep="\n\n")
        return 0
    failed = []
    for name in options.suite or names():
        outcome = run(Suite.read(name), options.work.resolve(), newest=options.newest)
        before = recorded().get(name)
        if before and not (options.newest or options.record):
            outcome = behind(outcome, Outcome(**before))
        if outcome.problems:
            failed.append(name)
            print(f"{name} FAILED:", *outcome.problems, sep="\n")
        elif options.record and not options.newest and outcome.of:
            record(name, outcome)
    if failed:
        print("FAILED:", *failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
