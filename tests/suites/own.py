"""Our own tests of an integration, in the environment of its framework."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.suites.environment import Environment
    from tests.suites.suite import Suite


def run_own(suite: Suite, environment: Environment, root: Path) -> bool:
    """Run them, and return whether they passed; a failure is tried once more, alone."""
    found = [str(path) for each in suite.own for path in sorted(root.glob(each))]
    pages = [each for each in suite.own if "[" in each]
    if not found + pages:
        return True
    command = [str(environment.python), "-m", "pytest", "-q", "-rfE", "--dist", "loadgroup"]
    again = ("-n", "0", "--last-failed", "--last-failed-no-failures=none")
    return any(
        subprocess.run([*command, *options, *found, *pages], cwd=root, check=False).returncode == 0
        for options in (("-n", "2"), again)
    )


def check_types(suite: Suite, environment: Environment, root: Path) -> bool:
    """Check the types of what only this environment knows, and return whether they are right."""
    python = str(environment.python)
    checkers = (["mypy"], ["pyright", "--pythonpath", python]) if suite.types else ()
    return all(
        subprocess.run([python, "-m", *checker, *suite.types], cwd=root, check=False).returncode
        == 0
        for checker in checkers
    )
