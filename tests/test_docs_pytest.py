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
RUN_BY_EXEC = EXAMPLES.pop("exec")
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


@pytest.mark.timeout(240)
def test_the_commands_of_the_page_print_what_it_says(tmp_path: Path) -> None:
    """A console block is run by sh, beside the test and the seed of the page."""
    page = PAGE.read_text()
    [console] = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    [seeding] = re.findall(r"```python\n(from pathlib .*?)\nasync with", page, re.DOTALL)
    (tmp_path / "test_example.py").write_text(RUN_BY_EXEC)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    subprocess.run([sys.executable, "-c", seeding], cwd=tmp_path, check=True, timeout=60)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", "\n".join(re.findall(r"(?m)^\$ (.*)$", console))],
        cwd=tmp_path,
        env=os.environ | {"PATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    expected = re.sub(r"(?m)^\$ .*\n", "", console)
    assert [comparable(expected), ""] == [comparable(done.stdout), done.stderr]


def comparable(output: str) -> str:
    """Return output without what differs in each run."""
    return re.sub(r"in \d+\.\d+s|(?<=127\.0\.0\.1:)\d+", "", output)
