"""Each integration from three event loops, one after the other, as frameworks' sync calls make."""

from __future__ import annotations

import asyncio
import gc
import importlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import ServiceLimits
from agentcore_memory_async.local import LocalMemoryService
from tests._frameworks import is_installed
from tests.integrations.homes import MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async import MemorySessionManager
    from benchmarks.agents.load import Agents

AGENTS = {
    "openai_agents": ("agents", "OpenAIAgents"),
    "langgraph_saver": ("langgraph", "SavedGraphs"),
    "langgraph_store": ("langgraph", "StoringAgents"),
    "strands": ("strands", "StrandsAgents"),
    "mcp_server": ("mcp", "McpAgents"),
    "claude_agent_sdk": ("claude_agent_sdk", "ClaudeAgents"),
    "google_adk": ("google.adk", "AdkAgents"),
}
"""Agents of the benchmarks: framework and class of each script."""
QUESTIONS = [f"Question {number}: which seats do I fly?" for number in range(3)]


@pytest.fixture
def manager() -> Iterator[MemorySessionManager]:
    """Yield a facade, which has not been opened."""
    with LocalMemoryService() as service:
        facade = service.manager(
            MEMORY,
            namespaces={"facts": "/facts/{actorId}/"},
            limits=ServiceLimits(events_per_second=1e6, other_events_per_second=1e6),
        )
        yield facade
        facade.close()


def in_new_loop(function: Any, *args: object) -> Any:
    """Run a coroutine function in a new loop, in a new thread."""

    def run() -> Any:
        return asyncio.run(function(*args))

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def threads() -> set[threading.Thread]:
    """Return the threads that run, but those of the local service."""
    return {each for each in threading.enumerate() if "agentcore-local" not in each.name}


@pytest.mark.parametrize("script", AGENTS)
def test_three_runs_in_threads(script: str, manager: MemorySessionManager) -> None:
    """Each loop takes a turn, and a fourth one reads all; no warning and no thread is left."""
    framework, name = AGENTS[script]
    if not is_installed(framework):
        pytest.skip(f"{framework} is not installed")
    agents: Agents = getattr(importlib.import_module(f"benchmarks.agents.{script}"), name)(manager)
    in_new_loop(agents.turn, "warm-up", QUESTIONS[0])
    before = threads()
    for question in QUESTIONS:
        in_new_loop(agents.turn, "anna", question)
    found = in_new_loop(agents.history, "anna")
    gc.collect()  # what was not retrieved or awaited is reported here
    assert QUESTIONS == [each for each in found if each in QUESTIONS]
    assert threads() <= before
