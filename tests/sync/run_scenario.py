"""
Run a program on the facade: ``python -m tests.sync.run_scenario NAME ACTOR SEED``.

It says ``ready`` when what the program is about begins, ``stored N`` for messages that the service
has acknowledged, ``kept N`` for those that are to be stored at its exit, and ``done`` at its end.
"""

from __future__ import annotations

import signal
import sys
import warnings

import tests.sync.scenarios  # noqa: F401 - it registers its programs
import tests.sync.served_scenarios  # noqa: F401 - it, too
from tests.sync.scenario_base import PROGRAMS, Program, say

__all__ = ("PROGRAMS", "main")


def main() -> None:
    """Run the program that the arguments name."""
    name, actor, seed = sys.argv[1:]
    # A shell that runs the suite in the background ignores Ctrl-C, which children inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    PROGRAMS[name](Program(actor, int(seed)))
    say("done")


if __name__ == "__main__":
    main()
