"""The control plane without ``await``: each method has its twin, and the twins work."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import pytest

from agentcore_memory_async import (
    AsyncMemoryControl,
    ClosedError,
    InvalidInputError,
    MemoryControl,
    MemoryDiffersWarning,
    MemoryFailedError,
    MemorySessionManager,
    RetrievalConfig,
    SemanticStrategy,
    UnwrittenNamespaceWarning,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests.control.doubles import MEMORY, answer


def test_a_memory_is_made_used_and_deleted() -> None:
    """A script makes a memory on a strict local service, uses it, and deletes it."""
    with LocalMemoryService(strict=True) as service:
        control = service.control()
        strategies = [SemanticStrategy("facts", "/facts/{actorId}/")]
        memory = control.get_or_create_memory("chat", strategies=strategies)
        assert (memory.status, memory.differences) == ("ACTIVE", ())
        wait = control.wait_until_active(memory)
        assert not wait.done
        assert [each.status for each in wait] == ["ACTIVE"]
        assert wait.done
        assert wait.wait() == memory
        assert [each.memory_id for each in control.iter_memories()] == [memory.memory_id]
        manager = control.manager(memory)
        assert isinstance(manager, MemorySessionManager)
        session = manager.create_memory_session("anna", "chat001")
        with pytest.warns(UnwrittenNamespaceWarning, match="/fact/anna/"):
            session.list_long_term_memory_records("/fact/{actorId}/")
        plain = control.manager(memory.memory_id)
        assert plain.describe(control) == memory
        with pytest.warns(UnwrittenNamespaceWarning, match="/fact/anna/"):
            plain.create_memory_session("anna").list_long_term_memory_records("/fact/anna/")
        control.delete_memory(memory)
        assert control.list_memories() == []
        control.close()


def test_a_warning_names_the_line_that_called_the_facade() -> None:
    """Not one of the thread in which the call runs."""
    with LocalMemoryService(strict=True) as service:
        control = service.control()
        strategies = [SemanticStrategy("facts", "/facts/{actorId}/")]
        memory = control.get_or_create_memory("chat", strategies=strategies)
        session = control.manager(memory).create_memory_session("anna", "chat001")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            session.list_long_term_memory_records("/fact/{actorId}/")
            session.retrieve_context("q", {"/facts2/{actorId}/": RetrievalConfig()})
            session.extraction_poller("/facts3/{actorId}/")
            control.get_or_create_memory("chat", description="another")
        categories = [UnwrittenNamespaceWarning] * 3 + [MemoryDiffersWarning]
        assert [each.category for each in caught] == categories
        assert [each.filename for each in caught] == [__file__] * 4
        control.close()


@pytest.mark.parametrize("control", [None, 5, AsyncMemoryControl(transport=FakeTransport())])
def test_only_a_control_of_the_facade_describes(control: Any) -> None:
    """Anything else is refused with the class to give."""
    manager = MemorySessionManager(MEMORY, transport=FakeTransport())
    with pytest.raises(InvalidInputError, match="give a MemoryControl"):
        manager.describe(control)


def test_it_opens_at_first_use_and_closes_once() -> None:
    """It needs no ``with``; once it is closed it stays closed."""
    with MemoryControl(transport=FakeTransport()) as control:
        assert control.get_memory(MEMORY).memory_id == MEMORY
    with pytest.raises(ClosedError, match="MemoryControl is closed"):
        control.get_memory(MEMORY)
    control.close()
    unopened = MemoryControl(transport=FakeTransport())
    assert "not open" in repr(unopened)
    unopened.close()
    opened = MemoryControl(transport=FakeTransport()).open()
    assert "MemoryControl open" in repr(opened)
    assert opened.list_memories() == []


def test_any_number_of_threads_may_use_it() -> None:
    """Threads share one client."""
    control = MemoryControl(transport=FakeTransport())
    found: list[str] = []

    def use(number: int) -> None:
        found.append(control.get_memory(f"chat{number}-0123456789").name)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {f"chat{number}" for number in range(8)} == set(found)


def test_errors_of_waits_reach_the_caller() -> None:
    """A failed memory raises in ``wait()`` and in a ``for`` loop."""
    transport = FakeTransport()
    transport.reply("GetMemory", *[answer("FAILED", failureReason="No role")] * 2)
    control = MemoryControl(transport=transport)
    with pytest.raises(MemoryFailedError, match="No role"):
        control.wait_until_active(MEMORY).wait()
    with pytest.raises(MemoryFailedError, match="No role"):
        list(control.wait_until_active(MEMORY))
    bad: Any = 0
    with pytest.raises(InvalidInputError, match="timeout"):
        control.wait_until_active(MEMORY, timeout=bad)
