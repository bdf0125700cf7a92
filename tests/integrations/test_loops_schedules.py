"""A thousand random schedules of calls, cancellations and errors: none hangs, nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.integrations.homes import PATIENCE_S, Home, at_home

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

SCHEDULES = 1_000
CALLERS = 6
"""Callers of a schedule, in two loops and two threads."""
MOST_STEPS = 8
"""Most turns of a loop that a call takes, or a caller before it is cancelled."""


class Job:
    """
    A call of random length and end.

    Attributes:
        began: How often it began.
        ended: How it ended: "done", "failed" or "cancelled".
    """

    def __init__(self, draw: random.Random) -> None:
        self.way = draw.choice(["read", "write"])
        self.by = draw.choice(["nobody", "task", "tasks", "scope", "timeout"])
        self.steps = draw.randrange(MOST_STEPS)
        self.patience = draw.randrange(MOST_STEPS)
        self.fails = draw.random() < 0.3
        self.began = 0
        self.ended: list[str] = []

    async def run(self) -> Job:
        """Take some turns, and end."""
        self.began += 1
        try:
            await turns(self.steps)
        except asyncio.CancelledError:
            await turns(1)
            self.ended.append("cancelled")
            raise
        self.ended.append("failed" if self.fails else "done")
        if self.fails:
            raise KeyError(self.way)
        return self

    async def call(self, home: Home) -> None:
        """Make the call, and cancel it; see that what came back is what happened."""
        method: Callable[..., Coroutine[object, object, Job]] = getattr(home.calls, self.way)
        task = asyncio.create_task(self._limited(method))  # noqa: TID251 - it needs no anyio
        await turns(1 + self.patience)
        if not task.done():
            for _ in range(3 if self.by == "tasks" else 1):
                self._cancel(task)
                await turns(1)
        await asyncio.wait([task])
        if task.cancelled():
            self._check("cancelled")
        else:
            self._check("failed" if task.exception() else task.result())

    async def _limited(self, method: Callable[..., Coroutine[object, object, Job]]) -> str:
        """Make the call in a scope of anyio and a timeout of asyncio."""
        with anyio.CancelScope() as self._scope:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None) as self._timeout:
                    assert self is await method(self.run)
                    return "done"
        return "cancelled"

    def _cancel(self, task: asyncio.Task[str]) -> None:
        if self.by == "scope":
            self._scope.cancel()
        elif self.by == "timeout":
            self._timeout.reschedule(0)
        elif self.by != "nobody":
            task.cancel()

    def _check(self, seen: str) -> None:
        assert self.began <= 1
        assert self.began == len(self.ended), "it went on behind its caller"
        if seen == "cancelled":
            assert self.way == "read" or self.ended != ["cancelled"]
        else:
            assert [seen] == self.ended


async def turns(number: int) -> None:
    """Let the loop make so many turns."""
    for _ in range(number):
        await asyncio.sleep(0)


async def callers(home: Home, jobs: list[Job]) -> None:
    """Make calls at once, in a loop whose errors nobody overlooks."""
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    async with asyncio.TaskGroup() as tasks:
        for job in jobs:
            tasks.create_task(job.call(home))
    assert not reported


def block(home: Home, job: Job) -> None:
    """Make a blocking call."""
    try:
        assert job is home.calls.blocking(job.run)
    except KeyError:
        assert job.fails
    assert 1 == job.began == len(job.ended)


@pytest.mark.parametrize("part", range(10))
def test_random_schedules(part: int) -> None:
    """Each call ends, as its caller was told, before its caller goes on; nothing is left over."""
    before = threading.active_count()
    with at_home() as home:
        reported: list[object] = []
        home.run(lambda: home.loop.set_exception_handler(lambda _, each: reported.append(each)))
        with ThreadPoolExecutor(4) as pool:
            for number in range(SCHEDULES // 10):
                draw = random.Random(f"{part} {number}")
                schedule(pool, home, draw)
        assert not home.left()
        gc.collect()
        assert not reported
    assert before == threading.active_count()


def schedule(pool: ThreadPoolExecutor, home: Home, draw: random.Random) -> None:
    """Run one schedule in two loops and two threads."""
    jobs = [[Job(draw) for _ in range(draw.randrange(1, CALLERS))] for _ in range(2)]
    running: list[Future[None]] = [pool.submit(asyncio.run, callers(home, each)) for each in jobs]
    running += [pool.submit(block, home, Job(draw)) for _ in range(2)]
    for each in running:
        each.result(PATIENCE_S)
