"""The memory that a manager takes: idle sessions are small, and calls leave little behind."""

from __future__ import annotations

import gc
import logging
import tracemalloc
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    ServiceLimits,
)
from agentcore_memory_async._transport.base import Answer
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping

IDLE_BYTES = 15 * 2**20 / 10_000
"""Bytes of an idle session, with its ids."""
CALL_BYTES = 2**20 / 20_000
"""Bytes that a call may leave behind."""
REMEMBERED = 1100
"""More than the events that are remembered as acknowledged, and the dates of requests."""
CALLS = 2000
"""Calls that are measured, so many that a table that grows once more does not matter."""
SAID = [ConversationalMessage("I only fly window seats", MessageRole.USER)]


async def answer(operation: str, params: Mapping[str, Any]) -> Answer:
    """Answer a request, and keep nothing of it."""
    await anyio.sleep(0.01)
    if operation == "CreateEvent":
        event = {**params, "eventId": "1#a", "branch": {"name": "main"}}
        return Answer({"event": event}, status=201)
    return Answer({"events": []})


@pytest.fixture(autouse=True)
def traced(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Trace memory during a test, less the log of each call, which pytest keeps."""
    caplog.set_level(logging.INFO, "agentcore_memory_async.calls")
    tracemalloc.start()
    yield
    tracemalloc.stop()


def traced_bytes() -> int:
    """Return the bytes that objects take now."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def nothing(_: AsyncMemorySession) -> None:
    """Send nothing."""


async def read(session: AsyncMemorySession) -> None:
    """Read a session."""
    assert [] == await session.get_last_k_turns(1)


async def write(session: AsyncMemorySession) -> None:
    """Write to a session."""
    await session.add_turns(SAID)


@pytest.mark.parametrize("used", [nothing, read, write])
@virtual_time
async def test_an_idle_session_is_small(
    used: Callable[[AsyncMemorySession], Awaitable[None]],
) -> None:
    """A session that is kept takes 1.5 KiB, whether it was used before or not."""
    async with AsyncMemorySessionManager(MEMORY, transport=answer) as manager:
        kept: list[AsyncMemorySession] = []

        async def keep(number: int) -> None:
            session = await manager.create_memory_session(f"a-{number:032}", str(uuid4()))
            await used(session)
            kept.append(session)

        for number in range(REMEMBERED):
            await keep(number)
        before = traced_bytes()
        for number in range(REMEMBERED, 2 * REMEMBERED):
            await keep(number)
        assert (traced_bytes() - before) / REMEMBERED < IDLE_BYTES


@pytest.mark.parametrize("used", [read, write])
@virtual_time
async def test_calls_leave_little_behind(
    used: Callable[[AsyncMemorySession], Awaitable[None]],
) -> None:
    """A call leaves at most 52 bytes, once all is full that remembers a bounded number."""
    limits = ServiceLimits(events_per_second=1e6, other_events_per_second=1e6)
    async with AsyncMemorySessionManager(MEMORY, transport=answer, limits=limits) as manager:

        async def call(number: int) -> None:
            await used(await manager.create_memory_session("a", f"s{number % 100}"))

        for number in range(REMEMBERED):
            await call(number)
        before = traced_bytes()
        for number in range(CALLS):
            await call(number)
        assert (traced_bytes() - before) / CALLS < CALL_BYTES
