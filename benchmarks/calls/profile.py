"""
Show whose code the processor time of a call is spent in: ``python -m benchmarks.calls.profile``.

A timer of processor time takes a sample each millisecond, of the function that runs; what it calls
in C counts as its own. That slows nothing down, so the shares are those of the benchmark.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.calls import ours
from benchmarks.common import conductor
from benchmarks.common.contestant import time_calls
from benchmarks.common.environments import ROOT

if TYPE_CHECKING:
    from types import FrameType

PACKAGE = "agentcore_memory_async"
AMOUNTS = {"write": 6000, "read": 2000, "search-5": 6000, "search-100": 2000}
"""Operations and numbers of calls."""
WARM_UP = 200
"""Calls before those that are sampled."""
SAMPLE_S = 0.001
"""Processor seconds between two samples."""
LIBRARY = {"asyncio": "asyncio", "selectors.py": "asyncio", "json": "json"}
"""Folders and files of Python's library that have a row of their own."""
LEAST = 0.01
"""Smallest share of an operation that has a row of its own."""


def owner(filename: str) -> str:
    """Return whose code is in *filename*: a package, or a folder of this one."""
    if PACKAGE in filename:  # also in the names of what attrs generates
        below = filename.partition(f"{PACKAGE}/")[2].split("/")
        return f"this package, `{below[0]}`" if len(below) > 1 else "this package, values"
    path = Path(filename)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1].removesuffix(".py")
    if path.is_relative_to(ROOT):
        return "this benchmark"
    return LIBRARY.get(path.parent.name) or LIBRARY.get(path.name, "the rest of Python's library")


async def sample(url: str) -> dict[str, Counter[str]]:
    """Return the samples of each operation by their owners."""
    found: dict[str, Counter[str]] = {}
    async with ours.opened(url) as calls:
        for operation, amount in AMOUNTS.items():
            await time_calls(calls[operation], WARM_UP)
            samples = found[operation] = Counter[str]()

            def take(_: int, frame: FrameType | None, samples: Counter[str] = samples) -> None:
                if frame is not None:
                    samples[owner(frame.f_code.co_filename)] += 1

            signal.signal(signal.SIGPROF, take)
            signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)
            await time_calls(calls[operation], amount)
            signal.setitimer(signal.ITIMER_PROF, 0)
    return found


def table(found: dict[str, Counter[str]]) -> list[str]:
    """Return the lines of a table of shares, the largest first."""
    shares = {
        name: [samples[name] / samples.total() for samples in found.values()]
        for name in set().union(*found.values())
    }
    rows = {name: each for name, each in shares.items() if max(each) >= LEAST}
    rest = [1 - sum(column) for column in zip(*rows.values(), strict=True)]
    lines = [
        f"| share of the processor time | {' | '.join(found)} |",
        "|---" * (len(found) + 1) + "|",
    ]
    order = sorted(rows, key=rows.__getitem__, reverse=True)
    return [*lines, *(line(name, rows[name]) for name in order), line("all others", rest)]


def line(name: str, shares: list[float]) -> str:
    """Return a line of the table."""
    return f"| {name} | {' | '.join(f'{share:.0%}' for share in shares)} |"


def main() -> None:
    """Print the table."""
    with conductor.stub(0) as url:
        found = asyncio.run(sample(url))
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
