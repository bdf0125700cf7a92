"""Behavior that only real sockets show, with timeouts short enough for tests."""

from __future__ import annotations

import asyncio
from pathlib import Path

import anyio
import pytest
from aiobotocore.session import AioSession

from agentcore_memory_async import (
    AgentCoreMemoryError,
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    OutcomeUnknownError,
    RetryPolicy,
    ServiceLimits,
    TransportTimeoutError,
)
from tests.faults.conversations import own, proxied, send_and_compare
from tests.faults.proxy import FAULTS, HARMLESS

QUICK = RetryPolicy(attempt_timeout=0.3, backoff=0.001, throttled_backoff=0.001, max_backoff=0.01)
OPEN = ServiceLimits(events_per_second=None, other_events_per_second=None)
HI = [ConversationalMessage("hi", MessageRole.USER)]


def open_files() -> int:
    """Return the number of open files of this process; 0 on systems without ``/proc``."""
    listing = Path("/proc/self/fd")
    return len(list(listing.iterdir())) if listing.exists() else 0


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_is_survived(fault: str) -> None:
    """A write that meets a fault twice is stored once, and the next connection works."""
    async with proxied(retry=QUICK, limits=OPEN) as (proxy, manager):
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns(HI)
        proxy.script = [fault, "", fault]
        event = await session.add_turns(HI)
        texts = [turn.text for turn in await session.get_last_k_turns(10)]
        assert ["hi", "hi"] == texts
        assert event.event_id == (await session.list_events())[0].event_id
        expected = 1 if fault in HARMLESS else 2
        assert expected <= proxy.met[fault] <= 2


@pytest.mark.parametrize("fault", ["black hole before", "black hole after", "drip"])
async def test_deadlines_hold_over_what_is_slow(fault: str) -> None:
    """A call into a black hole or a dripping body ends at its deadline with unknown outcome."""
    async with proxied(retry=QUICK, limits=OPEN) as (proxy, manager):
        session = await manager.create_memory_session("a", "s", verify=False)
        proxy.script = [fault] * 100
        policy = RetryPolicy(write_deadline=0.2)
        with anyio.fail_after(5), pytest.raises(OutcomeUnknownError) as caught:
            await session.with_options(retry=policy).add_turns(HI)
        proxy.script = []
        stored = await session.resolve(caught.value)
        assert [stored.event_id] == [event.event_id for event in await session.list_events()]


async def test_the_wait_for_a_connection_ends_with_the_deadline() -> None:
    """Calls that wait for the only connection end at their deadline without being sent."""
    async with proxied(retry=QUICK, limits=OPEN, max_concurrency=1) as (proxy, manager):
        proxy.script = ["black hole before"]
        raised: list[AgentCoreMemoryError] = []

        async def write(number: int, deadline_s: float) -> None:
            session = await manager.create_memory_session("a", f"s{number}", verify=False)
            policy = RetryPolicy(write_deadline=deadline_s)
            try:
                await session.with_options(retry=policy).add_turns(HI)
            except AgentCoreMemoryError as error:
                raised.append(error)

        with anyio.fail_after(15):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write, 0, 600)
                while not proxy.requests:
                    await anyio.sleep(0.001)
                async with anyio.create_task_group() as others:
                    for number in range(1, 5):
                        others.start_soon(write, number, 0.05)
                tasks.cancel_scope.cancel()
        unsent = [
            error for error in raised if isinstance(error, TransportTimeoutError) and not error.sent
        ]
        assert (4, 4, 1) == (len(unsent), len(raised), proxy.requests)


async def test_a_name_that_is_not_resolved_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose name resolution hangs ends at its deadline."""

    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang)
    session = AioSession()
    session.set_credentials("AKIDFAULTS", "secret")
    async with AsyncMemorySessionManager(
        "faults-a1B2c3D4e5", "us-west-2", aws_session=session, endpoint_url="http://memory.invalid"
    ) as manager:
        memory = await manager.create_memory_session("a", "s", verify=False)
        with anyio.fail_after(5), pytest.raises((OutcomeUnknownError, TransportTimeoutError)):
            await memory.with_options(retry=RetryPolicy(write_deadline=0.1)).add_turns(HI)


async def test_conversations_come_back_whole_and_in_order() -> None:
    """Concurrent conversations survive every kind of fault, and no connection stays open."""
    conversations = own()
    before = open_files()
    async with proxied(3, retry=QUICK, limits=OPEN, max_concurrency=8) as (proxy, manager):
        proxy.share = 0.3
        proxy.drip_s = 0.01
        wrong, _ = await send_and_compare(manager, conversations, together=6)
        assert [] == wrong
        assert len(proxy.met) > 10
        await manager.aclose()
        with anyio.fail_after(5):
            while proxy.open:
                await asyncio.sleep(0.001)
    assert open_files() <= before + 1  # a resolver thread may hold one


async def test_cancelled_calls_leave_no_connection_taken() -> None:
    """The only connection is free again after calls were cancelled at various moments."""
    async with proxied(retry=QUICK, limits=OPEN, max_concurrency=1) as (proxy, manager):
        session = await manager.create_memory_session("a", "s", verify=False)
        for number in range(30):
            proxy.script = [["black hole before", "drip", "", "black hole after"][number % 4]]
            with anyio.move_on_after(0.001 * (number % 10)):
                await session.add_turns(HI)
        proxy.script = []
        with anyio.fail_after(5):
            await session.add_turns(HI)
            while proxy.open > 1:
                await asyncio.sleep(0.001)
