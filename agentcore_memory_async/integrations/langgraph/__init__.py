"""LangGraph: checkpoints and the store of its graphs, kept in a memory."""

from __future__ import annotations

try:
    import langgraph.checkpoint.base as _langgraph
except ImportError as _error:
    message = "this needs LangGraph: pip install 'agentcore-memory-async[langgraph]'"
    raise ImportError(message) from _error

from agentcore_memory_async.integrations.langgraph._saver import AgentCoreSaver
from agentcore_memory_async.integrations.langgraph._store import AgentCoreStore

__all__ = ("AgentCoreSaver", "AgentCoreStore")

del _langgraph
