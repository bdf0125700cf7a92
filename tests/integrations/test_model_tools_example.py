"""The agent without a framework: an example that runs, and fits on a screen."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "examples" / "model_tools.py"
MOST_LINES = 30


def test_the_loop_of_an_agent_has_thirty_lines() -> None:
    """All of it, with the stub of a model and a service to run it on."""
    assert len(EXAMPLE.read_text("utf-8").splitlines()) <= MOST_LINES


def test_the_agent_remembers_and_recalls(capsys: pytest.CaptureFixture[str]) -> None:
    """Its second answer knows what it was told in the first turn."""
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    kept, recalled = capsys.readouterr().out.splitlines()
    assert "record_id" in kept
    assert "I am allergic to nuts." in recalled
