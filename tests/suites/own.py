"""Our own tests of an integration, in the environment of its framework."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.suites.suite import HERE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.suites.environment import Environment
    from tests.suites.suite import Suite


def run_own(suite: Suite, environment: Environment, root: Path) -> bool:
    """Run them, and return whether they passed; a failure is tried once more, alone."""
    found = [str(path) for each in suite.own for path in sorted(root.glob(each))]
    single = [each for each in suite.own if "::" in each]
    if not found + single:
        return True
    command = [str(environment.python), "-m", "pytest", "-q", "-rfE", "--dist", "loadgroup"]
    command += ["-o", f"cache_dir={environment.folder / 'cache'}"]  # others run here, too
    again = ("-n", "0", "--last-failed", "--last-failed-no-failures=none")
    return any(
        subprocess.run([*command, *options, *found, *single], cwd=root, check=False).returncode == 0
        for options in (("-n", "2"), again)
    )


def check_types(suite: Suite, environment: Environment, root: Path) -> bool:
    """Check the types of what only this environment knows, and return whether they are right."""
    if not suite.types:
        return True
    python = str(environment.python)
    checkers = (
        ["mypy", *suite.types],
        ["pyright", "--pythonpath", python, "-p", HERE / suite.name],
    )
    return all(
        subprocess.run([python, "-m", *checker], cwd=root, check=False).returncode == 0
        for checker in checkers
    )
