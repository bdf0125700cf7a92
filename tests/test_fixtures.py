"""The fixtures for users' tests, each plugin in a pytest of its own with warnings as errors."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio.pytest_plugin
import pytest

if TYPE_CHECKING:
    from pathlib import Path

ASYNCIO = ["-p", "asyncio", "-o", "asyncio_default_fixture_loop_scope=function"]
AUTO = [*ASYNCIO, "-o", "asyncio_mode=auto"]
ONE_LOOP = [
    "-p",
    "asyncio",
    "-o",
    "asyncio_mode=auto",
    "-o",
    "asyncio_default_test_loop_scope=session",
]
ONE_LOOP += ["-o", "asyncio_default_fixture_loop_scope=session"]
ANYIO = ["-p", "anyio"]
HAS_MODE = pytest.mark.skipif(
    "anyio_mode" not in inspect.getsource(anyio.pytest_plugin), reason="anyio has no anyio_mode yet"
)
CONFTEST = """
from agentcore_memory_async.testing import fixtures  # before it is a plugin

pytest_plugins = ["agentcore_memory_async.testing.fixtures"]
"""
USERS = """
import asyncio
import anyio
import pytest
from agentcore_memory_async.testing import BlockingLocalMemory, LocalMemory

@pytest.fixture
def anyio_backend():
    return "asyncio"

@FIXTURE
async def session(local_memory):
    session = await local_memory.session("anna", "chat001")
    yield session
    assert not await session.list_events(branch_name="none")  # it is open until fixtures are left

@pytest.mark.parametrize("text", ["I only fly window seats.", "I hate window seats."])
@MARK
async def test_a_wait_takes_no_time(local_memory: LocalMemory, session, text):
    start = local_memory.clock.now()
    async with session.extraction_poller("/facts/{actorId}/") as poller:
        await session.add_turns([{"role": "user", "content": text}])
        await poller
    assert local_memory.clock.now() - start >= 90
    assert "window" in (await session.retrieve_context("Which seat?")).render()

@MARK
async def test_faults_and_drain(local_memory, session):
    assert await session.list_long_term_memory_records(namespace_prefix="/") == []
    fault = local_memory.fail("ThrottledException", operation="CreateEvent", times=1)
    await session.add_turns([{"role": "user", "content": "I only fly window seats."}])
    await local_memory.drain()
    assert fault.met == 1 and len(local_memory.service.calls("CreateEvent")) == 2
    assert await session.list_long_term_memory_records(namespace_prefix="/facts/{actorId}/")

@MARK
async def test_that_fails(session):
    await session.add_turns([{"role": "user", "content": "I only fly window seats."}])
    assert False, "on purpose"

@MARK
async def test_that_is_cancelled(session):
    if CANCELS:  # not under anyio's plugin, where all tests and fixtures are in one task
        asyncio.current_task().cancel()
    with anyio.fail_after(0):
        await session.list_events()

def test_without_await(local_memory_sync: BlockingLocalMemory):
    session = local_memory_sync.session("anna")
    fault = local_memory_sync.fail("ThrottledException", operation="CreateEvent", times=1)
    event = session.add_turns([{"role": "user", "content": "I only fly window seats."}])
    assert session.wait_for_extraction("/facts/{actorId}/", since=event)
    session.add_turns([{"role": "user", "content": "I live in Turin."}])
    local_memory_sync.drain()
    assert fault.met == 1 and len(local_memory_sync.service.calls("CreateEvent")) == 3
    assert "Turin" in session.retrieve_context("Where do I live?").render()
"""
RESULT = {"failed": 2, "passed": 4}
"""What becomes of the tests of users: one fails and one is cancelled, and nothing else."""
LOOPS = """
import pytest

async def use(memory):
    session = await memory.session("anna")
    await session.add_turns([{"role": "user", "content": "I only fly window seats."}])
    assert await session.list_events()
"""
TRIO = """
@pytest.fixture
def anyio_backend():
    return "trio"

