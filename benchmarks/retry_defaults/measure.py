"""
Measure what retry defaults do to a burst of writes on one session.

Run ``python -m benchmarks.retry_defaults.measure [--rounds 5]``; see the README in this folder.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import venv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from agentcore_memory_async import (
    AgentCoreMemoryError,
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
)
from agentcore_memory_async.local import Behavior, LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HERE = Path(__file__).parent
MEMORY = "bench-a1B2c3D4e5"
WRITERS = 40
BOTO3 = "boto3==1.44.8"
ENVIRONMENT = HERE.parents[1] / f".venv-{BOTO3.replace('==', '-')}"
"""Environment of boto3, which cannot be installed beside aioboto3: that pins an older botocore."""


@frozen
class Burst:
    """
    What became of one burst.

    Attributes:
        codes: Code of each writer's error, in the order of the calls; empty for a success.
        stored: Texts that the service has stored, oldest first.
        lasted_s: Duration in seconds.
    """

    codes: list[str]
    stored: list[str]
    lasted_s: float


def boto3_python() -> str:
    """Return the Python of boto3's environment, which is made the first time."""
    python = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", BOTO3], check=True)
    return str(python)


async def boto3_burst(service: LocalMemoryService) -> list[str]:
    """Write the burst with boto3 and its defaults, from threads."""
    own = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
    none = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    ran = await anyio.run_process(
        [boto3_python(), str(HERE / "boto3_burst.py"), MEMORY, str(WRITERS)],
        env=own | none | dict(service.environment),
        stderr=None,
    )
    found = json.loads(ran.stdout)
    print(f"botocore {found['botocore']}", file=sys.stderr)
    codes: list[str] = found["codes"]
    return codes


async def our_burst(service: LocalMemoryService) -> list[str]:
    """Write the burst with this package and its defaults, from tasks."""
    codes = [""] * WRITERS
    async with service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("user123", "burst")

        async def write(number: int) -> None:
            message = ConversationalMessage(f"turn {number:02}", MessageRole.USER)
            try:
                await session.add_turns([message])
            except AgentCoreMemoryError as error:
                codes[number] = type(error).__name__

        async with anyio.create_task_group() as tasks:
            for number in range(WRITERS):
                tasks.start_soon(write, number)
    return codes


CONTESTANTS: dict[str, Callable[[LocalMemoryService], Awaitable[list[str]]]] = {
    "boto3": boto3_burst,
    "this package": our_burst,
}


async def stored(manager: AsyncMemorySessionManager) -> list[str]:
    """Return the texts of the session, oldest first."""
    session = await manager.create_memory_session("user123", "burst")
    turns = await session.get_last_k_turns(WRITERS)
    return [message.text for message in turns]


async def measure(name: str) -> Burst:
    """Let one contestant write a burst to a fresh service with the quotas of AWS."""
    async with LocalMemoryService(behavior=Behavior(throttle=True)) as service:
        began = time.perf_counter()
        codes = await CONTESTANTS[name](service)
        lasted_s = time.perf_counter() - began
        async with service.manager(MEMORY) as manager:
            return Burst(codes, await stored(manager), lasted_s)


def main() -> None:
    """Let the contestants write alternately."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    boto3_python()
    found: dict[str, list[Burst]] = {name: [] for name in CONTESTANTS}
    for _ in range(rounds):
        for name, bursts in found.items():
            bursts.append(anyio.run(measure, name))
    print(f"{WRITERS} writers, one session, 5 events a second; {rounds} rounds")
    for name, bursts in found.items():
        failed = [sum(map(bool, burst.codes)) for burst in bursts]
        kinds = Counter(code for burst in bursts for code in burst.codes if code)
        kept = sum(len(burst.stored) for burst in bursts)
        in_order = sum(burst.stored == sorted(burst.stored) for burst in bursts)
        lasted_s = statistics.median(burst.lasted_s for burst in bursts)
        print(
            f"{name:13} failed {min(failed)} to {max(failed)} of {WRITERS} {dict(kinds)}, "
            f"stored {kept} of {WRITERS * rounds}, in order {in_order} of {rounds}, "
            f"{lasted_s:.1f} s"
        )


if __name__ == "__main__":
    main()
