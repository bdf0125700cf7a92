"""Context and turns with a model, without ``await``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from agentcore_memory_async import Context, MemorySessionManager
from tests.client.doubles import MEMORY
from tests.client.test_context import DECLARED, Remembering, scored

if TYPE_CHECKING:
    from agentcore_memory_async import MemorySession


def session_on(manager: MemorySessionManager) -> MemorySession:
    """Return the session of all tests."""
    return manager.create_memory_session("a", "s", verify=False)


def test_context_is_retrieved_and_rendered() -> None:
    """The context is the same value."""
    transport = Remembering(facts=[scored(1, 0.9)])
    with MemorySessionManager(MEMORY, transport=transport, namespaces=DECLARED) as manager:
        context = session_on(manager).retrieve_context("seats?")

    assert isinstance(context, Context)
    assert ["fact 1"] == [record.text for record in context]
    assert "fact 1" in context.render()


def test_a_callback_may_use_the_facade() -> None:
    """It runs in a thread of its own, so that blocking calls work there."""
    transport = Remembering(facts=[scored(1, 0.9)])
    threads: list[int] = []
    with MemorySessionManager(MEMORY, transport=transport, namespaces=DECLARED) as manager:
        session = session_on(manager)

        def ask(text: str, memories: Context) -> str:
            threads.append(threading.get_ident())
            return f"{len(memories)} of {len(session.get_last_k_turns(1))}"

        memories, response, event = session.process_turn_with_llm("seats?", ask)

    assert (1, "1 of 0") == (len(memories), response)
    assert ["seats?", "1 of 0"] == [message.text for message in event.messages]
    assert threads != [threading.get_ident()]
    assert 1 == len(transport.sent("CreateEvent"))


def test_an_async_callback_is_awaited() -> None:
    """A program without ``await`` may have a client of a model that has it."""

    async def ask(text: str, memories: Context) -> str:
        return text.upper()

    with MemorySessionManager(MEMORY, transport=Remembering()) as manager:
        result = session_on(manager).process_turn_with_llm("hi", ask, {})
    assert "HI" == result.response
