"""LangGraph's conformance tests of checkpointers: 58 of the base, 23 of the extensions."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import suite_backend
from langgraph.checkpoint.conformance.capabilities import Capability

from agentcore_memory_async.integrations.langgraph import AgentCoreSaver

SPEC = "langgraph.checkpoint.conformance.spec.test_"
TESTS = [
    test
    for capability in Capability
    for test in vars(importlib.import_module(SPEC + capability.value))[
        f"ALL_{capability.name}_TESTS"
    ]
]


@pytest.fixture
def saver() -> AgentCoreSaver:
    """Return a checkpointer of its own actor, on the local service."""
    return AgentCoreSaver(suite_backend.manager(), actor_id=suite_backend.new_name())


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
async def test_conforms(test: Any, saver: AgentCoreSaver) -> None:
    """One test of the conformance suite."""
    await test(saver)
