"""
The AgentCore Memory API on this machine: no account, no network, any SDK.

Start it with ``python -m agentcore_memory_async.local``, or in process::

    async with LocalMemoryService() as service:
        async with service.manager("chat-a1B2c3D4e5") as manager:
            ...
"""

from agentcore_memory_async.local._app import Call
from agentcore_memory_async.local._clock import Clock, ManualClock, SystemClock
from agentcore_memory_async.local._embedding import Embedder, EmbedderError
from agentcore_memory_async.local._extractor import (
    BuiltInExtractor,
    ExtractionRequest,
    Extractor,
    Message,
)
from agentcore_memory_async.local._failures import ExtractorError, FailureReason
from agentcore_memory_async.local._faults import Fault
from agentcore_memory_async.local._service import LocalMemoryService, LocalServiceError
from agentcore_memory_async.local._store import StoreError
from agentcore_memory_async.local._strategies import Strategy

__all__ = (
    "BuiltInExtractor",
    "Call",
    "Clock",
    "Embedder",
    "EmbedderError",
    "ExtractionRequest",
    "Extractor",
    "ExtractorError",
    "FailureReason",
    "Fault",
    "LocalMemoryService",
    "LocalServiceError",
    "ManualClock",
    "Message",
    "StoreError",
    "Strategy",
    "SystemClock",
)
