"""The page on the MCP server: its configurations are JSON that starts the command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

from agentcore_memory_async.integrations.mcp import __main__ as command

PAGE = Path(__file__).parent.parent.parent / "docs" / "mcp.md"


def servers() -> list[dict[str, Any]]:
    """Return the servers of all configurations of the page."""
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    found = [json.loads(block) for block in blocks]
    return [each for block in found for part in block.values() for each in part.values()]


def shown_commands() -> list[list[str]]:
    """Return the arguments of the commands that the page shows in a console."""
    lines = re.findall(r"^\$ python -m (\S+) (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [["-m", module, *arguments.split()] for module, arguments in lines]


def test_configurations_start_the_command() -> None:
    """Each starts the module with arguments that it takes, or has the URL of its default port."""
    by_stdio = [each for each in servers() if "command" in each]
    by_url = [each["url"] for each in servers() if "url" in each]
    assert 2 == len(by_stdio)
    assert ["http://127.0.0.1:8789/mcp"] == by_url
    for arguments in [*(each["args"] for each in by_stdio), *shown_commands()]:
        assert ["-m", "agentcore_memory_async.integrations.mcp"] == arguments[:2]
        parsed = command.read_arguments(arguments[2:])
        assert ("anna", 8789) == (parsed.actor_id, parsed.port)
    assert 2 == len(shown_commands())
