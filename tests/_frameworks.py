"""Agent frameworks that tests need, and may not find: CI has an environment for each."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FRAMEWORKS = {
    "claude_agent_sdk": "claude_agent_sdk",
    "google_adk": "google.adk",
    "langgraph": "langgraph",
    "mcp": "mcp",
    "openai_agents": "agents",
    "strands": "strands",
}
"""Modules of ``integrations`` that need a framework, and the module of that."""
NEEDS = re.compile(r"^<!-- needs: ([\w.]+) -->$", re.MULTILINE)
"""A line of a page whose blocks run where a framework is."""


def is_installed(framework: str) -> bool:
    """Return whether a module is there; not by importing it, since that takes seconds."""
    top, _, rest = framework.partition(".")
    if importlib.util.find_spec(top) is None:
        return False
    return not rest or importlib.util.find_spec(framework) is not None


def needs_framework(module: str) -> str | None:
    """Return the framework that a module of this package needs."""
    name = module.removeprefix("agentcore_memory_async.integrations.").partition(".")[0]
    return FRAMEWORKS.get(name)


def is_importable(module: str) -> bool:
    """Return whether the framework of a module of this package is installed, if it needs one."""
    framework = needs_framework(module)
    return framework is None or is_installed(framework)


def missing(page: Path) -> str | None:
    """Return the framework that a page of the documentation needs, and that is not installed."""
    found = NEEDS.search(page.read_text("utf-8"))
    return found[1] if found and not is_installed(found[1]) else None
