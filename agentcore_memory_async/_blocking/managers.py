"""The manager that a facade of one of its views is made with."""

from __future__ import annotations

from agentcore_memory_async._wire.validation import kind, refuse
from agentcore_memory_async.manager import AsyncMemorySessionManager


def inner_of(manager: object, ways: str) -> AsyncMemorySessionManager:
    """
    Return the async manager of a facade; *ways* names what to call instead.

    Raises:
        InvalidInputError: *manager* is no facade of a manager.
    """
    inner = getattr(manager, "_inner", None)
    if not isinstance(inner, AsyncMemorySessionManager):
        refuse(f"manager is {kind(manager)}; give a MemorySessionManager, or use its {ways}")
    return inner
