"""
The long runs of the acceptance of the command line.

```
python -m tests.cli round_trip --sessions 10000 --kills 50
```
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.cli.round_trip import run_round_trip


def main() -> int:
    """Run, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.cli")
    parser.add_argument("what", choices=("round_trip",))
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figures = run_round_trip(
            arguments.sessions, arguments.kills, arguments.seed, Path(name), print
        )
    print(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
