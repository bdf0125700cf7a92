"""
The AgentCore Memory API on this machine: no account, no network, any SDK.

Start it with ``python -m agentcore_memory_async.local``, or in process::

    async with LocalMemoryService() as service:
        async with service.manager("chat-a1B2c3D4e5") as manager:
            ...
"""

from agentcore_memory_async.local._app import Call
from agentcore_memory_async.local._clock import Clock, ManualClock, SystemClock
from agentcore_memory_async.local._extractor import (
    BuiltInExtractor,
    ExtractionRequest,
    Extractor,
    Message,
)
from agentcore_memory_async.local._faults import Fault
from agentcore_memory_async.local._memories import Strategy
from agentcore_memory_async.local._service import LocalMemoryService, LocalServiceError
from agentcore_memory_async.local._store import StoreError

__all__ = (
    "BuiltInExtractor",
    "Call",
    "Clock",
    "ExtractionRequest",
    "Extractor",
    "Fault",
    "LocalMemoryService",
    "LocalServiceError",
    "ManualClock",
    "Message",
    "StoreError",
    "Strategy",
    "SystemClock",
)
