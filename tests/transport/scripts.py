"""Scripts in a Python process of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run(code: str, *options: str) -> str:
    """Run *code* in a new Python process with warnings as errors, and return its output."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *options, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr), done.stderr
    return done.stdout
