"""
A fake for the network, for tests of code that uses this package.

``FakeTransport`` answers as a test tells it to, in the service's own JSON, and keeps every
request. For a service that remembers, extracts and searches, use
``agentcore_memory_async.local.LocalMemoryService``.
"""

from agentcore_memory_async.testing.fake_transport import FakeTransport, Request

__all__ = ("FakeTransport", "Request")
