"""Every limit of a method: what is at it is sent, and what is one beyond it is refused before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    InvalidInputError,
    JsonPayload,
    Origin,
    RetrievalConfig,
    where,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import manager_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

    Call = Callable[[AsyncMemorySessionManager, Any], Any]

FACTS = "/facts/{actorId}/"
SIZE = ([1, 100], [0, 101])
JOBS = ([1, 50], [0, 51])
COUNT = ([1, 10**9], [0])
DURATION = ([0, 10_000_000], [-0.001, 10_000_000.001])
SOURCE = (["a", "a" * 256], ["", "a" * 257])


def conditions(most: int) -> tuple[list[Any], list[Any]]:
    """Return as many filters as are allowed, and one more."""
    some = [where(f"k{number}").exists() for number in range(most + 1)]
    return [some[:most]], [some]


def on(manager: AsyncMemorySessionManager) -> AsyncMemorySession:
    """Return a session."""
    return AsyncMemorySession(manager, "a", "s")


async def all_of(items: AsyncIterable[object]) -> list[object]:
    """Return all items."""
    return [each async for each in items]


async def made(value: object) -> object:
    """Return what a call has made, without waiting for it."""
    return value


LIMITS: dict[str, tuple[Call, tuple[list[Any], list[Any]]]] = {
    "list_actors(page_size)": (lambda m, x: m.list_actors(page_size=x), SIZE),
    "iter_actors(page_size)": (lambda m, x: all_of(m.iter_actors(page_size=x)), SIZE),
    "list_actor_sessions(page_size)": (
        lambda m, x: m.list_actor_sessions("a", page_size=x),
        SIZE,
    ),
    "list_sessions(page_size)": (lambda m, x: on(m).get_actor().list_sessions(page_size=x), SIZE),
    "list_events(page_size)": (lambda m, x: on(m).list_events(page_size=x), SIZE),
    "iter_events(page_size)": (lambda m, x: all_of(on(m).iter_events(page_size=x)), SIZE),
    "list_long_term_memory_records(page_size)": (
        lambda m, x: on(m).list_long_term_memory_records("/f/", page_size=x),
        SIZE,
    ),
    "list_memory_extraction_jobs(page_size)": (
        lambda m, x: on(m).list_memory_extraction_jobs(page_size=x),
        JOBS,
    ),
    "iter_memory_extraction_jobs(page_size)": (
        lambda m, x: all_of(on(m).iter_memory_extraction_jobs(page_size=x)),
        JOBS,
    ),
    "list_actors(max_results)": (lambda m, x: m.list_actors(max_results=x), COUNT),
    "get_last_k_turns(k)": (lambda m, x: on(m).get_last_k_turns(x), COUNT),
    "get_last_k_exchanges(k)": (lambda m, x: on(m).get_last_k_exchanges(x), COUNT),
    "search_long_term_memories(top_k)": (
        lambda m, x: on(m).search_long_term_memories("q", "/f/", x),
        SIZE,
    ),
    "RetrievalConfig(top_k)": (
        lambda m, x: on(m).retrieve_context("q", {FACTS: RetrievalConfig(top_k=x)}),
        SIZE,
    ),
    "RetrievalConfig(relevance_score)": (
        lambda m, x: on(m).retrieve_context("q", {FACTS: RetrievalConfig(relevance_score=x)}),
        ([0, 1, 0.0, 1.0], [-0.001, 1.001]),
    ),
    "ingest_data(messages)": (
        lambda m, x: on(m).ingest_data([JsonPayload({"k": x})]),
        # Around the text: [{"json": {"content": {"k": ""}}}]
        (["a" * (102_400 - 34)], ["a" * (102_401 - 34)]),
    ),
    "add_turns(origin)": (
        lambda m, x: on(m).add_turns([{"role": "user", "content": "hi"}], origin=Origin(x)),
        SOURCE,
    ),
    "search_long_term_memories(trusted)": (
        lambda m, x: on(m).search_long_term_memories("q", "/f/", trusted=[x]),
        SOURCE,
    ),
    "search_long_term_memories(filters)": (
        lambda m, x: on(m).search_long_term_memories("q", "/f/", filters=x),
        conditions(5),
    ),
    "list_long_term_memory_records(filters)": (
        lambda m, x: on(m).list_long_term_memory_records("/f/", filters=x),
        conditions(5),
    ),
    "list_events(filters)": (lambda m, x: on(m).list_events(filters=x), conditions(5)),
    "list_events(filters) beside an event type": (
        lambda m, x: on(m).list_events("order", filters=x),
        conditions(4),
    ),
    "forget_actor(settle)": (
        lambda m, x: made(m.forget_actor("a", namespaces=[FACTS], settle=x)),
        DURATION,
    ),
    "import_conversations(concurrency)": (
        lambda m, x: all_of(m.import_conversations([], extract=False, concurrency=x)),
        ([1, 1000], [0, 1001]),
    ),
}
"""Calls that take an argument, with values at its limits and values one beyond them."""


@pytest.mark.parametrize("name", LIMITS)
@virtual_time
async def test_a_limit_is_the_last_value_that_is_sent(name: str) -> None:
    """A value at the limit is taken, and one beyond it is refused without a request."""
    call, (within, beyond) = LIMITS[name]
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        for value in within:
            await call(manager, value)
        sent = len(transport.requests)
        for value in beyond:
            with pytest.raises(InvalidInputError):
                await call(manager, value)

    assert sent == len(transport.requests)
