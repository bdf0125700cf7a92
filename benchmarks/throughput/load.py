"""The load of this question: many conversations at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.common.contestant import Measure

Converse = Callable[[str], Awaitable[object]]
"""Stores a turn of the session with an id, and lists its newest ten events."""
CALLS = 2
"""Calls of a conversation."""


def throughput_of(converse: Converse) -> Measure:
    """Return what measures the rate of the calls of so many conversations at once."""

    async def measure(_: str, sessions: int) -> dict[str, float]:
        began = time.perf_counter()
        await converse_at_once(converse, sessions)
        return {"calls_per_s": sessions * CALLS / (time.perf_counter() - began)}

    return measure


async def converse_at_once(converse: Converse, sessions: int, rounds: int = 1) -> None:
    """Run all conversations at the same time."""

    async def run(session_id: str) -> None:
        for _ in range(rounds):
            await converse(session_id)

    async with asyncio.TaskGroup() as tasks:
        for number in range(sessions):
            tasks.create_task(run(f"s{number}"))