@pytest.mark.anyio
async def test_it(local_memory): pass
"""
LOOP_SCOPES = ("function", "class", "module", "package", "session")


def run(folder: Path, source: str, *options: str) -> tuple[dict[str, int], str]:
    """Run a pytest on one file of tests; return its counts, and what it printed."""
    package = folder / "users"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "test_users.py").write_text(source)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "--tb=short",
    ]
    done = subprocess.run(
        [*command, *options],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "NO_COLOR": "1"},
        check=False,
    )
    last = done.stdout.strip().splitlines()[-1].strip("= ").partition(" in ")[0]
    counts = {noun: int(count) for count, noun in map(str.split, last.split(", "))}
    return counts, done.stdout + done.stderr


def users(fixture: str, mark: str, *, cancels: bool) -> str:
    """Return the tests of users, with the fixtures and marks of a plugin."""
    imports = "import pytest_asyncio" if "pytest_asyncio" in fixture else ""
    return imports + USERS.replace("@FIXTURE", fixture).replace("@MARK", mark).replace(
        "CANCELS", str(cancels)
    )


@pytest.mark.timeout(240)  # a pytest of its own takes seconds of work, and a busy machine its time
@pytest.mark.parametrize(
    ("fixture", "mark", "options"),
    [
        ("@pytest.fixture", "", AUTO),
        ("@pytest.fixture", "", [*AUTO, "-p", "xdist", "-n", "2", "-p", "randomly"]),
        ("@pytest.fixture", "", ONE_LOOP),
        ("@pytest_asyncio.fixture", "@pytest.mark.asyncio", ASYNCIO),
        ("@pytest.fixture", "@pytest.mark.anyio", ANYIO),
        ("@pytest.fixture", "@pytest.mark.anyio", [*ASYNCIO, *ANYIO]),
        ("@pytest.fixture", "", [*AUTO, *ANYIO]),
        pytest.param("@pytest.fixture", "", [*ANYIO, "-o", "anyio_mode=auto"], marks=HAS_MODE),
    ],
    ids=["auto", "xdist", "one-loop", "strict", "anyio", "both", "both-auto", "anyio-auto"],
)
def test_each_plugin_runs_them(fixture: str, mark: str, options: list[str], tmp_path: Path) -> None:
    """Tests of users see their memory, and nothing is left open when they fail."""
    counts, output = run(
        tmp_path,
        users(fixture, mark, cancels="anyio" not in options and "anyio" not in mark),
        *options,
    )

    assert counts == RESULT, output
    assert "on purpose" in output
    assert "CancelledError" in output or "TimeoutError" in output


@pytest.mark.timeout(240)
def test_the_loop_of_the_test_is_taken(tmp_path: Path) -> None:
    """A test may run on a loop of any scope."""
    tests = [
        f'@pytest.mark.asyncio(loop_scope="{scope}")\n'
        f"class Test{scope.title()}:\n"
        "    async def test_one(self, local_memory): await use(local_memory)\n"
        "    async def test_other(self, local_memory): await use(local_memory)\n"
        for scope in LOOP_SCOPES
    ]
    counts, output = run(tmp_path, LOOPS + "".join(tests), *ASYNCIO)

    assert counts == {"passed": 10}, output


@pytest.mark.timeout(240)
def test_an_async_fixture_of_a_test_without_await(tmp_path: Path) -> None:
    """A test without ``await`` may take an async fixture that takes the memory."""
    source = LOOPS + (
        "@pytest.fixture\nasync def used(local_memory): await use(local_memory)\n"
        "def test_it(used): pass\n"
    )
    counts, output = run(tmp_path, source, *AUTO)

    assert counts == {"passed": 1}, output


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        (
            TRIO,
            ANYIO,
            "local_memory needs asyncio, and anyio's plugin runs this test on trio",
        ),
        ("async def test_it(local_memory): pass\n", ASYNCIO, "no plugin runs test_it"),
        ("def test_it(local_memory): pass\n", AUTO, "test_it is not async: take local_memory_sync"),
        ("def test_it(local_memory): pass\n", [], "test_it is not async: take local_memory_sync"),
    ],
    ids=["trio", "no-mark", "not-async", "no-plugin"],
)
def test_a_mistake_is_told(source: str, options: list[str], said: str, tmp_path: Path) -> None:
    """A test that cannot use the memory is told why, and what to do."""
    counts, output = run(tmp_path, LOOPS + source, *options)

    assert "passed" not in counts
    assert said in output
