"""
Measure how much of the evidence of questions is found: ``python -m benchmarks.recall DATA``.

DATA is the file that README.md describes. ``--keep NAME`` keeps the figures as
``results/NAME.json``.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import anyio

from benchmarks.recall import conversations, memories, results


async def measure(path: Path) -> results.Result:
    """Return the figures of the conversations of the file *path*."""
    measured = memories.Measured()
    for conversation in conversations.read(path):
        await memories.measure(conversation, measured)
    return results.to_result(measured)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recall")
    parser.add_argument("data", type=Path, help="file of the conversations")
    parser.add_argument("--keep", metavar="NAME", help="name of the result, such as before")
    given = parser.parse_args()
    result = anyio.run(measure, given.data)
    if given.keep:
        results.keep(given.keep, f"{datetime.now(UTC):%Y-%m-%dT%H:%M}", result)
    print("\n".join(results.tables({**results.kept(), "now": result})))


if __name__ == "__main__":
    main()
