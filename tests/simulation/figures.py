"""
Measure the guarantees under load, in virtual time: ``python -m tests.simulation.figures``.

Each function simulates one situation from one seed and returns the figures of its guarantee. The
command prints the minimum, the maximum and the median of many seeds.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from agentcore_memory_async import (
    AgentCoreMemoryError,
    ConversationalMessage,
    MessageRole,
    RetryPolicy,
)
from tests._virtual_time import VirtualTimeLoop
from tests.simulation import partial_failures
from tests.simulation.memory_service import Bucket, MemoryService
from tests.simulation.scenario import opened, seeded_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from agentcore_memory_async import AsyncMemorySession, AsyncMemorySessionManager

T = TypeVar("T")
Figures = dict[str, float]


def run(main: Callable[[int], Coroutine[Any, Any, T]], seed: int) -> T:
    """Run *main* with *seed* in virtual time."""

    async def seeded() -> T:
        with seeded_tokens(random.Random(seed)):
            return await main(seed)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(seeded())


class Window(Bucket):
    """A limit of *rate* requests in any second; if *fixed*, in each second of the clock."""

    def __init__(self, rate: float, *, fixed: bool) -> None:
        super().__init__(rate)
        self._fixed = fixed
        self._taken: list[float] = []

    def take(self, now: float) -> bool:
        """Take a token and return True; return False if there is none."""
        self._taken = [
            at for at in self._taken if (int(at) == int(now) if self._fixed else at > now - 1)
        ]
        if len(self._taken) >= self.rate:
            return False
        self._taken.append(now)
        return True


LIMITS: dict[str, Callable[[], Bucket]] = {
    "a second of the clock": lambda: Window(20, fixed=True),
    "any second": lambda: Window(20, fixed=False),
    **{f"bursts of {burst}": partial(Bucket, 20, burst) for burst in (1, 5, 10, 20, 40, 60)},
}
"""Ways in which a service may limit requests to 20 a second."""

LATENCIES = {
    "5 ms": (0.0025, 0.0025),
    "10 to 120 ms": (0.005, 0.06),
    "50 to 200 ms": (0.025, 0.1),
    "500 ms": (0.25, 0.25),
    "400 to 600 ms": (0.2, 0.3),
}
"""Minimum and maximum time of one way, in seconds."""


async def throttled(
    seed: int, limit: str = "bursts of 20", latency: str = "10 to 120 ms", calls: int = 300
) -> Figures:
    """P12: 50 writers make 300 calls; the service takes 20 a second."""
    service = MemoryService(seed)
    service.buckets["CreateEvent"] = LIMITS[limit]()
    service.latency_s = LATENCIES[latency]
    failed = 0
    async with opened(service, seed) as manager:
        left = list(range(calls))

        async def work(session: AsyncMemorySession) -> None:
            nonlocal failed
            while left:
                try:
                    await session.add_turns([_message(left.pop())])
                except AgentCoreMemoryError:
                    failed += 1

        await anyio.sleep(
            random.Random(seed).random()
        )  # starts anywhere within a second of the clock
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(work, await _session(manager, number))
        lasted_s = anyio.current_time() - began
    return {
        "failed": failed,
        "requests per call": service.asked["CreateEvent"] / calls,
        "calls per second": (calls - failed) / lasted_s,
    }


async def outage(seed: int, kind: str = "refused") -> Figures:
    """P11: every request fails for 60 s, while 50 tasks keep calling."""
    service = MemoryService(seed)
    if kind == "429":
        service.buckets["CreateEvent"] = Bucket(0, 0)
    else:
        service.down = kind
    service.record_all = True
    calls = 0
    async with opened(service, seed) as manager:

        async def work(session: AsyncMemorySession) -> None:
            nonlocal calls
            while anyio.current_time() < 60:
                calls += 1
                try:
                    await session.add_turns([_message(calls)])
                except AgentCoreMemoryError:
                    continue

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(work, await _session(manager, number))
    starts = [at for at, _ in service.starts]
    later = [sum(at <= other < at + 1 for other in starts) for at in starts if at > 5]
    return {
        "requests per call": len(starts) / calls,
        "requests in a second after 5 s": max(later, default=0),
    }


async def recovery(seed: int) -> Figures:
    """Measure how long after an outage of 20 s the calls of 50 tasks succeed again."""
    service = MemoryService(seed)
    service.down = "refused"
    lasted: list[float] = []
    async with opened(service, seed) as manager:

        async def work(session: AsyncMemorySession) -> None:
            await session.add_turns([_message(0)])
            lasted.append(anyio.current_time() - 20)

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(work, await _session(manager, number))
            await anyio.sleep(20)
            service.down = ""
    return {"last call, s after it": max(lasted), "requests": service.asked["CreateEvent"]}


async def starved(seed: int) -> Figures:
    """P13: the ratio of create_event's p99 with throttled searches to its p99 without."""
    figures = [await _create_p99(seed, searches) for searches in (0, 50)]
    return {"p99 over baseline": figures[1] / figures[0]}


async def crowded(seed: int) -> Figures:
    """P13: the ratio of the p99 of 20 sessions beside a throttled session to that without."""
    figures = [await _create_p99(seed, 0, extra) for extra in (0, 3)]
    return {"p99 over baseline": figures[1] / figures[0]}


