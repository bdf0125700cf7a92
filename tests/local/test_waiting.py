"""Waiting by the clock of the local service: it takes no real time, and misses nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    ConversationalMessage,
    ExtractionFailedError,
    ExtractionTimeoutError,
    MessageRole,
    PollPolicy,
)
from agentcore_memory_async.local import AutoClock, LocalMemoryService, ManualClock
from agentcore_memory_async.sync import MemorySessionManager

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from agentcore_memory_async import AsyncMemorySession, AsyncMemorySessionManager, MemoryRecord
    from agentcore_memory_async.local import ExtractionRequest

FACTS = "/facts/{actorId}/"
MEMORY = "chat-a1B2c3D4e5"
REAL_S = 20.0
"""Real seconds after which a wait counts as hanging; without load each takes some milliseconds."""


def said(text: str = "The user lives in Turin.") -> list[ConversationalMessage]:
    """Return a message of a user."""
    return [ConversationalMessage(text, MessageRole.USER)]


def texts(records: list[MemoryRecord]) -> list[str]:
    """Return the texts of *records*."""
    return [record.content for record in records]


async def session_of(
    manager: AsyncMemorySessionManager, actor: str = "user123", name: str = "chat001"
) -> AsyncMemorySession:
    """Return a session."""
    return await manager.create_memory_session(actor, name)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for *condition* in real time."""
    with anyio.fail_after(REAL_S):
        while not condition():
            await anyio.sleep(0.001)


@pytest.mark.parametrize("delay", [0, 0.5, 90, timedelta(hours=2), {"SEMANTIC": 45, "*": 100}])
@pytest.mark.parametrize("policy", [None, PollPolicy(), PollPolicy(expected=1)])
async def test_waiting_takes_no_real_time(delay: Any, policy: PollPolicy | None) -> None:
    """However long extraction takes, its records are there at once, whatever the schedule."""
    options = {} if policy is None else {"polling": policy}
    clock = AutoClock()
    with anyio.fail_after(REAL_S):
        async with (
            LocalMemoryService(clock=clock, extraction_delay=delay) as service,
            service.manager(MEMORY, **options) as manager,
        ):
            session = await session_of(manager)
            event = await session.add_turns(said())
            found = await session.wait_for_extraction(FACTS, since=event, timeout=20_000)
            assert texts(found) == ["The user lives in Turin."]


async def test_a_timeout_takes_no_real_time() -> None:
    """A wait in vain ends by the clock, and says how long it took by it."""
    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        began, real = service.clock.now(), time.monotonic()
        with pytest.raises(ExtractionTimeoutError) as caught:
            await session.extraction_poller("/nothing/", timeout=1800)
        assert service.clock.now() - began == pytest.approx(1800, abs=1)
        assert caught.value.waited_s == pytest.approx(1800, abs=1)
        assert time.monotonic() - real < REAL_S


