"""
The session service and the memory service of Google's Agent Development Kit, in AgentCore Memory.

```python
runner = Runner(
    app_name="travel",
    agent=agent,
    session_service=AgentCoreSessionService(manager),
    memory_service=AgentCoreMemoryService(manager),
)
```

A user of an app is an actor, and a session of ADK one of the memory's.
"""

from __future__ import annotations

from agentcore_memory_async.integrations.google_adk._memory_service import AgentCoreMemoryService
from agentcore_memory_async.integrations.google_adk._session_service import AgentCoreSessionService

__all__ = ("AgentCoreMemoryService", "AgentCoreSessionService")
