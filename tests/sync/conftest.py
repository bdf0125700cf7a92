"""Fixtures of the sync API's tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Protocol

import pytest

from agentcore_memory_async._sync import loop_thread
from tests.sync.sync_toys import Toy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def fresh_warning() -> Iterator[None]:
    """Reset the warning that is issued once per process."""
    loop_thread._process.has_warned = False
    yield
    loop_thread._process.has_warned = False


@pytest.fixture
def toy() -> Iterator[Toy]:
    """Yield a toy that is closed at the end."""
    toy = Toy("toy")
    yield toy
    toy.close()


class Ran(Protocol):
    """The result of a script."""

    returncode: int
    stdout: str
    stderr: str


class Script:
    """A Python program in a process of its own, killed after a timeout."""

    def __init__(self, code: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        environment.pop("PYTHONWARNINGS", None)
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-W", "error", "-c", dedent(code)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,  # so that its children can be killed with it
        )

    def wait_for_line(self) -> str:
        """Wait for the next line of output, and return it."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def kill(self) -> tuple[str, str]:
        """Kill the process and its children, and return its output."""
        if sys.platform == "win32":
            self.process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.communicate()

    def finish(self, timeout: float = 45) -> Ran:
        """Wait for the end."""
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            if sys.platform != "win32":
                self.process.send_signal(signal.SIGABRT)  # faulthandler prints where it hangs
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(5)
            _, err = self.kill()
            pytest.fail(f"the script hangs:\n{err}")
        return subprocess.CompletedProcess("script", self.process.returncode, out, err)


@pytest.fixture
def run() -> Iterator[Callable[[str], Script]]:
    """Yield a function that runs a script in a process of its own."""
    scripts: list[Script] = []

    def start(code: str) -> Script:
        scripts.append(Script(code))
        return scripts[-1]

    yield start
    for script in scripts:
        script.kill()
