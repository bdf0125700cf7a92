"""Forgetting an actor, a session or a namespace: the work, and its report."""

from agentcore_memory_async._models.forgetting import (
    Deleted,
    ForgettingReport,
    ForgettingStep,
    NotCovered,
    Remaining,
)
from agentcore_memory_async._operations.erasure import Forgetting

__all__ = (
    "Deleted",
    "Forgetting",
    "ForgettingReport",
    "ForgettingStep",
    "NotCovered",
    "Remaining",
)
