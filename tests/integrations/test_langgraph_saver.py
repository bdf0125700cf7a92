"""Checkpoints of LangGraph in a memory: its conformance suite, and what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("langgraph")

from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import DetectedCapabilities

from agentcore_memory_async.integrations.langgraph import AgentCoreSaver
from tests.integrations._langgraph import memory as memory

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agentcore_memory_async.testing import LocalMemory


async def test_conformance(memory: LocalMemory) -> None:
    """LangGraph's conformance suite passes, its extensions among it."""

    @checkpointer_test(name="AgentCoreSaver")
    async def saver() -> AsyncGenerator[AgentCoreSaver]:
        yield AgentCoreSaver(memory.manager)

    report = await validate(saver)
    assert {name: [] for name in report.results} == {
        name: result.failures for name, result in report.results.items()
    }
    assert 81 == sum(result.tests_passed for result in report.results.values())


async def test_has_all_capabilities(memory: LocalMemory) -> None:
    """The suite leaves out what a checkpointer does not have."""
    saver = AgentCoreSaver(memory.manager)
    assert frozenset() == DetectedCapabilities.from_instance(saver).missing
