"""Every public coroutine, cut at every point where it is suspended, leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    ConversationalMessage,
    JsonPayload,
    MessageRole,
    OutcomeUnknownError,
    RetryPolicy,
)
from tests._virtual_time import virtual_time
from tests.simulation.memory_service import MemoryService
from tests.simulation.scenario import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Generator

    from agentcore_memory_async import AsyncMemorySessionManager

MOST = 400


class Cut:
    """Awaits a coroutine and cancels the task at its suspension number *at*."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], at: int) -> None:
        self._coroutine = coroutine
        self._at = at
        self.suspensions = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._coroutine.__await__()
        send: Callable[[], Any] = lambda: steps.send(None)  # noqa: E731
        while True:
            try:
                waiting_for = send()
            except StopIteration as end:
                return end.value
            self.suspensions += 1
            if self.suspensions == self._at:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                yield waiting_for
            except BaseException as error:  # noqa: BLE001 - it is thrown where it belongs
                caught = error
                send = lambda caught=caught: steps.throw(caught)  # type: ignore[misc]  # noqa: E731
            else:
                send = lambda: steps.send(None)  # noqa: E731


def said(text: str) -> ConversationalMessage:
    """Make a message."""
    return ConversationalMessage(text, MessageRole.USER)


async def buffer_block(session: AsyncMemorySession) -> None:
    """Use a buffer, from its entry to its exit."""
    async with session.buffered(max_pending=2, max_messages=2, max_delay=0, close_timeout=1) as to:
        for number in range(3):
            await to.add(said(str(number)))
        await to.flush()


async def iterate(session: AsyncMemorySession) -> None:
    """Go through all events."""
    async for _ in session.iter_events(page_size=2):
        pass


async def iterate_records(session: AsyncMemorySession) -> None:
    """Go through all records."""
    async for _ in session.iter_long_term_memory_records("/facts/{actorId}/"):
        pass


async def poll(session: AsyncMemorySession, service: MemoryService) -> None:
    """Wait for a record that is new."""
    async with session.extraction_poller("/facts/{actorId}/", timeout=30) as poller:
        number = len(service.records)
        service.records.append(
            {
                "memoryRecordId": f"mem-{number:036d}",
                "content": {"text": "fact"},
                "memoryStrategyId": "facts-0123456789",
                "namespaces": ["/facts/actor/"],
                "createdAt": 4_000_000_000 + number,
                "metadata": {},
            }
        )
        await poller


async def resolve(session: AsyncMemorySession) -> None:
    """Settle a write that was lost."""
    policy = RetryPolicy(max_attempts=1)
    try:
        await session.add_turns([said("lost")], retry=policy)
    except OutcomeUnknownError as error:
        await session.resolve(error)


Call = Callable[[AsyncMemorySession, MemoryService], Awaitable[Any]]

CALLS: dict[str, Call] = {
    "add_turns": lambda s, _: s.add_turns([said("hi")]),
    "add_turns with a token": lambda s, _: s.add_turns([said("hi")], client_token="t" * 33),
    "add_turns of json": lambda s, _: s.add_turns([JsonPayload({"n": "x"})]),
    "buffered": lambda s, _: buffer_block(s),
    "create_event": lambda s, _: s.create_event("click", {"n": "x"}),
    "get_last_k_turns": lambda s, _: s.get_last_k_turns(3),
    "iter_events": lambda s, _: iterate(s),
    "iter_long_term_memory_records": lambda s, _: iterate_records(s),
    "list_events": lambda s, _: s.list_events("click"),
    "list_long_term_memory_records": lambda s, _: s.list_long_term_memory_records("/f/"),
    "poller": poll,
    "resolve": lambda s, _: resolve(s),
    "search_long_term_memories": lambda s, _: s.search_long_term_memories("q", "/f/"),
    "verify": lambda s, _: s.verify(),
}


async def suspend(call: Awaitable[Any]) -> None:
    """Make a coroutine of what can be awaited."""
    await call


@asynccontextmanager
async def small() -> AsyncIterator[tuple[MemoryService, AsyncMemorySessionManager]]:
    """Open a manager with a pool of one connection."""
    service = MemoryService()
    async with opened(service, max_concurrency=1) as manager:
        yield service, manager


async def assert_clean(
    service: MemoryService, manager: AsyncMemorySessionManager, session: AsyncMemorySession
) -> None:
    """Nothing is under way or held, and the next calls work at once."""
    assert {asyncio.current_task()} == asyncio.all_tasks()
    assert 0 == service.in_flight
    assert 0 == manager._retrier._running
    assert [0] * len(manager._retrier._gates) == [
        gate._flow.in_flight for gate in manager._retrier._gates.values()
    ]
    assert not session._line.turn.locked()
    with anyio.fail_after(10):
        await session.add_turns([said("after")])
        await session.get_last_k_turns(1)


@pytest.mark.parametrize("crowded", [False, True], ids=["alone", "crowded"])
@pytest.mark.parametrize("name", CALLS)
@virtual_time
async def test_cut_anywhere_nothing_is_left(name: str, crowded: bool) -> None:
    """Also with a lost answer on the way, and while other calls hold the turn and the pool."""
    async with small() as (service, manager):
        session = await manager.create_memory_session("actor", "s", verify=False)
        for at in range(1, MOST):
            service.script = ["reset after", "500 before"]
            service.sessions.clear()
            cut = Cut(suspend(CALLS[name](session, service)), at)
            was_cut = False
            async with asyncio.TaskGroup() as tasks:
                if crowded:
                    tasks.create_task(suspend(session.add_turns([said("before")])))
                    tasks.create_task(suspend(session.get_last_k_turns(2)))
                    await asyncio.sleep(0)

                async def run(cut: Cut = cut) -> None:
                    nonlocal was_cut
                    try:
                        await cut
                    except asyncio.CancelledError:
                        was_cut = True

                tasks.create_task(run())
            service.script = []
            await assert_clean(service, manager, session)
            if cut.suspensions < at:
                break
            # Some go on to their end, such as a buffer's exit, which is shielded for a while.
            assert was_cut or name == "buffered"
        assert 1 < at < MOST - 1
        assert [] == service.violations


@virtual_time
async def test_cut_while_closing() -> None:
    """Closing waits for what is under way, and closes, wherever it is cut."""
    for at in range(1, 20):
        async with small() as (service, manager):
            session = await manager.create_memory_session("actor", "s", verify=False)
            cut = Cut(manager.aclose(), at)
            stored: list[object] = []

            async def write(session: AsyncMemorySession, stored: list[object]) -> None:
                stored.append(await session.add_turns([said("hi")]))

            async def close(cut: Cut) -> None:
                try:
                    await cut
                except asyncio.CancelledError:
                    await asyncio.sleep(0)

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(write(session, stored))
                await asyncio.sleep(0.001)
                tasks.create_task(close(cut))
            assert 1 == len(stored)
            assert 0 == service.in_flight
            assert "closed" in repr(manager)
        if cut.suspensions < at:
            return
    raise AssertionError
