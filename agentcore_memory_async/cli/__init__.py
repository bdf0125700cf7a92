"""The command line: ``agentcore-memory``, and ``python -m agentcore_memory_async``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async._calls.wait_clock import WaitClock

__all__ = ("main",)

_EXTRA = frozenset({"packaging", "rich", "typer"})
"""Packages of the extra ``cli``."""


def main(argv: Sequence[str] | None = None, *, clock: WaitClock | None = None) -> int:
    """
    Run the command line and return its exit status.

    Args:
        argv: Arguments; those of the process if omitted.
        clock: A ``ManualClock`` or ``AutoClock`` of the local service times waits, for tests.
    """
    try:
        from agentcore_memory_async.cli._app import run
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in _EXTRA:
            raise
        sys.stderr.write(
            f"agentcore-memory: {missing} is not installed; install the extra: "
            'pip install "agentcore-memory-async[cli]"\n'
        )
        return 2
    return run(argv, clock)
