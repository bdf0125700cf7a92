"""
The extraction poller under faults, seed by seed: no record missed, returned twice or too early.

``python -m tests.client.test_polling_seeds 100`` runs a hundred, and prints the one that fails.
"""

from __future__ import annotations

import asyncio
import sys
from random import Random
from typing import TYPE_CHECKING, Any, Literal, cast

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    Event,
    ExtractionFailedError,
    MemoryRecord,
    OutcomeUnknownError,
    PollPolicy,
    RetryPolicy,
    ThrottledError,
    TransportError,
)
from tests._virtual_time import VirtualTimeLoop, wall_clock
from tests.client.doubles import MEMORY, said
from tests.client.extraction_service import FOREVER, ExtractedRecord, ExtractionService

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIXES = ["/facts/{actorId}/", "/preferences/{actorId}/", "/summaries/{actorId}/{sessionId}/"]
MARGIN_S = 4.0


class World:
    """A service, three actors with two sessions each, and what is extracted from each event."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.service = ExtractionService(
            random=Random(seed + 1),
            skew_s=random.choice([-300.0, 0.0, 300.0]),
            filters=cast(
                "Literal['accepts']",
                random.choice(["accepts", "accepts", "refuses", "ignores", "hides"]),
            ),
            page_size=random.choice([3, 10, 100]),
            takes_s=random.choice([(0.01, 0.05), (0.1, 1.0)]),
            throttles=random.choice([0.0, 0.1, 0.3]),
            loses=random.choice([0.0, 0.1, 0.3]),
        )
        self.service.on_event = self._extract
        self.lag_s = random.choice([0.0, 5.0, 90.0])
        self.extracted: dict[str, list[ExtractedRecord]] = {}
        self.failing = random.random() < 0.3
        self.waits = 0

    def start(self) -> None:
        """Fill the memory with old records."""
        for actor in range(3):
            # With pages of three, a long list changes before it has been read.
            most = 130 if self.service.page_size > 3 else 12
            for number in range(self.random.choice([0, 4, most])):
                self.service.extract(f"/facts/a{actor}/", -2000.0 + number, text="old")

    def _extract(self, params: Mapping[str, Any], event_id: str) -> None:
        """Extract one to four records from an event; consolidation may replace an old one."""
        text = params["payload"][0]["conversational"]["content"]["text"]
        actor, session = params["actorId"], params["sessionId"]
        if text.startswith("fails"):
            self.service.fail(event_id, self.random.uniform(2, 40), (actor, session))
            return
        namespaces = [f"/facts/{actor}/"] * self.random.randint(1, 2)
        namespaces += self.random.choice(
            [[], [f"/preferences/{actor}/", f"/summaries/{actor}/{session}/"]]
        )
        self.extracted[text] = [
            self.service.extract(
                namespace,
                self.random.choice([self.random.uniform(3, 12), self.random.uniform(20, 150)]),
                lag_s=self.random.uniform(0, self.lag_s),
                text=text,
            )
            for namespace in namespaces
        ]
        old = [record for record in self.service.records if record.text == "old"]
        if old and self.random.random() < 0.5:
            replaced = self.random.choice(old)
            if replaced.gone_at == FOREVER and replaced.namespace == f"/facts/{actor}/":
                replaced.gone_at = self.extracted[text][0].seen_from + 0.1


async def store(session: AsyncMemorySession, text: str) -> Event:
    """Store a message, however many answers are lost."""
    try:
        return await session.add_turns([said(text)], client_token=text)
    except OutcomeUnknownError as error:
        return await session.resolve(error)


async def converse(world: World, manager: AsyncMemorySessionManager, actor: int, name: str) -> None:
    """Store messages and wait for their records in one of the ways, and check each outcome."""
    random = world.random
    session = await manager.create_memory_session(f"a{actor}", name, verify=False)
    for number in range(3):
        await anyio.sleep(random.uniform(0, 30))
        text = f"{'fails' if world.failing and number == 1 else 'says'} {actor} {name} {number}"

        def complete(records: list[MemoryRecord], text: str = text) -> bool:
            own = [record for record in records if record.content == text]
            return len(own) == len(world.extracted.get(text, "?"))

        options: dict[str, Any] = {
            "until": complete,
            "timeout": 1200,  # half of the requests may fail, and a list has up to 14 pages
            "polling": random.choice([None, PollPolicy(expected=30), PollPolicy(job_interval=20)]),
        }
        began = anyio.current_time()
        visible = {r.record_id for r in world.service.records if r.seen_from <= began < r.gone_at}
        try:
            if random.random() < 0.5:
                async with session.extraction_poller(PREFIXES, **options) as poller:
                    await store(session, text)
                    got = [record async for record in poller]
            else:
                event = await store(session, text)
                poller = session.extraction_poller(PREFIXES, since=event, **options)
                got = [record async for record in poller]
        except ExtractionFailedError as error:
            jobs = [(text.startswith("fails"), job.session_id) for job in error.jobs]
            check_jobs(name, jobs)
            continue
        except (ThrottledError, TransportError):
            continue  # the baseline could not be taken, so no wait began
        check(world, text, got, began, visible)
        assert complete(await poller)
        assert {record.memory_record_id for record in await poller} <= {
            record.memory_record_id for record in got
        }


def check_jobs(name: str, jobs: list[tuple[bool, str]]) -> None:
    """Check that only a wait of this session for an event that fails got a failure."""
    assert set(jobs) == {(True, name)}


def check(
    world: World, text: str, got: list[MemoryRecord], began: float, visible: set[str]
) -> None:
    """Check that each new record was returned once and not too early, and that no old one was."""
    world.waits += 1
    assert not text.startswith("fails")
    ids = [record.memory_record_id for record in got]
    assert len(ids) == len(set(ids)), "given twice"
    expected = world.extracted[text]
    assert {record.record_id for record in expected} <= set(ids), "missed"
    assert max(record.seen_from for record in expected) <= anyio.current_time(), "too early"
    # Since an event, records of the clock's margin may be older; since a baseline, none.
    written = {record.record_id: record.written_at for record in world.service.records}
    early = [identity for identity in visible & set(ids) if written[identity] < began - MARGIN_S]
    assert not early, "was there before"
    assert min(written[identity] for identity in ids) > began - MARGIN_S, "was written before"


async def live(world: World) -> None:
    """Run all conversations concurrently, then check that nothing is left."""
    world.start()
    policy = RetryPolicy(write_deadline=120)
    async with AsyncMemorySessionManager(
        MEMORY, transport=world.service, clock=wall_clock, retry=policy
    ) as manager:
        manager._core.polls.random = manager._core.retrier._random = Random(world.random.random())
        async with anyio.create_task_group() as tasks:
            for actor in range(3):
                for name in ("s1", "s2"):
                    tasks.start_soon(converse, world, manager, actor, name)
        assert (len(manager._core.polls), world.service.under_way) == (0, 0)
        assert {asyncio.current_task()} == asyncio.all_tasks()


def run(seed: int) -> World:
    """Run one seed."""
    world = World(seed)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(live(world))
    return world


@pytest.mark.parametrize("seed", range(12))
def test_no_record_is_missed_returned_twice_or_too_early(seed: int) -> None:
    """
    Every record is returned once and in time under throttling, lag, lost answers
    and clock skew.
    """
    assert run(seed).waits > 0


if __name__ == "__main__":
    total = 0
    for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 100):
        try:
            total += run(seed).waits
        except BaseException:
            print(f"seed {seed} fails")
            raise
    print(f"{total} waits, none missed, given twice or too early")
