"""The examples of ``docs/testing.md`` for pytest's plugins, each run in a pytest of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "testing.md"
BLOCK = re.compile(r"<!-- pytest: (\w+) -->\n```python\n(.*?)```", re.DOTALL)
OPTIONS = {
    "asyncio": ["-p", "asyncio", "-o", "asyncio_default_fixture_loop_scope=function"],
    "anyio": ["-p", "anyio"],
    "plain": [],
}
EXAMPLES = dict(BLOCK.findall(PAGE.read_text()))
[CONFTEST] = re.findall(r"In `conftest.py`:\n\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.timeout(240)  # a pytest of its own takes seconds of work, and a busy machine its time
@pytest.mark.parametrize("plugin", OPTIONS)
def test_examples_pass_under_their_plugin(plugin: str, tmp_path: Path) -> None:
    """Each example passes under its plugin alone, with warnings as errors."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_example.py").write_text(EXAMPLES[plugin])
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *OPTIONS[plugin], str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
    )
    assert (done.returncode, done.stdout[-2000:].count("1 passed")) == (0, 1), done.stdout


def test_each_plugin_has_an_example() -> None:
    """The page has one example for each plugin."""
    assert sorted(EXAMPLES) == sorted(OPTIONS)
