"""Deadlines hold for everything that can take long (P6); ``tests/faults`` has real sockets."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiobotocore.credentials import AioRefreshableCredentials
from aiobotocore.session import AioSession

from agentcore_memory_async import (
    AgentCoreMemoryError,
    ConversationalMessage,
    MessageRole,
    OutcomeUnknownError,
    RetryPolicy,
    ThrottledError,
    TransportTimeoutError,
)
from tests._virtual_time import virtual_time
from tests.simulation.memory_service import Bucket, MemoryService
from tests.simulation.scenario import opened

if TYPE_CHECKING:
    from collections.abc import Callable

HI = [ConversationalMessage("hi", MessageRole.USER)]


def silent(service: MemoryService) -> None:
    """Let no request be answered."""
    service.down = "silent"


def slow(service: MemoryService) -> None:
    """Let each way take up to half a minute."""
    service.latency_s = (0.1, 30.0)


def refused(service: MemoryService) -> None:
    """Refuse all connections."""
    service.down = "refused"


def throttled(service: MemoryService) -> None:
    """Throttle nearly all requests, with a long ``retry-after``."""
    service.buckets["CreateEvent"] = Bucket(0.5, 1)
    service.buckets["ListEvents"] = Bucket(0.5, 1)
    service.retry_after = "7"


def faulty(service: MemoryService) -> None:
    """Inject faults of all kinds."""
    service.fault_share = 0.8


@pytest.mark.parametrize("trouble", [silent, slow, refused, throttled, faulty])
@virtual_time
async def test_no_call_takes_longer_than_its_deadline(
    trouble: Callable[[MemoryService], None],
) -> None:
    """None of 1,000 calls through 4 connections takes longer than its own deadline."""
    service = MemoryService(5)
    trouble(service)
    source = random.Random(5)
    overruns: list[float] = []
    async with opened(service, max_concurrency=4) as manager:

        async def work(number: int) -> None:
            session = await manager.create_memory_session("a", f"s{number % 20}", verify=False)
            for _ in range(10):
                deadline_s = source.uniform(0.01, 12)
                policy = RetryPolicy(write_deadline=deadline_s, read_deadline=deadline_s)
                began = anyio.current_time()
                try:
                    if source.random() < 0.5:
                        await session.with_options(retry=policy).add_turns(HI)
                    else:
                        await session.with_options(retry=policy).get_last_k_turns(1)
                except AgentCoreMemoryError:
                    pass
                overruns.append(anyio.current_time() - began - deadline_s)

        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(work, number)
    assert 1000 == len(overruns)
    assert max(overruns) < 0.001


@virtual_time
async def test_a_slow_credential_refresh_keeps_the_deadline() -> None:
    """A call whose credential refresh hangs fails at its deadline, unsent."""

    async def refresh() -> dict[str, str]:
        await asyncio.sleep(3600)
        raise AssertionError

    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    class Provider:
        async def load_credentials(self) -> Any:
            return AioRefreshableCredentials(
                "KEY", "s", "t", now + dt.timedelta(hours=1), refresh, "t", time_fetcher=lambda: now
            )

    session = AioSession()
    session.register_component("credential_provider", Provider())
    service = MemoryService()
    async with opened(service, aws_session=session) as manager:
        memory = await manager.create_memory_session("a", "s", verify=False)
        await memory.add_turns(HI)
        now += dt.timedelta(hours=2)
        began = anyio.current_time()
        with pytest.raises((OutcomeUnknownError, TransportTimeoutError)):
            await memory.with_options(retry=RetryPolicy(write_deadline=3)).add_turns(HI)
        assert 3 == pytest.approx(anyio.current_time() - began)
        assert 1 == service.asked["CreateEvent"]


@virtual_time
async def test_a_wait_in_vain_is_not_waited() -> None:
    """A ``retry-after`` beyond the deadline raises the error at once."""
    service = MemoryService()
    service.script = ["429"]
    service.retry_after = "60"
    async with opened(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        began = anyio.current_time()
        with pytest.raises(ThrottledError) as caught:
            await session.add_turns(HI)
        assert anyio.current_time() - began < 1
        assert 60 == caught.value.retry_after_s


ABSURD = (
    "-1",
    "nan",
    "inf",
    "1e308",
    "9" * 400,
    "301",
    "86400",
    "31536000",
    "soon",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Sun, 01 Jan 2040 00:00:00 GMT",
    "Mon, 01 Jan 99999 00:00:00 GMT",
)
"""Waits that no service means."""


@pytest.mark.parametrize("asked", ABSURD)
@virtual_time
async def test_an_absurd_retry_after_ends_no_call(asked: str) -> None:
    """The call waits as if the service had named no time, and succeeds."""
    service = MemoryService()
    service.script = ["429"]
    service.retry_after = asked
    async with opened(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        began = anyio.current_time()
        await session.add_turns(HI)
        assert anyio.current_time() - began < 2
    assert 2 == service.asked["CreateEvent"]


@virtual_time
async def test_retry_after_is_kept_to() -> None:
    """The next attempt is made after the service's ``retry-after``, not before."""
    service = MemoryService()
    service.record_all = True
    service.script = ["429"]
    service.retry_after = "7"
    async with opened(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns(HI)
    (first, _), (second, _) = service.starts
    assert 7 <= second - first <= 9


@virtual_time
async def test_closing_waits_for_calls_that_wait_for_their_turn() -> None:
    """Closing waits for all calls that were made before."""
    service = MemoryService()
    stored: list[str] = []
    async with opened(service) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)

        async def write() -> None:
            stored.append((await session.add_turns(HI)).event_id)

        async with anyio.create_task_group() as tasks:
            for _ in range(12):
                tasks.start_soon(write)
            await anyio.sleep(0.01)
            await manager.aclose()
            assert 12 == len(stored)


@virtual_time
async def test_closing_is_bounded() -> None:
    """Closing cuts off calls after its bound; each error tells whether it may have been stored."""
    service = MemoryService()
    service.latency_s = (20.0, 20.0)
    raised: list[BaseException] = []
    async with opened(service, max_concurrency=1) as manager:
        sessions = [
            await manager.create_memory_session("a", f"s{number}", verify=False)
            for number in range(3)
        ]

        async def write(number: int) -> None:
            try:
                await sessions[number].add_turns(HI)
            except (AgentCoreMemoryError, RuntimeError) as error:
                raised.append(error)

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(write, number)
            await anyio.sleep(0.01)
            began = anyio.current_time()
            await manager.aclose()
            assert anyio.current_time() - began <= 10.1
    kinds = sorted(type(error).__name__ for error in raised)
    assert ["ClosedError", "ClosedError", "OutcomeUnknownError"] == kinds
    assert 1 == service.asked["CreateEvent"]
