"""Every public coroutine, cancelled at each of its suspensions, leaves nothing behind."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    ConversationalMessage,
    JsonPayload,
    MessageRole,
    OutcomeUnknownError,
    RetryPolicy,
    UnsentError,
)
from tests._virtual_time import virtual_time
from tests.simulation.memory_service import MemoryService
from tests.simulation.scenario import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Generator, Iterator

    from agentcore_memory_async import AsyncMemorySessionManager
    from agentcore_memory_async.buffer import MessageBuffer

MOST = 400


class Cut:
    """Awaits a coroutine and cancels the task at suspension number *at*."""

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
            except BaseException as error:  # noqa: BLE001 - rethrown inside the coroutine
                caught = error
                send = lambda caught=caught: steps.throw(caught)  # type: ignore[misc]  # noqa: E731
            else:
                send = lambda: steps.send(None)  # noqa: E731


def said(text: str) -> ConversationalMessage:
    """Return a message."""
    return ConversationalMessage(text, MessageRole.USER)


async def buffer_block(session: AsyncMemorySession) -> None:
    """Enter, fill, flush and leave a buffer."""
    async with session.buffered(max_pending=2, max_messages=2, max_delay=0, close_timeout=1) as to:
        for number in range(3):
            await to.add(said(str(number)))
        await to.flush()


async def iterate(session: AsyncMemorySession) -> None:
    """Iterate over all events."""
    async for _ in session.iter_events(page_size=2):
        pass


async def iterate_records(session: AsyncMemorySession) -> None:
    """Iterate over all records."""
    async for _ in session.iter_long_term_memory_records("/facts/{actorId}/"):
        pass


async def poll(session: AsyncMemorySession, service: MemoryService) -> None:
    """Wait for a new record."""
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
    """Resolve a write whose outcome is unknown."""
    policy = RetryPolicy(max_attempts=1)
    try:
        await session.with_options(retry=policy).add_turns([said("lost")])
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
    """Return a coroutine that awaits *call*."""
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
    """Assert that no call is in flight and no lock is held, and that the next calls succeed."""
    assert {asyncio.current_task()} == asyncio.all_tasks()
    assert 0 == service.in_flight
    assert 0 == manager._core.retrier._running
    assert [0] * len(manager._core.retrier._admissions) == [
        admission._flow.in_flight for admission in manager._core.retrier._admissions.values()
    ]
    assert not session._queue.lock.locked()
    with anyio.fail_after(10):
        await session.add_turns([said("after")])
        await session.get_last_k_turns(1)


@pytest.mark.parametrize("crowded", [False, True], ids=["alone", "crowded"])
@pytest.mark.parametrize("name", CALLS)
@virtual_time
async def test_cut_anywhere_nothing_is_left(name: str, crowded: bool) -> None:
    """A cancelled call leaves nothing behind, also while others hold the lock and the pool."""
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
            assert was_cut
        assert 1 < at < MOST - 1
        assert [] == service.violations


@virtual_time
async def test_cut_while_closing() -> None:
    """Closing waits for calls in flight and closes, wherever it is cancelled."""
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


@contextmanager
def before_rounds(do: Callable[[int], None]) -> Iterator[None]:
    """Call *do* before each iteration of the event loop, with its number."""
    loop: Any = asyncio.get_running_loop()
    run_once = loop._run_once
    number = 0

    def counted() -> None:
        nonlocal number
        number += 1
        do(number)
        run_once()

    with mock.patch.object(loop, "_run_once", counted):
        yield


class PendingBlock:
    """
    A block of a buffer that is left with messages pending.

    Attributes:
        session: Session of the buffer.
        scope: Cancel scope around the block.
        buffer: The buffer.
        taken: Texts that the buffer took.
        left: Exception that left the block, if any.
    """

    def __init__(self, session: AsyncMemorySession) -> None:
        self.session = session
        self.scope = anyio.CancelScope()
        self.buffer: MessageBuffer = session.buffered(max_messages=2, max_delay=60, close_timeout=2)
        self.taken: list[str] = []
        self.left: BaseException | None = None

    async def run(self) -> None:
        """Run the block."""
        with self.scope:
            try:
                async with self.buffer:
                    for text in "abcde":
                        await self.buffer.add(said(text))
                        self.taken.append(text)
            except UnsentError as error:
                self.left = error
            except BaseException as error:
                self.left = error
                raise

    async def send_again(self) -> None:
        """Resolve the batch of unknown outcome and send the rest again, as a caller would."""
        unsent = self.buffer.unsent_error
        if unsent is None:
            return
        rest = unsent.messages
        if unsent.client_token is not None:
            await self.session.resolve(unsent)
            rest = rest[unsent.batch_size :]
        if rest:
            await self.session.add_turns(rest)


def cancel_all_but(test: asyncio.Task[Any] | None) -> None:
    """Cancel all other tasks that have begun, as some programs do at their end."""
    for task in asyncio.all_tasks() - {test}:
        if inspect.getcoroutinestate(cast("Any", task.get_coro())) != inspect.CORO_CREATED:
            task.cancel()


@pytest.mark.parametrize("service_is", ["well", "faulty", "silent"])
@pytest.mark.parametrize("cut_by", ["task", "task thrice", "scope", "all tasks", "all thrice"])
@virtual_time
async def test_a_buffer_left_with_messages_pending(cut_by: str, service_is: str) -> None:
    """After a cancellation, ``unsent`` is final, and sending it again stores each message once."""
    times = 3 if "thrice" in cut_by else 1
    test = asyncio.current_task()
    async with small() as (service, manager):
        for at in range(1, MOST):
            session = await manager.create_memory_session("actor", f"s{at}", verify=False)
            block = PendingBlock(session)
            service.script = ["reset after", "500 before"] if service_is == "faulty" else []
            service.down = "silent" if service_is == "silent" else ""
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(block.run())
                cuts = 0

                def cut(
                    number: int,
                    at: int = at,
                    task: asyncio.Task[None] = task,
                    block: PendingBlock = block,
                ) -> None:
                    nonlocal cuts
                    if not at <= number < at + times or task.done():
                        return
                    cuts += 1
                    if cut_by == "scope":
                        block.scope.cancel()
                    elif "all" in cut_by:
                        cancel_all_but(test)
                    else:
                        task.cancel()

                with before_rounds(cut):
                    await asyncio.wait([task])
            assert {test} == asyncio.all_tasks()
            service.script, service.down = [], ""
            asked = service.asked["CreateEvent"]
            unsent = [message.text for message in block.buffer.unsent]
            await anyio.sleep(100)  # lets delayed requests arrive
            assert asked == service.asked["CreateEvent"]
            assert unsent == [message.text for message in block.buffer.unsent]
            assert unsent == block.taken[len(block.taken) - len(unsent) :]
            if service_is != "silent":
                assert [] == unsent
            await block.send_again()
            events = service.sessions.get(("actor", f"s{at}"), [])
            assert block.taken == [text for event in events for text in event.texts]
            await assert_clean(service, manager, session)
            if not cuts:
                break
        assert 10 < at < MOST - 1
        assert [] == service.violations