async def test_the_clock_stands_still_while_no_client_waits() -> None:
    """Only waits move the clock: calls, silence and pending extractions do not."""
    async with (
        LocalMemoryService(clock=AutoClock(), extraction_delay=90) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        began = service.clock.now()
        await session.add_turns(said())
        await session.list_events()
        await anyio.sleep(0.1)
        assert service.clock.now() == began


@pytest.mark.parametrize("managers", [1, 5])
async def test_many_wait_at_the_same_time(managers: int) -> None:
    """Concurrent waits of several managers each get their record, and none times out."""
    found: list[list[str]] = []
    delays = {"SEMANTIC": 60, "USER_PREFERENCE": 300, "*": 100}
    async with LocalMemoryService(clock=AutoClock(), extraction_delay=delays) as service:

        async def wait(manager: AsyncMemorySessionManager, number: int) -> None:
            session = await session_of(manager, f"user{number}", f"chat{number}")
            prefixes = [FACTS, "/preferences/{actorId}/"]
            least = dict.fromkeys(prefixes, 1)
            async with session.extraction_poller(
                prefixes, min_records=least, timeout=600
            ) as poller:
                await session.add_turns(said("I live in Turin. I prefer window seats."))
                found.append([record.namespace.split("/")[1] async for record in poller])

        async def use(number: int) -> None:
            async with service.manager(MEMORY) as manager, anyio.create_task_group() as tasks:
                for waiter in range(20):
                    tasks.start_soon(wait, manager, 100 * number + waiter)

        with anyio.fail_after(3 * REAL_S):
            async with anyio.create_task_group() as tasks:
                for number in range(managers):
                    tasks.start_soon(use, number)
    assert len(found) == 20 * managers
    assert {(record[0], record[-1]) for record in found} == {("facts", "preferences")}


@pytest.mark.parametrize("in_a_thread", [True, False])
async def test_an_extractor_that_takes_real_time_is_waited_for(in_a_thread: bool) -> None:
    """The clock stands still while an extractor works, be it a coroutine or in a thread."""

    class InThread:
        def extract(self, request: ExtractionRequest) -> list[str]:
            time.sleep(0.3)
            return ["slow"]

    class InLoop:
        async def extract(self, request: ExtractionRequest) -> list[str]:
            await anyio.sleep(0.3)
            return ["slow"]

    extractor: Any = InThread() if in_a_thread else InLoop()
    async with (
        LocalMemoryService(clock=AutoClock(), extractor=extractor) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        event = await session.add_turns(said())
        found = await session.wait_for_extraction(FACTS, since=event, timeout=30)
        assert texts(found) == ["slow"]


async def test_a_slow_answer_is_waited_for() -> None:
    """The clock waits for requests in flight; a latency by the clock takes no real time."""
    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        event = await session.add_turns(said())
        service.add_latency(5.0, operation="ListMemoryRecords")
        with anyio.fail_after(REAL_S):
            found = await session.wait_for_extraction(FACTS, since=event, timeout=60)
        assert texts(found) == ["The user lives in Turin."]


async def test_faults_are_waited_out() -> None:
    """Throttling is retried in real time, during which the clock stands still."""
    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        event = await session.add_turns(said())
        service.fail("ThrottledException", operation="ListMemoryRecords", times=2)
        found = await session.wait_for_extraction(FACTS, since=event, timeout=5)
        assert texts(found) == ["The user lives in Turin."]


async def test_failed_jobs_are_found_by_the_clock() -> None:
    """Failed extraction ends a wait without real time."""
    async with (
        LocalMemoryService(clock=AutoClock()) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        service.fail_extraction()
        event = await session.add_turns(said())
        with anyio.fail_after(REAL_S), pytest.raises(ExtractionFailedError):
            await session.wait_for_extraction(FACTS, since=event)


@pytest.mark.parametrize("clock", [AutoClock, ManualClock])
async def test_a_cancelled_wait_leaves_the_clock_free(clock: type[ManualClock]) -> None:
    """After waits were cancelled at any moment, others go on."""
    async with (
        LocalMemoryService(clock=clock(), extraction_delay=90) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        event = await session.add_turns(said())
        for milliseconds in range(0, 30, 2):
            with anyio.move_on_after(milliseconds / 1000):
                await session.extraction_poller("/nothing/", timeout=1e6)
        async with anyio.create_task_group() as tasks:
            poller = session.extraction_poller(FACTS, since=event, timeout=1e7)
            tasks.start_soon(poller._all)
            if clock is ManualClock:
                service.clock.advance(91)  # type: ignore[attr-defined]
        assert texts(await poller) == ["The user lives in Turin."]


@pytest.mark.parametrize("steps", [[91], [30, 61], [89, 2], [89.9, 0.2], [10] * 10, [400]])
@pytest.mark.parametrize("when", ["before", "while waiting", "in a thread"])
@pytest.mark.parametrize("how", ["since", "baseline"])
async def test_advancing_reaches_code_that_waits(steps: list[float], when: str, how: str) -> None:
    """What a manual clock is advanced past is found, in whatever steps and whenever it is moved."""
    clock = ManualClock()
    async with (
        LocalMemoryService(clock=clock, extraction_delay=90) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        poller = session.extraction_poller(FACTS, timeout=1000)
        if how == "baseline":
            async with poller:
                event = await session.add_turns(said())
        else:
            event = await session.add_turns(said())
            poller = session.extraction_poller(FACTS, since=event, timeout=1000)
        found: list[str] = []

        async def wait() -> None:
            found.extend(texts(await poller))

        with anyio.fail_after(REAL_S):
            async with anyio.create_task_group() as tasks:
                if when != "before":
                    tasks.start_soon(wait)
                    await until(lambda: bool(clock._waiters))
                for step in steps:
                    if when == "in a thread":
                        thread = threading.Thread(target=clock.advance, args=(step,))
                        thread.start()
                        thread.join()
                    else:
                        clock.advance(step)
                    await anyio.sleep(0.005)
                if when == "before":
                    tasks.start_soon(wait)
        assert found == ["The user lives in Turin."]


async def test_advancing_reaches_all_that_wait_and_failed_jobs() -> None:
    """Waits that share their polls all end at the advance, also with an error."""
    clock = ManualClock()
    async with (
        LocalMemoryService(clock=clock, extraction_delay=90) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        service.fail_extraction(strategy="preferences")
        event = await session.add_turns(said())
        ended: list[str] = []

        async def wait(prefix: str) -> None:
            try:
                ended.extend(texts(await session.wait_for_extraction(prefix, since=event)))
            except ExtractionFailedError:
                ended.append("failed")

        with anyio.fail_after(REAL_S):
            async with anyio.create_task_group() as tasks:
                for _ in range(10):
                    tasks.start_soon(wait, FACTS)
                tasks.start_soon(wait, "/preferences/{actorId}/")
                await until(lambda: len(clock._waiters) == 11)
                clock.advance(89.8)
                await anyio.sleep(0.02)
                assert ended == []
                clock.advance(0.5)
        assert sorted(ended) == ["The user lives in Turin."] * 10 + ["failed"]


async def test_real_timeouts_stay_real() -> None:
    """``fail_after`` ends a wait by a clock that nobody advances."""
    async with (
        LocalMemoryService(clock=ManualClock()) as service,
        service.manager(MEMORY) as manager,
    ):
        session = await session_of(manager)
        with pytest.raises(TimeoutError):
            with anyio.fail_after(0.1):
                await session.extraction_poller(FACTS, timeout=1)
        assert not service.clock._waiters  # type: ignore[attr-defined]


@pytest.fixture
async def service() -> AsyncGenerator[LocalMemoryService]:
    """Return a service whose clock moves by itself."""
    async with LocalMemoryService(clock=AutoClock()) as service:
        yield service


async def test_who_waits_before_it_is_stored_gets_it(service: LocalMemoryService) -> None:
    """A wait that begins before its conversation is stored by another task does not time out."""
    async with service.manager(MEMORY) as manager:
        session = await session_of(manager)
        found: list[str] = []

        async def wait() -> None:
            found.extend(texts(await session.extraction_poller(FACTS, timeout=30)))

        async def store() -> None:
            await session.add_turns(said())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            tasks.start_soon(store)
    assert found == ["The user lives in Turin."]


async def test_who_waits_for_buffered_messages_gets_them(service: LocalMemoryService) -> None:
    """The clock stands still while a buffer holds messages back."""
    async with service.manager(MEMORY) as manager:
        session = await session_of(manager)
        found: list[str] = []

        async def wait() -> None:
            found.extend(texts(await session.extraction_poller(FACTS, timeout=30)))

        async with session.buffered(max_delay=0.5) as buffer, anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await buffer.add(said()[0])
    assert found == ["The user lives in Turin."]


async def test_who_waits_for_a_recorded_turn_gets_it(service: LocalMemoryService) -> None:
    """The clock stands still while a turn that was read waits to be stored, and is tried again."""
    async with service.manager(MEMORY) as manager:
        session = await session_of(manager)
        async with session.extraction_poller(FACTS, timeout=30) as poller:
            service.fail("ThrottledException", operation="CreateEvent", status=429, times=2)
            async for _ in session.record_turn("The user lives in Turin.", ["Noted."]):
                pass
            assert texts(await poller) == ["The user lives in Turin."]


async def test_managers_of_other_threads_wait_by_the_clock(
    service: LocalMemoryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facades in threads of their own, given the clock of the service, wait in no real time."""
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    clock = service.clock
    assert isinstance(clock, AutoClock)

    def converse(number: int) -> list[str]:
        with MemorySessionManager(MEMORY, clock=clock) as manager:
            session = manager.create_memory_session(f"user{number}", f"chat{number}")
            with session.extraction_poller(FACTS, timeout=60) as poller:
                session.add_turns(said())
                return [record.content for record in poller]

    async def wait(number: int) -> None:
        found.append(await asyncio.to_thread(converse, number))

    found: list[list[str]] = []
    with anyio.fail_after(REAL_S):
        async with anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(wait, number)
    assert found == [["The user lives in Turin."]] * 4


async def test_the_block_of_the_readme_never_misses_the_preference() -> None:
    """The README's own wait over two prefixes gives the facts and the preference, every time."""
    for _ in range(30):
        async with (
            LocalMemoryService(clock=AutoClock()) as service,
            service.manager(MEMORY) as manager,
        ):
            session = await session_of(manager)
            prefixes = [FACTS, "/preferences/{actorId}/"]
            async with session.extraction_poller(prefixes) as poller:
                await session.add_turns(said("Order #12345. I prefer calls in the evening."))
                namespaces = {record.namespace async for record in poller}
            assert namespaces == {"/facts/user123/", "/preferences/user123/"}
