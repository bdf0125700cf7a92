"""What the README says of the official SDK: what of today's is not here."""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from pathlib import Path

import bedrock_agentcore.memory
from bedrock_agentcore.memory import Actor, MemorySession, MemorySessionManager

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
COUNTERPARTS = (MemorySessionManager, MemorySession, Actor)
"""Classes that are here, too."""


def test_each_method_that_is_not_here_is_listed() -> None:
    """The list is the difference between the public methods there and here."""
    [(listed, others)] = re.findall(r"(?s)<!-- not here -->(.*?)\. Nor (.*?)\.\n", README)
    there = {name for cls in COUNTERPARTS for name in vars(cls) if not name.startswith("_")}
    here = set(os.environ["METHODS_HERE"].split())  # the package is not installed here
    named = set(re.findall(r"`([a-z_]+)`", listed))
    classes = set(bedrock_agentcore.memory.__all__) - {cls.__name__ for cls in COUNTERPARTS}

    assert there - here == named
    assert classes <= set(re.findall(r"`(\w+)`", others))


def test_the_version_is_the_one_that_is_installed() -> None:
    """The list is that of the newest version that was tried."""
    assert f"Today's class ({version('bedrock-agentcore')})" in README
