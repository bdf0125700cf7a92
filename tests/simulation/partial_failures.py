"""
Measure the goodput of many tasks while a share of the requests fails, in virtual time.

The service is a transport, which is ten times as fast as real aiobotocore. Every request fails or
succeeds independently of the others. `tests.simulation.figures` runs the situations.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import anyio

from agentcore_memory_async import (
    AgentCoreMemoryError,
    DecodeError,
    TransportError,
    TransportTimeoutError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests.client.doubles import manager_on, said
from tests.simulation.memory_service import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async import AsyncMemorySession
    from agentcore_memory_async._transport.base import Answer

KINDS: dict[str, Callable[[str], AgentCoreMemoryError]] = {
    "500": lambda operation: service_error(operation, "ServiceException", "m", 500),
    "reset": lambda operation: TransportError(operation, "reset"),
    "refused": lambda operation: TransportError(operation, "refused", sent=False),
    "timeout": lambda operation: TransportTimeoutError(operation, "slow"),
    "cut": lambda operation: DecodeError(operation, "cut off"),
}
"""Failures that come at once."""
SHARES = (0.0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.55, 0.6)
"""Shares of the requests that fail."""
LASTS_S = 30.0
"""Length of a measurement."""
USUAL_S = (0.005, 0.06)
"""Minimum and maximum time of one way, in seconds."""


class FailingService(FakeTransport):
    """
    A service that fails at random, and may limit all requests together.

    Args:
        seed: Seed of its faults.
        share: Share of failing requests at a time since the start.
        kind: How they fail.
        latency: Minimum and maximum time of one way, in seconds.
        per_s: Limit of requests a second; None for none.
    """

    def __init__(
        self,
        seed: int,
        share: Callable[[float], float],
        kind: str = "500",
        latency: tuple[float, float] = USUAL_S,
        per_s: float | None = None,
    ) -> None:
        super().__init__()
        self.asked = 0
        self._share = share
        self._fault = KINDS[kind]
        self._latency = latency
        self._limit = Bucket(per_s) if per_s else None
        self._random = random.Random(seed)

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request, or fail."""
        self.asked += 1
        fails = self._random.random() < self._share(anyio.current_time())
        await anyio.sleep(self._random.uniform(*self._latency))
        if self._limit is not None and not self._limit.take(anyio.current_time()):
            raise service_error(operation, "ThrottledException", "m", 429)
        if fails:
            raise self._fault(operation)
        answer = await super().__call__(operation, params)
        self.requests.clear()
        await anyio.sleep(self._random.uniform(*self._latency))
        return answer


class Load:
    """
    Tasks that call one after the other, each in a session of its own.

    Attributes:
        calls: Number of calls that began.
        failed: Number of calls that failed.
        done: Times at which calls succeeded.
    """

    def __init__(self, *, reading: bool = False) -> None:
        self.calls = 0
        self.failed = 0
        self.done: list[float] = []
        self._reading = reading

    async def run(self, service: FailingService, seed: int, until: float, tasks: int = 50) -> None:
        """Call until the time *until*, and wait for the calls that have begun."""
        async with manager_on(service) as manager:
            manager._core.retrier._random = random.Random(seed)
            async with anyio.create_task_group() as group:
                for number in range(tasks):
                    session = await manager.create_memory_session("a", f"s{number}", verify=False)
                    group.start_soon(self._work, session, until)

    async def _work(self, session: AsyncMemorySession, until: float) -> None:
        while anyio.current_time() < until:
            self.calls += 1
            try:
                if self._reading:
                    await session.search_long_term_memories("seats")
                else:
                    await session.add_turns([said("hello")])
            except AgentCoreMemoryError:
                self.failed += 1
            else:
                self.done.append(anyio.current_time())

    def per_s(self, begins: float, ends: float) -> float:
        """Return the calls per second that succeeded between two times."""
        return sum(begins <= at < ends for at in self.done) / (ends - begins)


async def goodput(
    seed: int,
    share: float,
    kind: str = "500",
    latency: tuple[float, float] = USUAL_S,
    *,
    reading: bool = False,
    per_s: float | None = None,
) -> dict[str, float]:
    """P29: a *share* of the requests fails at random, while 50 tasks keep calling."""
    service = FailingService(seed, lambda _: share, kind, latency, per_s)
    load = Load(reading=reading)
    await load.run(service, seed, LASTS_S)
    return {
        "calls per second": load.per_s(0, LASTS_S),
        "requests per call": service.asked / load.calls,
        "failed": load.failed,
    }


async def outage(seed: int, kind: str, tasks: int) -> dict[str, float]:
    """P11: every request fails after 10 s without failures, over 100 calls or more."""
    lasts_s = max(60.0, 3600 / tasks)
    service = FailingService(seed, lambda now: float(now >= 10), kind)
    load = Load()
    asked_before = 0

    async def note() -> None:
        nonlocal asked_before
        await anyio.sleep(10)
        asked_before = service.asked

    async with anyio.create_task_group() as group:
        group.start_soon(note)
        group.start_soon(load.run, service, seed, 10 + lasts_s, tasks)
    calls = load.calls - sum(at < 10 for at in load.done)
    return {"calls": calls, "requests per call": (service.asked - asked_before) / calls}


async def recovery(seed: int, lasted_s: float) -> dict[str, float]:
    """Measure how long after an outage nine tenths of the goodput are back."""
    ends = 10 + lasted_s
    service = FailingService(seed, lambda now: float(10 <= now < ends))
    load = Load()
    await load.run(service, seed, ends + 10)
    wanted = 0.9 * load.per_s(5, 10)
    back = next(
        step / 4 for step in range(40) if load.per_s(ends + step / 4, ends + step / 4 + 1) >= wanted
    )
    return {"back after, s": back}


CHANGING: dict[str, Callable[[float], float]] = {
    "down for one second of three": lambda now: float(now % 3 < 1),
    "half for one second of two": lambda now: 0.5 * (now % 2 < 1),
    "gradually down and up": lambda now: max(0.0, 1 - abs(now - 30) / 30),
}
"""Shares of failing requests that change with the time."""


async def changing(seed: int, share: str) -> dict[str, float]:
    """Measure the goodput over a minute, as a share of what the service would have answered."""
    load = Load()
    await load.run(FailingService(seed, CHANGING[share]), seed, 60)
    healthy = Load()
    await healthy.run(FailingService(seed, lambda _: 0.0), seed, anyio.current_time() + 10)
    well = sum(1 - CHANGING[share](step / 10) for step in range(600)) / 600
    return {"of the ideal": load.per_s(0, 60) / (well * len(healthy.done) / 10)}


async def poison(seed: int) -> dict[str, float]:
    """Measure the requests of one call that always fails while all others succeed."""
    asked = 0

    class Poisoned(FailingService):
        async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
            nonlocal asked
            if params["sessionId"] == "s0":
                asked += 1
                raise KINDS["500"](operation)
            return await super().__call__(operation, params)

    await Load().run(Poisoned(seed, lambda _: 0.0), seed, 1)
    return {"requests of the call": asked}
