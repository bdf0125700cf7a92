"""The list of the official SDK's public methods, which the migration table goes by."""

from __future__ import annotations

import inspect
from pathlib import Path

from bedrock_agentcore.memory import Actor, MemoryClient, MemorySession, MemorySessionManager


def test_the_list_is_that_of_the_installed_version() -> None:
    """The list has every public method of the memory package's classes, and no other."""
    listed = (Path(__file__).parent / "public_methods.txt").read_text().split()
    assert listed == [
        f"{cls.__name__}.{name}"
        for cls in (MemoryClient, MemorySessionManager, MemorySession, Actor)
        for name, _ in sorted(inspect.getmembers(cls, callable))
        if not name.startswith("_")
    ]
