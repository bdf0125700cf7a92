"""Texts of the caller's own types are sent as the texts that they are."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    BlobPayload,
    Branch,
    ConversationalMessage,
    JsonPayload,
    MessageRole,
    RetrievalConfig,
)
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import MEMORY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agentcore_memory_async import AsyncMemorySession


class Loud(str):
    """A text whose ``str()`` and format are others, as those of a ``(str, Enum)`` are."""

    __slots__ = ()

    def __str__(self) -> str:
        return "Loud.TEXT"

    __format__ = lambda self, _: "Loud.TEXT"  # noqa: E731
    __repr__ = __str__


class Role(str, Enum):  # noqa: UP042 - as users write it
    """Roles of a user's own."""

    USER = "USER"
    BOT = "assistant"


class Number(int):
    """A number of a user's own."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Number.ONE"


def odd_types(value: Any) -> list[type]:
    """Return the types in *value* that are not JSON's own."""
    inner = value.values() if isinstance(value, dict) else value if type(value) is list else ()
    keys = list(value) if isinstance(value, dict) else []
    known = {str, int, float, bool, dict, list, type(None)}
    own = [] if type(value) in known else [type(value)]
    return own + [odd for each in (*inner, *keys) for odd in odd_types(each)]


DATA: Any = {Loud("key"): [Loud("text"), Role.USER, Number(1), {"in": Loud("x")}]}
MESSAGES: list[Any] = [
    ConversationalMessage(Loud("hi"), Role.USER),
    {"role": Role.BOT, "content": Loud("hello")},
    JsonPayload(DATA),
    BlobPayload(DATA),
]


async def wait(session: AsyncMemorySession) -> None:
    """Wait for records that do not come."""
    await session.extraction_poller(
        Loud("/facts/{actorId}/"),
        memory_strategy_id=Loud("facts-1"),
        timeout=5,
        on_timeout="return",
    )


CALLS: dict[str, Callable[[AsyncMemorySession], Awaitable[Any]]] = {
    "add_turns": lambda session: session.add_turns(
        MESSAGES,
        branch=Branch(Loud("b"), Loud("0001#a")),
        metadata={Loud("key"): Loud("text")},
        namespace_variables={Loud("tenant"): Loud("t1")},
        client_token=Loud("token"),
    ),
    "create_event": lambda session: session.create_event(Loud("order"), DATA),
    "list_events": lambda session: session.list_events(
        Loud("order"), branch=Loud("b"), consistent_read=False
    ),
    "get_last_k_turns": lambda session: session.get_last_k_turns(branch=Loud("b")),
    "fork_conversation": lambda session: session.fork_conversation(
        [{"role": "user", "content": "hi"}], Loud("1#a"), Loud("b")
    ),
    "list": lambda session: session.list_long_term_memory_records(
        Loud("/facts/{actorId}/{memoryStrategyId}/"), memory_strategy_id=Loud("facts-1")
    ),
    "search": lambda session: session.search_long_term_memories(
        Loud("query"), namespace=Loud("/facts/"), memory_strategy_id=Loud("facts-1")
    ),
    "context": lambda session: session.retrieve_context(
        Loud("query"),
        {
            Loud("/facts/{actorId}/{memoryStrategyId}/"): RetrievalConfig(
                strategy_id=Loud("facts-1"), retrieval_query=Loud("about")
            )
        },
    ),
    "declared context": lambda session: session.retrieve_context(Loud("query")),
    "turn with a model": lambda session: session.process_turn_with_llm(
        Loud("hi"), lambda *_: Loud("ho"), {}, metadata={Loud("key"): Loud("text")}
    ),
    "poller": lambda session: wait(session),
}


@pytest.mark.parametrize("call", CALLS)
@virtual_time
async def test_only_jsons_own_types_are_sent(call: str) -> None:
    """Whatever is a text is sent as one, wherever it is given."""
    service = FakeTransport()
    declared: dict[str, str] = {Loud("facts"): Loud("/facts/{actorId}/")}
    async with AsyncMemorySessionManager(
        Loud(MEMORY), transport=service, namespaces=declared
    ) as manager:
        session = await manager.create_memory_session(Loud("a"), Loud("s"), verify=False)
        await CALLS[call](session)
    assert service.requests
    for request in service.requests:
        assert [] == odd_types(dict(request.params))
        assert "TEXT" not in str(request.params)


async def test_texts_of_own_types_come_back() -> None:
    """Roles, texts and data of the caller's own types are read back as what they stand for."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        session = await manager.create_memory_session(Loud("a"), Loud("s"))
        await session.add_turns(MESSAGES)
        (event,) = await session.list_events()
    assert [("hi", MessageRole.USER), ("hello", MessageRole.ASSISTANT)] == [
        (message.text, message.role) for message in event.messages
    ]
    plain = {"key": ["text", "USER", 1, {"in": "x"}]}
    assert (plain, plain) == event.payload
