"""The tutorial: who copies its blocks gets what it prints; CI follows it with the installation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.tutorial import PAGE, Step, follow, main, steps

if TYPE_CHECKING:
    from pathlib import Path

STEPS = list(steps(PAGE.read_text("utf-8")))
INSTALL = "python3 -m venv .venv\n.venv/bin/python -m pip install --quiet .\n"
"""How the tutorial installs; the environment of the suite stands in for it here."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder in which `.venv/bin/python` is the interpreter of the suite."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -W error "$@"\n')
    python.chmod(0o755)
    return tmp_path


def test_it_installs_first_and_then_prints() -> None:
    """The first step installs, and each other one saves a file, runs it and prints something."""
    install, *others = STEPS
    assert Step({}, INSTALL, "") == install
    assert len(others) >= 3
    for each in others:
        [name] = each.files
        assert f".venv/bin/python {name}\n" == each.commands
        assert each.prints


@pytest.mark.parametrize("step", STEPS[1:], ids=lambda step: "".join(step.files))
def test_a_step_prints_what_the_page_says(step: Step, clone: Path) -> None:
    """Copied in order, each block prints what stands below it, and nothing else."""
    done = follow(step, clone)
    assert (0, step.prints, "") == (done.returncode, done.stdout, done.stderr)


def test_what_prints_otherwise_is_noticed(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that promises something else, or whose command fails, is wrong."""
    page = clone / "docs" / PAGE.name
    page.parent.mkdir()
    page.write_text("```bash\necho one\n```\n\n```text\ntwo\n```\n\n```bash\nfalse\n```\n")
    assert 2 == main(clone)
    page.write_text("```bash\necho one\n```\n\n```text\none\n```\n")
    assert 0 == main(clone)
    assert "OTHERWISE" in capsys.readouterr().out


@pytest.mark.parametrize("page", ["```python\n1\n```\n", "```json\n{}\n```\n", "```text\nx\n```\n"])
def test_a_block_that_nobody_can_use_is_refused(page: str) -> None:
    """A script without a file name, and output that no command prints, are errors."""
    with pytest.raises(ValueError, match="this"):
        list(steps(page))
