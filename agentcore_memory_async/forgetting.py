"""Forgetting an actor, a session or a namespace: the work; `models` has its steps and report."""

from agentcore_memory_async._operations.erasure import Forgetting

__all__ = ("Forgetting",)
