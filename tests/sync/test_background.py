"""Background work of the sync API: its functions are called in threads, where the facade works."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event, current_thread
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    BlockingExtractionFailedError,
    ClosedError,
    ExtractionTimeoutError,
    InvalidInputError,
)
from agentcore_memory_async.sync import MemorySession, MemorySessionManager
from agentcore_memory_async.testing import FakeTransport
from tests.sync.test_poller import MESSAGES, RECORD, SOON

if TYPE_CHECKING:
    from agentcore_memory_async import AgentCoreMemoryError, MemoryRecord

PREFIX = "/facts/{actorId}/"
WAIT_S = 20.0
"""Longest time that a test waits for what is called back."""


@pytest.fixture
def transport() -> FakeTransport:
    """Return the service."""
    return FakeTransport()


@pytest.fixture
def manager(transport: FakeTransport) -> MemorySessionManager:
    """Return a manager that polls often."""
    return MemorySessionManager("chat-a1B2c3D4e5", transport=transport, polling=SOON)


@pytest.fixture
def session(manager: MemorySessionManager) -> MemorySession:
    """Return a session of it."""
    return MemorySession(manager, "user1", "chat1")


def test_records_are_handed_to_a_function_that_may_use_the_facade(
    manager: MemorySessionManager, session: MemorySession, transport: FakeTransport
) -> None:
    """The function gets the new records, in a thread in which calls of the facade work."""
    found: SimpleQueue[tuple[list[str], int, str]] = SimpleQueue()

    def use(records: list[MemoryRecord]) -> None:
        turns = session.get_last_k_turns()
        found.put(([each.content for each in records], len(turns), current_thread().name))

    with manager.background() as work:
        event = session.add_turns(MESSAGES)
        transport.reply("ListMemoryRecords", {"memoryRecordSummaries": [RECORD]})
        work.wait(session.extraction_poller(PREFIX, since=event), then=use)
        work.join()
        assert 0 == len(work)
    contents, turns, thread = found.get(timeout=WAIT_S)
    assert (["window"], 0) == (contents, turns)
    assert current_thread().name != thread != "agentcore-memory-async"


def test_errors_are_handed_over_as_those_of_the_facade(
    manager: MemorySessionManager, session: MemorySession, transport: FakeTransport
) -> None:
    """``on_error`` gets the error of the wait, which can be restarted without ``await``."""
    found: SimpleQueue[AgentCoreMemoryError] = SimpleQueue()

    def restart(error: AgentCoreMemoryError) -> None:
        if isinstance(error, BlockingExtractionFailedError):
            error.restart()
        found.put(error)

    with manager.background() as work:
        event = session.add_turns(MESSAGES)
        job: dict[str, Any] = {
            "jobID": "job-1",
            "messages": {"messagesList": [{"eventId": event.event_id, "messageIndex": 0}]},
            "failureReason": "LTM_RATE_EXCEEDED",
            "sessionId": "chat1",
            "actorId": "user1",
        }
        transport.reply("ListMemoryExtractionJobs", {"jobs": [job]})
        for timeout in (0.5, 0.05):
            poller = session.extraction_poller(PREFIX, since=event, timeout=timeout)
            work.wait(poller, on_error=restart)
            work.join()
    assert isinstance(found.get(timeout=WAIT_S), BlockingExtractionFailedError)
    assert isinstance(found.get(timeout=WAIT_S), ExtractionTimeoutError)
    assert 1 == sum(each.operation.startswith("Start") for each in transport.requests)


@pytest.mark.parametrize("way", ["leave", "cancel", "close"])
def test_waits_are_cancelled(
    manager: MemorySessionManager, session: MemorySession, way: str
) -> None:
    """Leaving the block, ``cancel()`` and closing the manager end the waits, with no callback."""
    called = Event()
    with manager.background() as work:
        for _ in range(3):
            poller = session.extraction_poller(PREFIX, timeout=600)
            work.wait(poller, then=lambda _: called.set(), on_error=lambda _: called.set())
        assert 3 == len(work)
        if way == "cancel":
            work.cancel()
            work.join()
        if way == "close":
            manager.close()
    assert 0 == len(work)
    assert not called.is_set()
    with pytest.raises(ClosedError):
        work.wait(session.extraction_poller(PREFIX))


def test_a_function_under_way_is_waited_for(
    manager: MemorySessionManager, session: MemorySession, transport: FakeTransport
) -> None:
    """Leaving the block waits for a function that is being called back."""
    begun, ended, may_end = Event(), Event(), Event()

    def use(_: list[MemoryRecord]) -> None:
        begun.set()
        may_end.wait(WAIT_S)
        ended.set()

    with manager.background() as work:
        event = session.add_turns(MESSAGES)
        transport.reply("ListMemoryRecords", {"memoryRecordSummaries": [RECORD]})
        work.wait(session.extraction_poller(PREFIX, since=event), then=use)
        assert begun.wait(WAIT_S)
        work.cancel()
        may_end.set()
    assert ended.is_set()


def test_what_cannot_be_called_is_refused(
    manager: MemorySessionManager, session: MemorySession
) -> None:
    """Async functions, other values, and pollers of the async API are refused."""

    async def asynchronous(_: object) -> None:
        """Nobody would await it."""

    poller = session.extraction_poller(PREFIX)
    bad: Any = 5
    with manager.background() as work:
        for given in ({"then": asynchronous}, {"on_error": asynchronous}, {"then": 5}):
            with pytest.raises(InvalidInputError, match="give a function of a"):
                work.wait(poller, **given)
        with pytest.raises(InvalidInputError, match=r"poller is int; give an extraction_poller"):
            work.wait(bad)
        assert 0 == len(work)
