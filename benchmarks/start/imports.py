"""A new process that imports a package and ends: ``import agentcore_memory_async``, and others."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.common.contestant import Measure


@asynccontextmanager
async def opened(_: str) -> AsyncIterator[Measure]:
    """Yield what measures wall seconds of a process; its operations are names of packages."""

    async def measure(package: str, amount: int) -> dict[str, float]:
        command = [sys.executable, "-c", f"import {package}"]
        began = time.perf_counter()
        for _ in range(amount):
            subprocess.run(command, check=True)
        return {"wall_s": (time.perf_counter() - began) / amount}

    yield measure


if __name__ == "__main__":
    obey(opened)
