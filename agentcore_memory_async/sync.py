"""
The sync facade: the same memory from scripts, threads and notebooks, without ``await``.

Every method is that of the async class, run on one background loop that all facades share. A
manager opens at first use and needs no ``with``: it is closed when its last reference is gone, and
at exit.
"""

from agentcore_memory_async._blocking.actor import Actor
from agentcore_memory_async._blocking.background import BlockingBackgroundWork
from agentcore_memory_async._blocking.buffer import BlockingMessageBuffer
from agentcore_memory_async._blocking.control import BlockingMemoryWait, MemoryControl
from agentcore_memory_async._blocking.forgetting import BlockingForgetting
from agentcore_memory_async._blocking.manager import MemorySessionManager
from agentcore_memory_async._blocking.poller import BlockingExtractionPoller
from agentcore_memory_async._blocking.recording import BlockingRecordedTurn
from agentcore_memory_async._blocking.session import MemorySession
from agentcore_memory_async._blocking.transfer import BlockingExport, BlockingImport
from agentcore_memory_async._sync.iterator import BlockingIterator
from agentcore_memory_async._sync.twins import BlockingExtractionFailedError

__all__ = (
    "Actor",
    "BlockingBackgroundWork",
    "BlockingExport",
    "BlockingExtractionFailedError",
    "BlockingExtractionPoller",
    "BlockingForgetting",
    "BlockingImport",
    "BlockingIterator",
    "BlockingMemoryWait",
    "BlockingMessageBuffer",
    "BlockingRecordedTurn",
    "MemoryControl",
    "MemorySession",
    "MemorySessionManager",
)
