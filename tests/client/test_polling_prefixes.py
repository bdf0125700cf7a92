"""A wait over several prefixes: what is there when one of them has enough is never missed."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import PollPolicy
from tests._virtual_time import VirtualTimeLoop, virtual_time
from tests.client.doubles import said
from tests.client.extraction_service import ExtractionService, manager_on, session_of, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async import AsyncMemorySession, MemoryRecord

NAMES = ("facts", "preferences", "summaries", "episodes", "notes")
SEEDS = 1000
PARTS = 5


class World:
    """A service that extracts records under two to five prefixes at the same time."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.service = ExtractionService(
            random=Random(seed + 1),
            filters=random.choice(["accepts", "refuses", "ignores", "hides"]),
            takes_s=random.choice([(0.001, 0.002), (0.02, 0.08), (0.1, 1.0)]),
        )
        self.prefixes = [f"/{name}/a/" for name in NAMES[: random.randint(2, 5)]]
        self.after_s = random.choice([random.uniform(0.3, 12), random.uniform(12, 170)])
        self.service.on_event = self._extract

    def _extract(self, params: Mapping[str, Any], event_id: str) -> None:
        for prefix in self.prefixes:
            for number in range(self.random.randint(1, 2)):
                self.service.extract(prefix, self.after_s, text=f"{prefix} {number}")

    @property
    def expected(self) -> list[str]:
        """Texts of all records, sorted."""
        return sorted(record.text for record in self.service.records)

    async def wait(self, session: AsyncMemorySession) -> list[MemoryRecord]:
        """Wait for the records in one of the ways."""
        policy = self.random.choice(
            [None, PollPolicy(expected=self.after_s), PollPolicy(jitter=1.0), PollPolicy(jitter=0)]
        )
        if self.random.random() < 0.5:
            async with session.extraction_poller(self.prefixes, polling=policy) as poller:
                await session.add_turns([said("x")])
                return [record async for record in poller]
        event = await session.add_turns([said("x")])
        return await session.extraction_poller(self.prefixes, since=event, polling=policy)


async def live(seed: int) -> tuple[list[str], list[str]]:
    """Return the texts that one wait gave, and those of all records."""
    world = World(seed)
    async with manager_on(world.service) as manager:
        manager._core.polls.random = Random(seed + 2)
        found = await world.wait(await session_of(manager))
    return sorted(texts(found)), world.expected


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_there_under_other_prefixes_is_given_too(part: int) -> None:
    """A wait that one prefix ends has the records of all prefixes, in each of 1,000 seeds."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        missed = [
            (seed, found, expected)
            for seed in range(part, SEEDS, PARTS)
            for found, expected in [runner.run(live(seed))]
            if found != expected
        ]
    assert missed == []


@pytest.mark.parametrize("shared", [1, 20])
@virtual_time
async def test_the_prefixes_of_a_wait_are_polled_together(shared: int) -> None:
    """All prefixes are polled at the same times, however many waits share the polls."""
    service = ExtractionService(takes_s=(0.0, 0.0))
    prefixes = [f"/{name}/a/" for name in NAMES]
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])

        async def wait() -> None:
            poller = session.extraction_poller(prefixes, since=event, on_timeout="return")
            assert await poller == []

        async with anyio.create_task_group() as tasks:
            for _ in range(shared):
                tasks.start_soon(wait)
    times: dict[str, list[float]] = {prefix: [] for prefix in prefixes}
    for at, operation, params in service.requests:
        if operation == "ListMemoryRecords":
            times[params["namespacePath"]].append(round(at, 3))
    assert [times[prefix] for prefix in prefixes] == [times[prefixes[0]]] * len(prefixes)


@virtual_time
async def test_a_prefix_is_polled_once_more_and_only_once() -> None:
    """Each other prefix costs one request once there is enough, also where records go on coming."""
    service = ExtractionService(takes_s=(0.01, 0.01))
    prefixes = [f"/{name}/a/" for name in NAMES]
    async with manager_on(service) as manager:
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        service.extract(prefixes[0], 3.0)
        for number in range(1000):
            service.extract(prefixes[number % 5], 6.0 + number / 10)
        await session.extraction_poller(prefixes, since=event)
        assert anyio.current_time() < 7.5
    assert service.count("ListMemoryRecords") == 5 + 4


@virtual_time
async def test_enough_is_given_though_another_prefix_cannot_be_polled() -> None:
    """What is enough is given at the deadline, if another prefix could not be polled since."""
    service = ExtractionService()
    prefixes = ["/facts/a/", "/preferences/a/"]
    answer = service.__call__

    async def busy(operation: str, params: Mapping[str, Any]) -> Any:
        if params.get("namespacePath") == "/preferences/a/":
            await anyio.sleep_forever()
        return await answer(operation, params)

    async with manager_on(service) as manager:
        manager._core.retrier._transport = busy
        session = await session_of(manager)
        event = await session.add_turns([said("x")])
        service.extract("/facts/a/", 3.0, text="one")
        found = await session.extraction_poller(prefixes, since=event, timeout=60)
        assert texts(found) == ["one"]
        assert 59 <= anyio.current_time() <= 61
