"""What an integration knows of sessions: bounded, and never of one in use forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import Lock
from attrs import define, field

from agentcore_memory_async import AsyncMemorySession, AsyncMemorySessionManager
from agentcore_memory_async.integrations import _recent
from agentcore_memory_async.testing import FakeTransport

if TYPE_CHECKING:
    import pytest


@define(eq=False)
class Known:
    """What is known here: nothing but who is at work."""

    lock: Lock = field(factory=Lock)


async def test_one_in_use_keeps_none_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest one stays while its lock is held; those behind it are forgotten."""
    monkeypatch.setattr(_recent, "MOST", 3)
    manager = AsyncMemorySessionManager("chat-a1B2c3D4e5", transport=FakeTransport())
    recent = _recent.Recent(lambda _: Known())

    def of(number: int) -> Known:
        return recent.of(AsyncMemorySession(manager, "anna", f"s{number}"))

    oldest = of(0)
    async with oldest.lock:
        for number in range(1, 10):
            of(number)
        assert len(recent) == 3
        assert of(0) is oldest
