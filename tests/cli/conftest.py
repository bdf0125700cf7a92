"""A strict local service with one memory, and the command line as a program meets it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen

from agentcore_memory_async import SemanticStrategy
from agentcore_memory_async.cli import main
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agentcore_memory_async.local import BlockingLocalMemoryService


@frozen
class Ran:
    """
    What came of a command.

    Attributes:
        code: Exit status.
        out: Text on stdout.
        err: Text on stderr.
    """

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """The lines of stdout, by their tabs."""
        return [line.split("\t") for line in self.out.splitlines()]

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects on stdout; each line is one."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        """The error on stderr, which is one object."""
        error: dict[str, Any] = json.loads(self.err)["error"]
        return error


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockingLocalMemoryService]:
    """Open a strict service that the command line finds."""
    with LocalMemoryService(strict=True) as opened:
        for name, value in opened.environment.items():
            monkeypatch.setenv(name, value)
        yield opened


@pytest.fixture
def memory_id(service: BlockingLocalMemoryService, monkeypatch: pytest.MonkeyPatch) -> str:
    """Create a memory that the environment names."""
    with service.control() as control:
        memory = control.create_memory(
            "chat", strategies=[SemanticStrategy("facts", "/facts/{actorId}/")]
        )
    monkeypatch.setenv("AGENTCORE_MEMORY_ID", memory.memory_id)
    return memory.memory_id


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Return a function that runs a command, whose stdout is a pipe."""

    def run_command(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(arguments)
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    return run_command


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that makes a terminal of stdout, with so many columns and no colors."""

    def be_terminal(columns: int) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "dumb")

    return be_terminal
