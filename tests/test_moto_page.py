"""The examples of ``docs/moto.md``, and what it says of aiomoto, each in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "moto.md"
EXAMPLES = re.findall(r"<!-- pytest: (\w+) -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
BLOCKED = """
import pytest
from agentcore_memory_async.local import LocalMemoryService
from aiomoto import RealHTTPRequestBlockedError, mock_aws


@pytest.mark.asyncio
async def test_it_is_refused():
    async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
        async with mock_aws():
            with pytest.raises(RealHTTPRequestBlockedError):
                await manager.list_actors()
        assert await manager.list_actors() == []
"""
"""What the page says of aiomoto and the local service."""

needs_aiomoto = pytest.mark.skipif(
    importlib.util.find_spec("aiomoto") is None, reason="no aiomoto on this stack"
)


def run(source: str, folder: Path) -> str:
    """Run a test in a pytest of its own, and return what it prints."""
    (folder / "test_example.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\n")
    options = ["-p", "asyncio", "-o", "asyncio_default_fixture_loop_scope=function"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
    )
    return done.stdout


@needs_aiomoto
@pytest.mark.timeout(240)  # a pytest of its own
@pytest.mark.parametrize("name", ["asyncio", "moto"])
def test_an_example_passes(name: str, tmp_path: Path) -> None:
    """Each example passes as it stands there."""
    out = run(dict(EXAMPLES)[name], tmp_path)
    assert "1 passed" in out, out


@needs_aiomoto
@pytest.mark.timeout(240)
def test_aiomoto_lets_no_request_to_the_local_service_pass(tmp_path: Path) -> None:
    """A request inside its block is refused, and one after it is answered."""
    out = run(BLOCKED, tmp_path)
    assert "1 passed" in out, out


def test_the_examples_are_those_that_are_run() -> None:
    """The page has no other example."""
    assert ["asyncio", "moto"] == [name for name, _ in EXAMPLES]
