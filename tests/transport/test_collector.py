"""The collector of garbage rests while an answer is read, and only then."""

from __future__ import annotations

import gc
import json
import os
import sys
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import AsyncMemorySessionManager, RetryPolicy
from agentcore_memory_async._collector import RestingCollector
from agentcore_memory_async._lazy import lasting
from agentcore_memory_async.errors import AgentCoreMemoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import FrameType

    from agentcore_memory_async import AsyncMemorySession
    from tests.transport.conftest import Service

TEXT = "I only fly window seats."
"""Text of each message."""
PAGE: dict[str, Any] = {
    "events": [
        {
            "eventId": f"{number}#a",
            "actorId": "a",
            "sessionId": "s",
            "eventTimestamp": 1.5,
            "payload": [{"conversational": {"role": "USER", "content": {"text": TEXT}}}],
        }
        for number in range(100)
    ]
}
"""A page of events, which is not large."""


@pytest.fixture
def interrupted() -> Iterator[list[str]]:
    """Yield the functions of the codec in the midst of which a collection began."""
    found: list[str] = []

    def note(phase: str, _: object) -> None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and phase == "start":
            if "_wire" in frame.f_code.co_filename:
                found.append(frame.f_code.co_name)
            frame = frame.f_back

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


async def opened(service: Service) -> tuple[AsyncMemorySessionManager, AsyncMemorySession]:
    """Return an open manager, and a session of it."""
    policy = RetryPolicy(max_attempts=1)
    manager = AsyncMemorySessionManager("m-a1B2c3D4e5", endpoint_url=service.url, retry=policy)
    await manager.open()
    return manager, await manager.create_memory_session("a", "s", verify=False)


async def test_no_collection_begins_while_pages_are_read(
    service: Service, interrupted: list[str]
) -> None:
    """A page is enough objects for one, which would find nothing and call all of them old."""
    service.body = json.dumps(PAGE).encode()
    manager, session = await opened(service)
    for _ in range(20):
        assert 100 == len(await session.list_events())
        assert gc.isenabled()
    await manager.aclose()
    assert not interrupted


@pytest.mark.parametrize("body", [b"no JSON", b'{"events": 7}', b'{"events": [{}]}'])
async def test_it_works_again_after_an_answer_that_cannot_be_read(
    service: Service, body: bytes
) -> None:
    """An error ends the rest, too."""
    service.body = body
    manager, session = await opened(service)
    with suppress(AgentCoreMemoryError), warnings.catch_warnings(action="ignore"):
        await session.list_events()
    assert gc.isenabled()
    await manager.aclose()


async def test_if_the_program_turned_it_off_it_stays_off(service: Service) -> None:
    """What the program chose is left as it is."""
    service.body = json.dumps(PAGE).encode()
    manager, session = await opened(service)
    gc.disable()
    try:
        await session.list_events()
        assert not gc.isenabled()
    finally:
        gc.enable()
    await manager.aclose()


@contextmanager
def while_an_answer_is_read() -> Iterator[None]:
    """Let it rest as a call does."""
    collector = RestingCollector()
    collector.rest()
    yield
    collector.resume()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize("resting", [while_an_answer_is_read, lasting])
def test_it_works_in_a_child_that_was_forked_while_it_rested(
    resting: Callable[[], AbstractContextManager[None]],
) -> None:
    """The thread that reads an answer, or imports what a client needs, does not exist there."""
    with resting():
        assert not gc.isenabled()
        child = os.fork()
        if child == 0:
            os._exit(7 if gc.isenabled() else 1)
    assert 7 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert gc.isenabled()
