"""Runs of the command that are interrupted at random moments, and what they leave."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agentcore_memory_async.local import Lags, LocalMemoryService
from tests.verify.measuring import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND = (sys.executable, "-m", "agentcore_memory_async.verify")
LONGEST_S = 16.0
"""Latest moment of an interruption, near the end of a run."""
INTERRUPTED = (130, -signal.SIGINT)
"""Exit statuses of an interrupted command; the second while it is still being imported."""
AT_ONCE = 3
"""Runs at a time."""


def environment_of(service: LocalMemoryService) -> dict[str, str]:
    """Return the environment of a command that asks *service*."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return mine | service.environment


async def command(
    environment: Mapping[str, str], output: Path, *arguments: str
) -> asyncio.subprocess.Process:
    """Start the command."""
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *("--output", str(output)),
        *arguments,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


async def interrupt(source: random.Random, directory: Path) -> tuple[float, list[str]]:
    """
    Interrupt a run once or twice, or kill it, and clean up after it.

    Returns:
        When it was interrupted, and what is wrong.
    """
    moment, again = source.uniform(0.3, LONGEST_S), source.choice((None, 0.02, 0.2, "kill"))
    wrong: list[str] = []
    async with LocalMemoryService(strict=True, lags=Lags(provisioning=0.5)) as service:
        environment = environment_of(service)
        output = directory / "measured.json"
        process = await command(environment, output, "--yes")
        await asyncio.sleep(moment)
        signals = [signal.SIGKILL] if again == "kill" else [signal.SIGINT]
        signals += [signal.SIGINT] if isinstance(again, float) else []
        for number, each in enumerate(signals):
            await asyncio.sleep(again if number and isinstance(again, float) else 0)
            if process.returncode is None:
                process.send_signal(each)
        _, told = await process.communicate()
        has_ended = process.returncode == 0
        if again is None and not has_ended and process.returncode not in INTERRUPTED:
            wrong.append(f"exit status {process.returncode}: {told.decode()[-300:]}")
        if again is None and (left := await left_in(service)):
            wrong.append(f"left after the interruption: {left}")
        cleaning = await command(environment, output, "--clean")
        _, told = await cleaning.communicate()
        if cleaning.returncode:
            wrong.append(f"--clean failed: {told.decode()[-300:]}")
        if left := await left_in(service):
            wrong.append(f"left after --clean: {left}")
        written = {"measured.json", "measured.md"} if has_ended else set[str]()
        if files := {each.name for each in directory.iterdir()} - written:
            wrong.append(f"files that are left: {sorted(files)}")
    return moment, wrong


async def left_in(service: LocalMemoryService) -> dict[str, object]:
    """Return what a run has left in a service: memories that are not being deleted, and rows."""
    async with service.control() as control:
        kept = [each for each in await control.list_memories() if each.status != "DELETING"]
    left: dict[str, object] = {
        name: count for name, count in (await rows(service)).items() if count
    }
    return left | ({"memories": len(kept)} if kept else {})


async def interrupt_all(count: int, seed: int) -> int:
    """Interrupt *count* runs, some at a time; return the number of those with errors."""
    failed = 0
    limiter = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        nonlocal failed
        async with limiter:
            with tempfile.TemporaryDirectory() as name:
                moment, wrong = await interrupt(random.Random(number), Path(name))
        failed += bool(wrong)
        for each in wrong:
            print(f"seed {number}, after {moment:.2f} s: {each}", flush=True)

    async with asyncio.TaskGroup() as group:
        for number in range(seed, seed + count):
            group.create_task(one(number))
    return failed


def interrupt_runs(count: int, seed: int) -> int:
    """Interrupt runs, and return the exit status."""
    began = time.monotonic()
    failed = asyncio.run(interrupt_all(count, seed))
    spent = time.monotonic() - began
    print(f"interrupts: {count} runs, {failed} with errors; {spent:.0f} s")
    return 1 if failed else 0
