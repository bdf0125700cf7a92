"""
Measure how soon a visible record is noticed, and how many requests that takes.

Run ``python -m benchmarks.extraction_poll.compare [waits]`` from the repository. Time is virtual.
"""

from __future__ import annotations

import asyncio
import math
import platform
import statistics
import sys
from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING

import anyio
from attrs import define, frozen

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    PollPolicy,
    __version__,
)
from tests._virtual_time import VirtualTimeLoop, wall_clock
from tests.client.extraction_service import ExtractionService

if TYPE_CHECKING:
    from agentcore_memory_async import Event

MEMORY = "chat-a1B2c3D4e5"
PREFIX = "/facts/user1/"
TIMEOUT_S = 300.0


@frozen
class Distribution:
    """Distribution of extraction times, and the time that an informed caller would expect."""

    name: str
    expected: float
    draw: Callable[[Random], float]


def long_tail(source: Random) -> float:
    """Return a time with a median of 90 s (about 93 s were measured), from 20 to 180 s."""
    while True:
        seconds = source.lognormvariate(math.log(90), 0.5)
        if 20 <= seconds <= 180:
            return seconds


DISTRIBUTIONS = (
    Distribution("5 to 10 s", 7.5, lambda source: source.uniform(5, 10)),
    Distribution("20 to 40 s", 30.0, lambda source: source.uniform(20, 40)),
    Distribution("long tail to 180 s", 90.0, long_tail),
)


@define
class Outcome:
    """Outcome of one wait; ``noticed_s`` is None if the record was missed."""

    visible_s: float
    noticed_s: float | None
    requests: int
    baseline: int


Wait = Callable[[ExtractionService, AsyncMemorySessionManager, Distribution], Awaitable[int]]
"""Stores a conversation, waits for its record, and returns the requests of its baseline."""


class MissedError(Exception):
    """The contestant gave up before the record was visible."""


async def store(manager: AsyncMemorySessionManager) -> Event:
    """Store one message."""
    session = await manager.create_memory_session("user1", "chat1", verify=False)
    return await session.add_turns([ConversationalMessage("I fly window", MessageRole.USER)])


async def listed(service: ExtractionService) -> int:
    """List the records once and return their number."""
    params = {"memoryId": MEMORY, "namespacePath": PREFIX, "maxResults": 100}
    answer = await service("ListMemoryRecords", params)
    return len(answer.body["memoryRecordSummaries"])


async def fixed_sleep(
    service: ExtractionService, manager: AsyncMemorySessionManager, _: Distribution
) -> int:
    """Sleep for 10 s and then list once, as the reference does."""
    await store(manager)
    await anyio.sleep(10)
    if not await listed(service):
        raise MissedError
    return 0


async def official_helper(
    service: ExtractionService, manager: AsyncMemorySessionManager, _: Distribution
) -> int:
    """Poll as wait_for_memories(max_wait=180, poll_interval=15) does on an empty namespace."""
    await store(manager)
    began = anyio.current_time()
    while not await listed(service):
        if anyio.current_time() - began >= 180:
            raise MissedError
        await anyio.sleep(15)
    return 0


async def fixed_interval(
    service: ExtractionService, manager: AsyncMemorySessionManager, _: Distribution
) -> int:
    """Poll every 5 s, against a baseline."""
    before = await listed(service)
    await store(manager)
    await anyio.sleep(5)
    while await listed(service) == before:
        await anyio.sleep(5)
    return 1


async def ours_since(
    _service: ExtractionService, manager: AsyncMemorySessionManager, _: Distribution
) -> int:
    """Wait with ``since=`` the event and the default policy."""
    event = await store(manager)
    await manager.extraction_poller(PREFIX, since=event, timeout=TIMEOUT_S)
    return 0


