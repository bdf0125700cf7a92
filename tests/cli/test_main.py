"""The program: how it starts, what it needs, and how whatever comes of a command ends."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pytest

import agentcore_memory_async
from agentcore_memory_async.cli import main
from agentcore_memory_async.cli._commands import memories

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async.local import BlockingLocalMemoryService
    from tests.cli.conftest import Ran

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"typer", "rich"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
from agentcore_memory_async.cli import main
sys.exit(main(["memories"]))
"""
"""Runs a command where the extra is not installed."""


def in_process(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    program = ["-c", code] if code else ["-m", "agentcore_memory_async"]
    return subprocess.run(
        [sys.executable, "-W", "error", *program, *arguments],
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )


def test_without_the_extra_it_names_the_extra() -> None:
    """It exits with 2 and one line that says what to install."""
    done = in_process(code=BLOCKED)
    assert (2, "") == (done.returncode, done.stdout)
    [line] = done.stderr.splitlines()
    assert 'pip install "agentcore-memory-async[cli]"' in line


def test_the_module_and_the_script_are_the_same() -> None:
    """``python -m`` runs what the script runs."""
    done = in_process("--version")
    expected = f"agentcore-memory {agentcore_memory_async.__version__}\n"
    assert (0, expected, "") == (done.returncode, done.stdout, done.stderr)
    [script] = entry_points(group="console_scripts", name="agentcore-memory")
    assert main is script.load()


def test_help_loads_no_client() -> None:
    """Starting it to its help imports neither botocore nor aiohttp, and opens nothing."""
    code = """
import sys
from agentcore_memory_async.cli import main
code = main(["--help"])
print({"botocore", "aiohttp", "agentcore_memory_async.manager"} & set(sys.modules))
"""
    done = in_process(code=code)
    assert "set()" == done.stdout.splitlines()[-1]


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
def test_help_lists_the_commands(run: Callable[..., Ran], arguments: tuple[str, ...]) -> None:
    """The help has every command with its first line."""
    ran = run(*arguments)
    assert 0 == ran.code
    assert "turns" in ran.out
    assert "List the memories of the account in the region." in ran.out


def test_options_may_precede_the_command(run: Callable[..., Ran], memory_id: str) -> None:
    """Options of all commands go before a command as well as after it; the latter count more."""
    before = run("-m", "other-a1B2c3D4e5", "--json", "actors", "-m", memory_id)
    after = run("actors", "-m", memory_id, "--json")
    assert (
        (0, "", "") == (before.code, before.out, before.err) == (after.code, after.out, after.err)
    )
    assert 3 == run("-m", "other-a1B2c3D4e5", "actors").code


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("turns", "alice"), 2, "SESSION"),
        (("turns", "alice", "s1", "-k", "0"), 2, "-k"),
        (("turns", "a b", "s1"), 2, "actor_id"),
        (("memoires",), 2, "memories"),
        (("actors", "-m", "missing-a1B2c3D4e5"), 3, "missing-a1B2c3D4e5"),
        (("actors", "--profile", "nobody"), 2, "nobody"),
        (("actors", "--endpoint-url", "http://127.0.0.1:9"), 5, "127.0.0.1:9"),
    ],
)
def test_errors_have_a_text_an_object_and_a_code(
    run: Callable[..., Ran],
    memory_id: str,
    arguments: tuple[str, ...],
    code: int,
    word: str,
) -> None:
    """Each is one line on stderr, or one object, with the same exit status and nothing else."""
    text, data = run(*arguments), run(*arguments, "--json")
    assert (code, "") == (text.code, text.out)
    assert (code, "") == (data.code, data.out)
    [line] = text.err.splitlines()
    assert line.startswith("agentcore-memory: ")
    assert word in line
    assert code == data.error["exit_code"]
    assert word in data.error["message"]


def test_a_memory_has_to_be_named(
    run: Callable[..., Ran],
    service: BlockingLocalMemoryService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without one nothing is sent."""
    monkeypatch.delenv("AGENTCORE_MEMORY_ID", raising=False)
    ran = run("actors")
    assert 2 == ran.code
    assert "AGENTCORE_MEMORY_ID" in ran.err
    assert [] == service.calls()


def test_denied_is_4(
    run: Callable[..., Ran], memory_id: str, service: BlockingLocalMemoryService
) -> None:
    """Missing permissions have a status of their own."""
    service.fail("AccessDeniedException", operation="ListActors")
    ran = run("actors", "--json")
    assert 4 == ran.code
    assert ("AccessDeniedError", "ListActors") == (ran.error["type"], ran.error["operation"])


async def fail_unexpectedly(*_: Any) -> None:
    """Fail with an error whose message has content."""
    raise KeyError("a secret of the user")


def test_an_unexpected_error_shows_what_to_report(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells its class, place and versions, no content and no traceback, and exits with 1."""
    monkeypatch.setattr(memories, "memories", fail_unexpectedly)
    fail_unexpectedly.__name__ = "memories"
    ran = run("memories")
    assert 1 == ran.code
    [line] = ran.err.splitlines()
    assert "unexpected KeyError; please report it" in line
    assert agentcore_memory_async.__version__ in line
    assert "secret" not in line
    assert "test_main.py" in line


def test_a_reader_that_leaves_ends_it_quietly(memory_id: str) -> None:
    """``| head`` ends it without a word."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "agentcore_memory_async", "memories"],
            stdout=write,
            stderr=subprocess.PIPE,
            timeout=45,
            check=False,
        )
    finally:
        os.close(write)
    assert (141, b"") == (done.returncode, done.stderr)
