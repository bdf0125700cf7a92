"""
Strands: a session manager for agents, and a memory store of long-term records.

```python
session_manager = AgentCoreSessionManager(manager, actor_id="anna", session_id="chat-1")
agent = Agent(session_manager=session_manager)
answer = await agent.invoke_async("I like window seats.")
```
"""

from __future__ import annotations

try:
    import strands as _strands
except ImportError as _error:
    message = "this needs Strands: pip install 'agentcore-memory-async[strands]'"
    raise ImportError(message) from _error

from agentcore_memory_async.integrations.strands._converter import MessageConverter
from agentcore_memory_async.integrations.strands._memory_store import AgentCoreMemoryStore
from agentcore_memory_async.integrations.strands._repository import AgentCoreSessionRepository
from agentcore_memory_async.integrations.strands._session_manager import AgentCoreSessionManager

__all__ = (
    "AgentCoreMemoryStore",
    "AgentCoreSessionManager",
    "AgentCoreSessionRepository",
    "MessageConverter",
)

del _strands