async def ours_with(
    service: ExtractionService, manager: AsyncMemorySessionManager, _: Distribution
) -> int:
    """Wait with a baseline and the default policy."""
    session = await manager.create_memory_session("user1", "chat1", verify=False)
    async with session.extraction_poller(PREFIX, timeout=TIMEOUT_S) as poller:
        baseline = len(service.requests)
        await store(manager)
        await poller
    return baseline


async def ours_expected(
    _service: ExtractionService, manager: AsyncMemorySessionManager, given: Distribution
) -> int:
    """Wait with ``since=`` the event and the expected time."""
    event = await store(manager)
    policy = PollPolicy(expected=given.expected)
    await manager.extraction_poller(PREFIX, since=event, timeout=TIMEOUT_S, polling=policy)
    return 0


CONTESTANTS: dict[str, Wait] = {
    "time.sleep(10), once": fixed_sleep,
    "official helper, 15 s": official_helper,
    "fixed interval, 5 s": fixed_interval,
    "ours, since the event": ours_since,
    "ours, with a baseline": ours_with,
    "ours, expected time given": ours_expected,
}


async def one_wait(wait: Wait, given: Distribution, seed: int) -> Outcome:
    """Run one wait on its own service."""
    source = Random(seed)
    service = ExtractionService(random=source)
    visible_s = given.draw(source)
    stored_at = 0.0

    def extract(*_: object) -> None:
        nonlocal stored_at
        stored_at = anyio.current_time()
        service.extract(PREFIX, visible_s)

    service.on_event = extract
    async with AsyncMemorySessionManager(MEMORY, transport=service, clock=wall_clock) as manager:
        manager._core.polls.random = source
        try:
            baseline = await wait(service, manager, given)
        except MissedError:
            baseline, noticed_s = 0, None
        else:
            noticed_s = anyio.current_time() - stored_at
    requests = len(service.requests) - service.count("CreateEvent") - baseline
    return Outcome(visible_s, noticed_s, requests, baseline)


def run(wait: Wait, given: Distribution, waits: int) -> list[Outcome]:
    """Run *waits* waits, one after the other, in virtual time."""

    async def all_waits() -> list[Outcome]:
        return [await one_wait(wait, given, seed) for seed in range(waits)]

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(all_waits())


@frozen
class Figures:
    """Figures of many waits, in seconds and in requests per wait."""

    missed: float
    median_s: float
    p95_s: float
    extraction_s: float
    requests: float
    baseline: float

    @classmethod
    def of(cls, outcomes: list[Outcome]) -> Figures:
        """Return the figures of *outcomes*."""
        delays = sorted(each.noticed_s - each.visible_s for each in outcomes if each.noticed_s)
        return cls(
            missed=1 - len(delays) / len(outcomes),
            median_s=statistics.median(delays) if delays else math.nan,
            p95_s=delays[math.ceil(0.95 * len(delays)) - 1] if delays else math.nan,
            extraction_s=statistics.median(each.visible_s for each in outcomes),
            requests=statistics.fmean(each.requests for each in outcomes),
            baseline=statistics.fmean(each.baseline for each in outcomes),
        )


def main() -> None:
    """Print a table for each distribution."""
    waits = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"agentcore-memory-async {__version__}, Python {platform.python_version()}, ", end="")
    print(f"{waits} waits each, virtual time")
    for given in DISTRIBUTIONS:
        median_s = Figures.of(run(fixed_interval, given, waits)).extraction_s
        print(f"\n### {given.name} (median {median_s:.1f} s)\n")
        print("| | missed | median delay | p95 delay | requests | for the baseline |")
        print("|---|---|---|---|---|---|")
        for name, wait in CONTESTANTS.items():
            found = Figures.of(run(wait, given, waits))
            print(
                f"| {name} | {found.missed:.0%} | {found.median_s:.2f} s | {found.p95_s:.1f} s "
                f"| {found.requests:.2f} | {found.baseline:.0f} |"
            )


if __name__ == "__main__":
    main()
