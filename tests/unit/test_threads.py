"""Blocking work runs in threads that end with the process."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async._sync.daemon_executor import DaemonExecutor
from agentcore_memory_async._threads import run_apart, run_in_thread
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from agentcore_memory_async.local import ExtractionRequest


class Extractor:
    """A function, which the service calls in a thread."""

    def extract(self, request: ExtractionRequest) -> list[str]:
        """Return one record."""
        return ["a fact"]

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Keep all."""
        return False


class Embedder:
    """A function, which the service calls in a thread."""

    name = "constant"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the same vector for every text."""
        return [[1.0, 0.0] for _ in texts]


class Gated:
    """Work with large data in a thread, which ends when it may."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.ended = threading.Event()

    async def work(self) -> None:
        """Begin and wait, in a thread."""
        await run_apart(self._wait, large=True)
        self.ended.set()

    def _wait(self) -> None:
        self.began.set()
        self.may_end.wait()


async def test_a_result_and_an_error_come_back() -> None:
    """The result is returned, and an error is raised unchanged."""
    assert "7" == await run_in_thread(str, 7)
    with pytest.raises(ValueError, match="invalid literal"):
        await run_in_thread(int, "seven")


async def test_a_cancellation_waits_for_the_thread() -> None:
    """What runs in a thread has ended when the cancelled call returns."""
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        may_end.wait()
        ended.set()

    async with anyio.create_task_group() as group:
        group.start_soon(run_in_thread, work)
        await run_in_thread(began.wait)
        group.cancel_scope.cancel()
        may_end.set()

    assert ended.is_set()


async def test_no_garbage_is_collected_while_large_data_is_made() -> None:
    """A collection would hold the event loop; it is on again afterwards, also after an error."""
    assert gc.isenabled()
    assert not await run_apart(gc.isenabled, large=True)
    assert gc.isenabled()
    with pytest.raises(ValueError, match="invalid literal"):
        await run_apart(int, "seven", large=True)
    assert gc.isenabled()
    assert await run_apart(gc.isenabled, large=False)


async def test_threads_change_sooner_while_large_data_is_made() -> None:
    """The event loop gets its turn sooner; afterwards all is as it was, also after an error."""
    before = sys.getswitchinterval()
    assert await run_apart(sys.getswitchinterval, large=True) < before
    assert sys.getswitchinterval() == before
    with pytest.raises(ValueError, match="invalid literal"):
        await run_apart(int, "seven", large=True)
    assert sys.getswitchinterval() == before


async def test_threads_that_change_sooner_already_go_on_so() -> None:
    """A shorter time of the program's own is left as it is."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        assert sys.getswitchinterval() == await run_apart(sys.getswitchinterval, large=True)
        assert sys.getswitchinterval() < 0.001
    finally:
        sys.setswitchinterval(before)


async def test_a_collector_that_is_off_stays_off() -> None:
    """What the program chose is left as it is."""
    gc.disable()
    try:
        await run_apart(str, 7, large=True)
        assert not gc.isenabled()
    finally:
        gc.enable()


async def test_the_first_of_two_threads_turns_the_collector_on() -> None:
    """So it cannot rest for as long as there is always one more."""
    first, second = Gated(), Gated()

    async with anyio.create_task_group() as group:
        for gated in (first, second):
            group.start_soon(gated.work)
            await run_in_thread(gated.began.wait)
        assert not gc.isenabled()
        first.may_end.set()
        await run_in_thread(first.ended.wait)
        assert gc.isenabled()
        second.may_end.set()

    assert gc.isenabled()


FORK = """
import asyncio, gc, os
from agentcore_memory_async._threads import run_apart

def work():
    child = os.fork()
    if not child:
        os._exit(gc.isenabled())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

print(asyncio.run(run_apart(work, large=True)), gc.isenabled())
"""
"""Prints whether the collector is on in a child that was forked meanwhile, and in its parent."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_the_collector_is_on_in_a_forked_child() -> None:
    """The thread that would turn it on does not exist there."""
    ran = subprocess.run([sys.executable, "-c", FORK], capture_output=True, check=True, text=True)

    assert "1 True\n" == ran.stdout


async def test_no_thread_waits_for_the_end_of_a_loop() -> None:
    """
    Neither the client nor the local service starts a worker thread of anyio.

    Such a thread ends with its loop's main task, and never if nest_asyncio ended that loop.
    """
    before = set(threading.enumerate())
    async with (
        LocalMemoryService(
            extractor=Extractor(), embedder=Embedder(), extraction_delay=0
        ) as service,
        service.manager("chat-a1B2c3D4e5") as manager,
    ):
        session = await manager.create_memory_session("anna", "chat001")
        await session.add_turns([ConversationalMessage("hello", MessageRole.USER)])
        await service.drain()
        assert await session.search_long_term_memories("fact", "/facts/{actorId}/")
        started = set(threading.enumerate()) - before

    assert [] == [thread.name for thread in started if "AnyIO" in thread.name]


def test_the_loop_thread_has_16_threads_for_files_and_names() -> None:
    """Each is started when all others are busy, and more work waits for one of them."""
    executor = DaemonExecutor()
    may_end = threading.Event()
    counts: list[int] = []
    futures: list[Future[bool]] = []
    for _ in range(18):
        futures.append(executor.submit(may_end.wait))
        counts.append(len(executor._started))
    may_end.set()

    assert [*range(1, 17), 16, 16] == counts
    assert [True] * 18 == [future.result(10) for future in futures]
    executor.shutdown()
    for thread in executor._started:
        thread.join(10)
        assert not thread.is_alive()
