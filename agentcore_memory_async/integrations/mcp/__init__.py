"""
Memory as an MCP server: four tools of a model, and the records as resources.

``python -m agentcore_memory_async.integrations.mcp --help`` runs it, over stdio or HTTP on this
machine. `memory_server` makes one for a program that serves by itself.
"""

from __future__ import annotations

try:
    import mcp as _mcp
except ImportError as _error:
    message = "the MCP server needs the MCP SDK; install agentcore-memory-async[mcp]"
    raise ImportError(message) from _error

from agentcore_memory_async.integrations.mcp._server import memory_server

del _mcp

__all__ = ("memory_server",)
