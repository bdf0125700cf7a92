"""
The AgentCore Memory API on this machine, for AWS SDKs, without an account or a network.

Start it with ``python -m agentcore_memory_async.local``, or in process::

    async with LocalMemoryService() as service:
        async with service.manager("chat-a1B2c3D4e5") as manager:
            ...

Without ``await``, ``with LocalMemoryService() as service`` opens it on a thread of its own.
"""

from agentcore_memory_async.local._database.store import StoreError
from agentcore_memory_async.local._heuristics.extractor import BuiltInExtractor
from agentcore_memory_async.local._http.exchanges import RecordedExchange, RecordedRequest
from agentcore_memory_async.local.bedrock import BedrockExtractor
from agentcore_memory_async.local.behavior import Behavior, Lags
from agentcore_memory_async.local.clock import AutoClock, Clock, ManualClock, SystemClock
from agentcore_memory_async.local.embedder import Embedder, EmbedderError
from agentcore_memory_async.local.extractor import (
    Change,
    ConsolidationRequest,
    Consolidator,
    Extraction,
    ExtractionRequest,
    Extractor,
    Message,
    Strategy,
)
from agentcore_memory_async.local.extractor_errors import ExtractorError, FailureReason
from agentcore_memory_async.local.fastembed import FastEmbedEmbedder
from agentcore_memory_async.local.faults import Fault, FaultOptions, Occurrence
from agentcore_memory_async.local.openai import OpenAIEmbedder, OpenAIExtractor
from agentcore_memory_async.local.profile import Profile, ProfileError, read_profile
from agentcore_memory_async.local.service import (
    BlockingLocalMemoryService,
    LocalMemoryService,
    LocalServiceError,
)

__all__ = (
    "AutoClock",
    "BedrockExtractor",
    "Behavior",
    "BlockingLocalMemoryService",
    "BuiltInExtractor",
    "Change",
    "Clock",
    "ConsolidationRequest",
    "Consolidator",
    "Embedder",
    "EmbedderError",
    "Extraction",
    "ExtractionRequest",
    "Extractor",
    "ExtractorError",
    "FailureReason",
    "FastEmbedEmbedder",
    "Fault",
    "FaultOptions",
    "Lags",
    "LocalMemoryService",
    "LocalServiceError",
    "ManualClock",
    "Message",
    "Occurrence",
    "OpenAIEmbedder",
    "OpenAIExtractor",
    "Profile",
    "ProfileError",
    "RecordedExchange",
    "RecordedRequest",
    "StoreError",
    "Strategy",
    "SystemClock",
    "read_profile",
)
