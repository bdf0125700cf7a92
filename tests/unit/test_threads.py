"""Blocking work runs in threads that end with the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Sequence

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
