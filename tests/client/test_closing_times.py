"""How long closing waits for what does not end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import anyio
import pytest

from agentcore_memory_async import (
    AgentCoreMemoryError,
    ClosedError,
    OutcomeUnknownError,
    RetryPolicy,
    ServiceLimits,
    TransportError,
)
from agentcore_memory_async._operations.chunks import iterate
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on, said

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agentcore_memory_async import AsyncMemorySession
    from agentcore_memory_async._transport.base import Answer


class NeverClosed:
    """Chunks, a connection and a turn whose end does not come."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        return "chunk"

    async def aclose(self) -> None:
        """Wait forever."""
        await anyio.sleep_forever()

    def end(self) -> None:
        """Do nothing."""


async def duration_of(close: Callable[[], Awaitable[object]]) -> float:
    """Return how long *close* takes, in seconds."""
    began = anyio.current_time()
    await close()
    return anyio.current_time() - began


@virtual_time
async def test_chunks_have_five_seconds_to_close() -> None:
    """Then the turn goes on without them."""
    chunks = iterate("chunks", NeverClosed())
    await anext(chunks)

    assert 5.0 == await duration_of(chunks.aclose)


@virtual_time
async def test_connections_have_five_seconds_to_close() -> None:
    """Then they are left to the garbage collector; closing again does nothing."""
    transport = BotocoreTransport()
    connection: Any = NeverClosed()
    with transport._lifecycle.opening():
        transport._connection = connection

    assert [5.0, 0.0] == [await duration_of(transport.aclose) for _ in range(2)]


@virtual_time
async def test_tasks_of_what_was_not_left_have_a_second_to_end() -> None:
    """Closing the manager waits for them no longer."""
    manager = await manager_on(FakeTransport()).open()
    opened = NeverClosed()
    task = asyncio.get_running_loop().create_task(opened.aclose())
    manager._core.outbox.add(opened, task)

    assert 1.0 == await duration_of(manager.aclose)
    task.cancel()


class Failing(FakeTransport):
    """Fail each request in the same way, or lose it when *lost* is set."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.lost = anyio.Event()

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Note the request, and raise."""
        await super().__call__(operation, params)
        if self.error is None:
            await self.lost.wait()
            raise TransportError(operation, "lost")
        raise self.error


FAULTS: dict[str, tuple[Exception, bool]] = {
    "throttled": (service_error("X", "ThrottledException", "m", 429, retry_after_s=100), False),
    "failing": (service_error("X", "ServiceException", "m", 500, retry_after_s=100), True),
}
"""How each request fails, after which the next comes late; whether it may have run."""
CALLS: dict[str, Callable[[AsyncMemorySession], Awaitable[object]]] = {
    "read": lambda session: session.list_events(),
    "write": lambda session: session.add_turns([said("hi")]),
    "change": lambda session: session.delete_event("0000001767225600000#00000000"),
}
"""One call of each kind that is tried again."""
PATIENT = RetryPolicy(write_deadline=600, read_deadline=600, attempt_timeout=600)
"""A policy under which calls go on for longer than closing waits."""
Ended = list[tuple[float, type[Exception] | None]]
"""When each call ended, and with which error."""


async def end_of(call: Awaitable[object], ended: Ended) -> None:
    """Note when and how *call* ends."""
    error: type[Exception] | None = None
    try:
        await call
    except (AgentCoreMemoryError, ClosedError) as raised:
        error = type(raised)
    ended.append((anyio.current_time(), error))


async def closed_while(
    transport: Failing, kind: str, count: int, *, cancelled: bool = False, **options: Any
) -> Ended:
    """Return how *count* calls of a *kind* end that are under way when their manager closes."""
    ended: Ended = []
    manager = await manager_on(transport, retry=PATIENT, close_timeout=3, **options).open()
    session = await manager.create_memory_session("a", "s", verify=False)
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(end_of, CALLS[kind](session), ended)
        await anyio.sleep(2)
        closing = asyncio.get_running_loop().create_task(manager.aclose())
        await anyio.sleep(1)
        if cancelled:
            closing.cancel()
        else:
            await closing
        transport.lost.set()
    return ended


@pytest.mark.parametrize("cancelled", [False, True], ids=["closed", "close cancelled"])
@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", CALLS)
@virtual_time
async def test_calls_between_two_attempts_hear_of_the_end_of_closing(
    kind: str, fault: str, count: int, cancelled: bool
) -> None:
    """They and what waits behind them end with it, and what may have run says so."""
    error, may_have_run = FAULTS[fault]
    transport = Failing(error)
    ended = await closed_while(transport, kind, count, cancelled=cancelled)
    sent = len(transport.requests)

    assert [3.0 if cancelled else 5.0] * count == [at for at, _ in ended]
    in_doubt = sent if may_have_run and kind != "read" else 0
    expected = [OutcomeUnknownError] * in_doubt + [ClosedError] * (count - in_doubt)
    assert sorted(expected, key=str) == sorted((kind for _, kind in ended), key=str)


@pytest.mark.parametrize("kind", CALLS)
@virtual_time
async def test_calls_that_wait_for_another_hear_of_the_end_of_closing(kind: str) -> None:
    """Those behind a request that hangs end with closing; it and its queue once it is lost."""
    transport = Failing()
    ended = await closed_while(transport, kind, 3, max_concurrency=1)

    assert [5.0] * 3 == [at for at, _ in ended]
    assert 1 == len(transport.requests)
    lost = ClosedError if kind == "read" else OutcomeUnknownError
    assert sorted([lost, ClosedError, ClosedError], key=str) == sorted(
        (error for _, error in ended), key=str
    )


@virtual_time
async def test_writes_that_wait_for_their_pace_hear_of_the_end_of_closing() -> None:
    """What would be sent later is not sent."""
    transport = FakeTransport()
    ended: Ended = []
    limits = ServiceLimits(events_per_second=0.01)
    manager = await manager_on(transport, retry=PATIENT, close_timeout=3, limits=limits).open()
    session = await manager.create_memory_session("a", "s", verify=False)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(end_of, session.add_turns([said("hi")]), ended)
        await anyio.sleep(2)
        await manager.aclose()

    assert [(0.0, None), (5.0, ClosedError), (5.0, ClosedError)] == ended
    assert 1 == len(transport.sent("CreateEvent"))


@virtual_time
async def test_a_wait_between_two_scans_of_forgetting_ends_with_closing() -> None:
    """It does not go on until the next scan, minutes after the manager is closed."""
    ended: Ended = []
    manager = await manager_on(FakeTransport()).open()
    forgetting = manager.forget_actor("a", namespaces=["/facts/{actorId}/"], settle=900)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(end_of, forgetting, ended)
        await anyio.sleep(2)
        await manager.aclose()

    assert [(2.0, ClosedError)] == ended


@virtual_time
async def test_requests_that_wait_for_the_pace_of_others_end_with_closing() -> None:
    """Neither one that waits for its turn nor those behind it go on."""
    ended: Ended = []
    limits = ServiceLimits(events_per_second=0.01)
    transport = FakeTransport()
    manager = await manager_on(transport, limits=limits).open()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            call = manager.batch_delete_memory_records([f"mem-{'0' * 36}"])
            tasks.start_soon(end_of, call, ended)
        await anyio.sleep(2)
        await manager.aclose()

    assert [(0.0, None), (2.0, ClosedError), (2.0, ClosedError)] == ended
    assert 1 == len(transport.sent("BatchDeleteMemoryRecords"))
