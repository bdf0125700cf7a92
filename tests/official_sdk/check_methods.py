"""The official SDK's public methods and their arguments, which the migration table goes by."""

from __future__ import annotations

import inspect
from pathlib import Path

from bedrock_agentcore.memory import Actor, MemoryClient, MemorySession, MemorySessionManager


def test_the_list_is_that_of_the_installed_version() -> None:
    """The list has every public method of the memory package's classes with its arguments."""
    listed = (Path(__file__).parent / "public_signatures.txt").read_text().splitlines()
    assert listed == [
        " ".join([f"{cls.__name__}.{name}", *list(inspect.signature(method).parameters)[1:]])
        for cls in (MemoryClient, MemorySessionManager, MemorySession, Actor)
        for name, method in sorted(inspect.getmembers(cls, callable))
        if not name.startswith("_")
    ]
