"""The tests of agentcore-memory-async."""
