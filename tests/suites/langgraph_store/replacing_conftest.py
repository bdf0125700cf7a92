"""
A conftest for LangGraph's tests, which have none: every `InMemoryStore` is one in AgentCore Memory.

A store in memory is new for each object, and searches by meaning only where it has embeddings.
"""

from __future__ import annotations

from typing import Any

import langgraph.store.memory
import suite_backend

from agentcore_memory_async.integrations.langgraph import AgentCoreStore


class InMemoryStore(AgentCoreStore):
    """With the constructor of a store in memory."""

    __slots__ = ("index_config",)

    def __init__(self, *, index: dict[str, Any] | None = None) -> None:
        suite_backend.used()
        self.index_config = index
        fields = False if index is None else index.get("fields") or ["$"]
        super().__init__(suite_backend.manager(), actor_id=suite_backend.new_name(), index=fields)


langgraph.store.memory.InMemoryStore = InMemoryStore