async def _create_p99(seed: int, searches: int, extra: int = 0) -> float:
    """Return the p99 of 20 writers beside *searches* readers and *extra* writers, all throttled."""
    service = MemoryService(seed)
    service.session_rate = 1000.0
    service.session_buckets["actor", "crowded"] = Bucket(0, 0)
    service.buckets["RetrieveMemoryRecords"] = Bucket(0, 0)
    took: list[float] = []
    async with opened(service, seed) as manager:
        sessions = [await _session(manager, number) for number in range(50)]
        until = anyio.current_time() + 8
        async with anyio.create_task_group() as tasks:
            for _ in range(extra):
                tasks.start_soon(_write_to_crowded_session, manager, until)
            for number in range(searches):
                tasks.start_soon(_search_until, sessions[number], until)
            for number in range(20):
                tasks.start_soon(_time_writes_until, sessions[number], until, took)
    return statistics.quantiles(took, n=100)[98]


async def _search_until(session: AsyncMemorySession, until: float) -> None:
    policy = RetryPolicy(read_deadline=3.0)
    while anyio.current_time() < until:
        with suppress(AgentCoreMemoryError):
            await session.with_options(retry=policy).search_long_term_memories("seats")


async def _time_writes_until(session: AsyncMemorySession, until: float, took: list[float]) -> None:
    while anyio.current_time() < until:
        began = anyio.current_time()
        await session.create_event("click", {"n": "x"})
        took.append(anyio.current_time() - began)
        await anyio.sleep(0.3)


async def _write_to_crowded_session(manager: AsyncMemorySessionManager, until: float) -> None:
    session = await manager.create_memory_session("actor", "crowded", verify=False)
    hasty = RetryPolicy(write_deadline=3.0)
    while anyio.current_time() < until:
        with suppress(AgentCoreMemoryError):
            await session.with_options(retry=hasty).create_event("click", {"n": "x"})


async def paced(seed: int) -> Figures:
    """P14: 20 tasks write to one session, whose limit is 5 events a second."""
    service = MemoryService(seed)
    service.session_rate = 5.0
    async with opened(service, seed) as manager:
        session = await _session(manager, 0)

        async def work() -> None:
            for number in range(10):
                # 200 calls at 5 a second are 40 seconds.
                await session.with_options(retry=RetryPolicy(write_deadline=60)).add_turns(
                    [_message(number)]
                )

        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(work)
        lasted_s = anyio.current_time() - began
    return {
        "throttled after the first second": sum(at > began + 1 for at in service.throttled_at),
        "calls per second": 200 / lasted_s,
    }


async def buffered(seed: int) -> Figures:
    """P8: 5,000 messages are buffered while the service is down for 60 s."""
    service = MemoryService(seed)
    service.down = "refused"
    most = 0
    async with opened(service, seed) as manager:
        session = await _session(manager, 0)

        async def end_outage() -> None:
            await anyio.sleep(60)
            service.down = ""

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(end_outage)
            async with session.buffered() as buffer:
                for number in range(5000):
                    await buffer.add(_message(number))
                    most = max(most, len(buffer.unsent))
                await buffer.flush()
    stored = [text for event in service.sessions["actor", "s0"] for text in event.texts]
    return {
        "lost, doubled or out of order": float(stored != [f"turn {n}" for n in range(5000)]),
        "most pending": most,
    }


async def own_writes(seed: int) -> Figures:
    """List by type right after a write, while the service's filter lags by 30 s."""
    service = MemoryService(seed)
    service.filter_lag_s = 30.0
    missed = 0
    async with opened(service, seed) as manager:
        session = await _session(manager, 0)
        stored: list[str] = []
        for number in range(100):
            stored.insert(0, await session.create_event("order", {"n": str(number)}))
            await session.add_turns([_message(number)])
            found = [event.event_id for event in await session.list_events("order")]
            missed += found != stored
            await anyio.sleep(random.Random(seed + number).choice([0, 1, 20, 40, 100]))
    return {"wrong lists of 100": missed}


def _message(number: int) -> ConversationalMessage:
    return ConversationalMessage(f"turn {number}", MessageRole.USER)


async def _session(manager: AsyncMemorySessionManager, number: int) -> AsyncMemorySession:
    return await manager.create_memory_session("actor", f"s{number}", verify=False)


SITUATIONS: dict[str, Callable[[int], Coroutine[Any, Any, Figures]]] = {
    "P8 buffer, server down 60 s": buffered,
    "P11 outage, connections refused": outage,
    "P11 outage, status 500": partial(outage, kind="500"),
    "P11 everything throttled": partial(outage, kind="429"),
    "after an outage of 20 s": recovery,
    **{
        f"P12 20 in {limit}, {latency}" if "second" in limit else f"P12 20/s, {limit}, {latency}": (
            partial(throttled, limit=limit, latency=latency)
        )
        for limit in LIMITS
        for latency in LATENCIES
    },
    "P13 searches throttled": starved,
    "P13 one session throttled": crowded,
    "P14 session at 5/s, 20 tasks": paced,
    "read your own writes": own_writes,
    **{
        f"P29 {share:.0%} fail, {kind}, {latency}": partial(
            partial_failures.goodput, share=share, kind=kind, latency=LATENCIES[latency]
        )
        for kind in partial_failures.KINDS
        for latency in ("5 ms", "10 to 120 ms", "500 ms")
        for share in partial_failures.SHARES
    },
}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.figures", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="", help="run situations whose name contains this")
    given = parser.parse_args()
    for name, situation in SITUATIONS.items():
        if given.only not in name:
            continue
        found = [run(situation, seed) for seed in range(given.seeds)]
        print(name)
        for figure in found[0]:
            values = [figures[figure] for figures in found]
            middle = statistics.median(values)
            print(f"  {figure}: {min(values):.3g} to {max(values):.3g}, median {middle:.3g}")


if __name__ == "__main__":
    main()
