"""
Memories and a fake for the network, for tests of code that uses this package.

``FakeTransport`` answers as a test tells it to, in the service's own JSON, and keeps every
request. The fixtures of ``agentcore_memory_async.testing.fixtures`` give a `LocalMemory`, which
remembers, extracts and searches.
"""

from agentcore_memory_async.testing.fake_transport import FakeTransport, Request
from agentcore_memory_async.testing.local_memory import BlockingLocalMemory, LocalMemory

__all__ = ("BlockingLocalMemory", "FakeTransport", "LocalMemory", "Request")
