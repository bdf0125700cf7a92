"""Each integration from three event loops, one after the other, as frameworks' sync calls make."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import socket
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import AsyncMemorySessionManager, ServiceLimits
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.local import LocalMemoryService
from benchmarks.agents.model_tools import ToolAgents
from tests._frameworks import is_installed
from tests.integrations.homes import MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async import MemorySessionManager
    from agentcore_memory_async.local import BlockingLocalMemoryService
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
UNPACED = ServiceLimits(events_per_second=1e6, other_events_per_second=1e6)
QUESTIONS = [f"Question {number}: which seats do I fly?" for number in range(3)]


@pytest.fixture
def service() -> Iterator[BlockingLocalMemoryService]:
    """Yield a local service."""
    with LocalMemoryService() as service:
        yield service


@pytest.fixture
def manager(service: BlockingLocalMemoryService) -> Iterator[MemorySessionManager]:
    """Yield a facade, which has not been opened."""
    facade = service.manager(MEMORY, namespaces={"facts": "/facts/{actorId}/"}, limits=UNPACED)
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


def sockets(service: BlockingLocalMemoryService) -> int:
    """Return how many sockets this process has, but for those at the port of the service."""
    port, count = int(service.endpoint_url.rpartition(":")[2]), 0
    for path in Path("/dev/fd").iterdir():
        with suppress(OSError):  # that of the folder itself is closed by now
            number = os.dup(int(path.name))
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                os.close(number)
                continue
            with socket.socket(fileno=number) as found:
                place: tuple[Any, ...] | str = found.getsockname()
            count += not (isinstance(place, tuple) and place[1:2] == (port,))
    return count


async def tasks() -> int:
    """Return how many tasks the running loop has, once those that have ended are gone."""
    for _ in range(10):
        await asyncio.sleep(0)
    return len(asyncio.all_tasks())


@pytest.mark.parametrize("script", AGENTS)
def test_three_runs_in_threads(
    script: str, service: BlockingLocalMemoryService, manager: MemorySessionManager
) -> None:
    """Each loop takes a turn, and a fourth one reads all; no warning and nothing open is left."""
    framework, name = AGENTS[script]
    if not is_installed(framework):
        pytest.skip(f"{framework} is not installed")
    agents: Agents = getattr(importlib.import_module(f"benchmarks.agents.{script}"), name)(manager)
    with service.manager(MEMORY):  # opens what all facades of the process share
        pass
    unopened = sockets(service)
    in_new_loop(agents.turn, "warm-up", QUESTIONS[0])
    calls = ManagerLoop(manager)
    before = threads(), calls.blocking(tasks)
    for question in QUESTIONS:
        in_new_loop(agents.turn, "anna", question)
    found = in_new_loop(agents.history, "anna")
    gc.collect()  # what was not retrieved or awaited is reported here
    assert QUESTIONS == [each for each in found if each in QUESTIONS]
    assert threads() <= before[0]
    assert calls.blocking(tasks) == before[1]
    assert sockets(service) > unopened
    manager.close()
    assert unopened == sockets(service)


def test_three_managers_of_model_tools(
    service: BlockingLocalMemoryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tools are called on a session, so each loop has a manager of its own, and closes it."""
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)

    async def turn(actor_id: str, question: str) -> tuple[list[str], int]:
        async with AsyncMemorySessionManager(MEMORY, limits=UNPACED) as manager:
            agents = ToolAgents(manager)
            await agents.turn(actor_id, question)
            said = await agents.history(actor_id)
        return said, await tasks()

    in_new_loop(turn, "warm-up", QUESTIONS[0])
    before = threads(), sockets(service)
    taken = [in_new_loop(turn, "anna", each) for each in QUESTIONS]
    gc.collect()
    assert QUESTIONS == [each for each in taken[-1][0] if each in QUESTIONS]
    assert [1, 1, 1] == [left for _, left in taken]  # the caller itself
    assert threads() <= before[0]
    assert sockets(service) == before[1]
