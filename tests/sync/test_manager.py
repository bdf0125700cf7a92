"""The blocking manager: opening, entering and closing, and what its warnings name."""

from __future__ import annotations

import pytest

from agentcore_memory_async import ClosedError, MemorySessionManager
from agentcore_memory_async.errors import BlockingCallWarning
from agentcore_memory_async.testing import FakeTransport


def make() -> MemorySessionManager:
    """Return a manager that sends nothing to the network."""
    return MemorySessionManager("chat-a1B2c3D4e5", transport=FakeTransport())


def test_opens_at_once() -> None:
    """Opening does not wait for the first use."""
    assert "not open" in repr(make())
    assert "not open" not in repr(make().open())


def test_opens_again_without_harm() -> None:
    """A manager that is used, opened or entered is open, and opening again does nothing."""
    manager = make()
    session = manager.create_memory_session("user1", "chat1")
    assert manager.open().open() is manager
    with manager as entered:
        assert entered is manager
        assert [] == session.list_events()


@pytest.mark.parametrize("is_used", [True, False])
def test_once_closed_it_stays_closed(is_used: bool) -> None:
    """Opening or entering a closed manager raises at once."""
    manager = make()
    if is_used:
        manager.create_memory_session("user1", "chat1")
    manager.close()
    with pytest.raises(ClosedError, match="create a new one"):
        manager.open()
    with pytest.raises(ClosedError, match="create a new one"), manager:
        pass
    manager.close()


def test_is_entered_once() -> None:
    """A second ``with`` is refused, since its end would close the manager for the first."""
    with make() as manager:
        with pytest.raises(ClosedError, match="entered already"), manager:
            pass
        assert [] == manager.create_memory_session("user1", "chat1").list_events()


async def test_warnings_name_what_can_be_awaited() -> None:
    """Warnings and errors name the public async class and its method."""
    manager = make()
    with pytest.warns(BlockingCallWarning, match=r"await AsyncMemorySessionManager\.create"):
        session = manager.create_memory_session("user1", "chat1")

    async def search() -> object:
        return session.search_long_term_memories("coffee", "/facts/user1/")

    with pytest.raises(RuntimeError, match=r"await AsyncMemorySession\.search_long_term_mem"):
        session._backing.call("search", search)
    manager.close()
