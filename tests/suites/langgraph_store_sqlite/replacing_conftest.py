"""
A conftest for the tests of LangGraph's SQLite stores: each becomes one in AgentCore Memory.

A database in memory is new for each connection.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import langgraph.store.sqlite
import langgraph.store.sqlite.aio
import suite_backend

from agentcore_memory_async.integrations.langgraph import AgentCoreStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class MemoryStore(AgentCoreStore):
    """A store that has what tests look at beside the interface."""

    __slots__ = ("index_config",)

    def __init__(self, place: str, index: dict[str, Any] | None) -> None:
        suite_backend.used()
        self.index_config = index
        name = suite_backend.new_name() if place == ":memory:" else place
        paths = False if index is None else index.get("fields") or ["$"]
        super().__init__(suite_backend.manager(), actor_id=name, index=paths)


class SqliteStore(MemoryStore):
    """With the constructors of the sync store."""

    __slots__ = ()

    def __init__(self, conn: object, *, index: dict[str, Any] | None = None) -> None:
        super().__init__(conn if isinstance(conn, str) else ":memory:", index)

    @classmethod
    @contextmanager
    def from_conn_string(
        cls, conn_string: str, *, index: dict[str, Any] | None = None, ttl: object = None
    ) -> Iterator[SqliteStore]:
        """Open a database."""
        yield cls(conn_string, index=index)

    def setup(self) -> None:
        """Do nothing: the tests make tables."""


class AsyncSqliteStore(MemoryStore):
    """With the constructor of the async store."""

    __slots__ = ()

    @classmethod
    @asynccontextmanager
    async def from_conn_string(
        cls, conn_string: str, *, index: dict[str, Any] | None = None, ttl: object = None
    ) -> AsyncIterator[AsyncSqliteStore]:
        """Open a database."""
        yield cls(conn_string, index)

    async def setup(self) -> None:
        """Do nothing: the tests make tables."""


langgraph.store.sqlite.SqliteStore = SqliteStore
langgraph.store.sqlite.AsyncSqliteStore = AsyncSqliteStore
langgraph.store.sqlite.aio.AsyncSqliteStore = AsyncSqliteStore
