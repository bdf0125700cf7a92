"""Each request fails with a chance of a fifth, drawn anew: all that was stored is read back."""

from __future__ import annotations

import importlib
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import AsyncMemorySession, RetryPolicy, ServiceLimits
from agentcore_memory_async.local import LocalMemoryService
from benchmarks.agents.load import TURNS, at_once, converse, count_lost
from benchmarks.agents.service import SHARE, Drawn
from tests._frameworks import is_installed
from tests.integrations.homes import MEMORY
from tests.integrations.model_calls import APIS, chat_call, read
from tests.integrations.test_three_loops import AGENTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from agentcore_memory_async import AsyncMemorySessionManager
    from agentcore_memory_async.local import RecordedExchange
    from benchmarks.agents.load import Agents

    Call = Callable[..., Awaitable[dict[str, Any]]]

ALL_AGENTS = {**AGENTS, "model_tools": ("json", "ToolAgents")}
"""All agents of the benchmarks; tools need no framework."""
ACTORS = [f"actor{number}" for number in range(10)]
FACTS = 4
"""Facts that are remembered for each actor; every other one is forgotten."""
PATIENT = RetryPolicy(
    backoff=0.001, throttled_backoff=0.001, max_backoff=0.01, write_deadline=60, read_deadline=60
)
"""Patience with faults, without long waits."""


@asynccontextmanager
async def failing() -> AsyncIterator[AsyncMemorySessionManager]:
    """Yield a manager; in the end about a fifth of its requests have failed."""
    answered: list[RecordedExchange] = []
    drawn: list[Drawn] = []

    def draw(exchange: RecordedExchange) -> None:
        answered.append(exchange)
        drawn[0](exchange)

    async with LocalMemoryService(on_exchange=draw) as service:
        drawn.append(Drawn(service, marked="", seed=10))
        async with service.manager(
            MEMORY,
            namespaces={"facts": "/facts/{actorId}/"},
            retry=PATIENT,
            limits=ServiceLimits(None, None),
        ) as manager:
            yield manager
    met = sum(each.met for each in drawn[0].faults)
    assert 0.75 * SHARE < met / len(answered) < 1.5 * SHARE, (met, len(answered))


@pytest.mark.parametrize("script", ALL_AGENTS)
async def test_histories_are_whole(script: str) -> None:
    """Of agents that talk at once: each question is there once, in its place."""
    framework, name = ALL_AGENTS[script]
    if not is_installed(framework):
        pytest.skip(f"{framework} is not installed")
    make = getattr(importlib.import_module(f"benchmarks.agents.{script}"), name)
    async with failing() as manager:
        agents: Agents = make(manager)
        taken = await at_once(ACTORS, partial(converse, agents))
        found = await at_once(ACTORS, agents.history)
    assert [TURNS] * len(ACTORS) == [len(each) for each in taken]
    assert not sum(map(count_lost, taken, found))


@asynccontextmanager
async def by_tools(manager: AsyncMemorySessionManager, actor_id: str) -> AsyncIterator[Call]:
    """Yield what calls a tool as a model without a framework does."""
    tools = importlib.import_module("agentcore_memory_async.integrations.tools")
    session = AsyncMemorySession(manager, actor_id, "chat")

    async def call(name: str, **arguments: str) -> dict[str, Any]:
        results = await tools.resolve_tool_calls(session, [chat_call("1", name, arguments)])
        [said] = read(APIS["chat"], results)
        return dict(said)

    yield call


@asynccontextmanager
async def by_mcp(manager: AsyncMemorySessionManager, actor_id: str) -> AsyncIterator[Call]:
    """Yield what calls a tool by the official client of MCP."""
    mcp = pytest.importorskip("mcp")
    server = importlib.import_module("agentcore_memory_async.integrations.mcp").memory_server

    async with mcp.Client(server(manager, actor_id=actor_id, session_id="chat")) as client:

        async def call(name: str, **arguments: str) -> dict[str, Any]:
            return dict((await client.call_tool(name, arguments)).structured_content)

        yield call


@pytest.mark.parametrize("face", [by_tools, by_mcp])
async def test_what_is_forgotten_is_gone_and_the_rest_is_there(face: Any) -> None:
    """Each fact that was acknowledged is a record once, unless its forgetting was."""

    async def live(actor_id: str) -> list[str]:
        """Return what is still remembered, as ids and texts."""
        async with face(manager, actor_id) as call:
            facts = [f"Bee {number} of {actor_id} flies." for number in range(FACTS)]
            ids = [(await call("remember", fact=each))["record_id"] for each in facts]
            for each in ids[::2]:
                assert {"forgotten": each} == await call("forget", record_id=each)
            found = (await call("recall", query="bees"))["memories"]
        kept = sorted(map("{} {}".format, ids[1::2], facts[1::2]))
        assert kept == sorted(f"{each['record_id']} {each['text']}" for each in found)
        return kept

    async def read_back(actor_id: str) -> list[str]:
        session = AsyncMemorySession(manager, actor_id, "chat")
        records = await session.list_long_term_memory_records("/facts/{actorId}/")
        return sorted(f"{each.memory_record_id} {each.text}" for each in records)

    async with failing() as manager:
        kept = await at_once(ACTORS, live)
        assert kept == await at_once(ACTORS, read_back)
