"""
Takes the place of LangGraph's ``tests/conftest.py``, which imports redis and psycopg.

The checkpointers are named ``memory``, since that is in the names of the tests' snapshots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import suite_backend
from langgraph.cache.memory import InMemoryCache
from langgraph.cache.sqlite import SqliteCache
from langgraph.store.memory import InMemoryStore

from agentcore_memory_async.integrations.langgraph import AgentCoreSaver

if TYPE_CHECKING:
    from pytest_mock import MockerFixture

pytest.register_assert_rewrite("tests.memory_assert")

NO_DOCKER = True
"""Whether there is no database; files of tests import it."""


@pytest.fixture
def anyio_backend() -> str:
    """Return the only loop that LangGraph runs in."""
    return "asyncio"


@pytest.fixture
def deterministic_uuids(mocker: MockerFixture) -> Any:
    """Replace ``uuid.uuid4`` as LangGraph's own conftest does."""
    names = (UUID(f"00000000-0000-4000-8000-{i:012}", version=4) for i in range(10000))
    return mocker.patch("uuid.uuid4", side_effect=names)


@pytest.fixture(params=["sync", "async", "exit"])
def durability(request: pytest.FixtureRequest) -> Any:
    """Return when checkpoints are written."""
    return request.param


@pytest.fixture(params=["sqlite", "memory"])
def cache(request: pytest.FixtureRequest) -> Any:
    """Return a cache of results, which is no matter of a checkpointer."""
    return SqliteCache(path=":memory:") if request.param == "sqlite" else InMemoryCache()


@pytest.fixture(params=["in_memory"])
def sync_store() -> InMemoryStore:
    """Return LangGraph's own store."""
    return InMemoryStore()


@pytest.fixture(params=["in_memory"])
def async_store() -> InMemoryStore:
    """Return LangGraph's own store."""
    return InMemoryStore()


def saver() -> AgentCoreSaver:
    """Return a checkpointer of its own actor."""
    suite_backend.used()
    return AgentCoreSaver(suite_backend.manager(), actor_id=suite_backend.new_name())


@pytest.fixture(params=["memory"])
def sync_checkpointer() -> AgentCoreSaver:
    """Return a checkpointer, whose sync methods are called."""
    return saver()


@pytest.fixture(params=["memory"])
def async_checkpointer() -> AgentCoreSaver:
    """Return a checkpointer, whose async methods are called."""
    return saver()
