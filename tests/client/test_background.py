"""Background work runs once, between entering and leaving its block."""

from __future__ import annotations

import pytest

from agentcore_memory_async import BackgroundWork, ClosedError
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on

ENTERED = "entered already; create a new one"
NOT_RUNNING = "not running; use 'async with'"


@virtual_time
async def test_it_is_entered_once() -> None:
    """Entering it inside its block, or after it, is refused, and changes nothing."""
    async with manager_on(FakeTransport()) as manager:
        work = manager.background()
        async with work:
            with pytest.raises(ClosedError, match=ENTERED):
                await work.__aenter__()
            assert repr(work) == "<BackgroundWork running, 0 waiting>"
        with pytest.raises(ClosedError, match=ENTERED):
            await work.__aenter__()


@virtual_time
async def test_what_was_cancelled_is_not_entered() -> None:
    """Work that was cancelled before its block does not begin."""
    async with manager_on(FakeTransport()) as manager:
        work = manager.background()
        work.cancel()
        with pytest.raises(ClosedError, match=ENTERED):
            await work.__aenter__()
        assert repr(work) == "<BackgroundWork cancelled, 0 waiting>"


@virtual_time
async def test_it_waits_only_in_its_block() -> None:
    """Before, after, and once it is cancelled no wait is added."""
    async with manager_on(FakeTransport()) as manager:
        work = manager.background()

        def refuses() -> bool:
            with pytest.raises(ClosedError, match=NOT_RUNNING):
                work.wait(manager.extraction_poller("/facts/a/"))
            return len(work) == 0

        assert refuses()
        async with work:
            work.cancel()
            assert refuses()
        assert refuses()


@virtual_time
async def test_it_ends_with_its_manager() -> None:
    """A manager that is closed cancels its work, and lets none begin."""
    manager = manager_on(FakeTransport())
    async with manager:
        work: BackgroundWork = manager.background()
    for begin in (work.__aenter__, manager.background().__aenter__):
        with pytest.raises(ClosedError):
            await begin()
