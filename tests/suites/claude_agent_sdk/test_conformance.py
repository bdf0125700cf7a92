"""
The SDK's conformance suite, one test for each of its contracts.

It is one function, which makes a store for each contract after a first one that it only looks at.
"""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("claude_agent_sdk")

from claude_agent_sdk.testing import run_session_store_conformance

from agentcore_memory_async.integrations.claude_agent_sdk import AgentCoreSessionStore

suite_backend = pytest.importorskip("suite_backend")  # that of `python -m tests.suites`
CONTRACTS = 14


@pytest.fixture(scope="module")
def met() -> tuple[int, Exception | None]:
    """Return how many contracts were met, and what the next one raised."""
    made: list[AgentCoreSessionStore] = []

    def store() -> AgentCoreSessionStore:
        made.append(
            AgentCoreSessionStore(suite_backend.manager(), actor_id=suite_backend.new_name())
        )
        return made[-1]

    try:
        asyncio.run(run_session_store_conformance(store))
        assert 1 + CONTRACTS == len(made)  # none was left out, and the SDK has no more
    except Exception as error:  # noqa: BLE001 - raised by the test of its contract
        return len(made) - 2, error
    return len(made) - 1, None


@pytest.mark.parametrize("contract", range(CONTRACTS))
def test_contract(contract: int, met: tuple[int, Exception | None]) -> None:
    """The contracts are in the order of the function."""
    number, error = met
    if number <= contract and error is not None:
        raise error
    assert contract < number
