"""
Takes the place of the SDK's ``tests/conftest.py``, which is there as ``conftest_original``.

Tests make a `SQLiteSession`, or a `SimpleListSession` of the SDK's own tests: both become sessions
in AgentCore Memory. A database in memory is new for each object, and so is a list.
"""

from __future__ import annotations

from typing import Any

import agents
import agents.memory
import agents.memory.sqlite_session
import suite_backend
from tests.utils import simple_session

from agentcore_memory_async.integrations.openai_agents import AgentCoreSession

from .conftest_original import *  # noqa: F403


class MemorySession(AgentCoreSession):
    """A session that has what tests look at beside the interface."""

    def __init__(self, session_id: str, place: str, **options: Any) -> None:
        suite_backend.used()
        super().__init__(suite_backend.manager(), actor_id=place, session_id=session_id, **options)

    @property
    def saved_items(self) -> list[Any]:
        """What is stored, oldest first."""
        found = self._loop.blocking(self._newest, None)
        return [item for _, _, item in reversed(found)]

    _items = saved_items


class SQLiteSession(MemorySession):
    """With the constructor of a database."""

    def __init__(
        self, session_id: str, db_path: Any = ":memory:", *tables: str, **options: Any
    ) -> None:
        place = suite_backend.new_name() if str(db_path) == ":memory:" else f"{db_path}{tables}"
        super().__init__(session_id, place, **options)

    def close(self) -> None:
        """Do nothing: the tests close databases."""


def through(name: str) -> Any:
    """Return a method that calls that of the memory's session."""

    async def call(self: Any, *args: Any, **options: Any) -> Any:
        return await getattr(self.memory, name)(*args, **options)

    return call


def make_list(self: Any, session_id: str = "test", history: list[Any] | None = None) -> None:
    """Make a list, which has subclasses already: so its methods are replaced, not the class."""
    self.session_id = session_id
    self.memory = MemorySession(session_id, suite_backend.new_name())
    self._ignore_ids_for_matching = False
    if history:
        self.memory._loop.blocking(self.memory._add, history)


for module in (agents, agents.memory, agents.memory.sqlite_session):
    module.SQLiteSession = SQLiteSession
SimpleListSession = simple_session.SimpleListSession
SimpleListSession.__init__ = make_list
for name in ("get_items", "add_items", "pop_item", "clear_session"):
    setattr(SimpleListSession, name, through(name))
for name in ("_items", "saved_items"):
    setattr(SimpleListSession, name, property(lambda self: self.memory.saved_items))
