"""The jobs of ``docs/examples/ci``: each runs here, with its shell steps as they are there."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from attrs import define, field

from tests.deployment.container import IMAGE, WITHIN_S, Container

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.timeout(180)  # several processes, whose start can take a busy machine long

FOLDER = Path(__file__).parents[2] / "docs" / "examples" / "ci"
GITHUB: dict[str, Any] = yaml.safe_load((FOLDER / "github.yml").read_text())
GITLAB: dict[str, Any] = yaml.safe_load((FOLDER / "gitlab.yml").read_text())
JOBS = ("exec", "background", "container")
PORT = IMAGE["EXPOSE"]
PROGRAM = """
from agentcore_memory_async import MemorySessionManager


def test_what_was_said_is_there():
    with MemorySessionManager("chat-a1B2c3D4e5") as manager:
        session = manager.create_memory_session("anna", "chat001")
        session.add_turns([{"role": "user", "content": "I live in Turin."}])
        [turn] = session.get_last_k_turns()
        assert turn.text == "I live in Turin."
"""


@define
class Machine:
    """
    A machine on which a job runs: a project, and a shell without a network.

    Attributes:
        project: Folder of the project.
        environment: Variables of the job.
    """

    project: Path
    environment: dict[str, str] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        (self.project / "test_memory.py").write_text(PROGRAM)
        programs = self.project / "programs"
        programs.mkdir()
        pip = f'#!/bin/sh\necho "$@" >>{shlex.quote(str(self.project / "installed"))}\n'
        (programs / "pip").write_text(pip)
        (programs / "pip").chmod(0o755)
        path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        before = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = before | {"PATH": os.pathsep.join(path), "GITHUB_ENV": str(self.handed)}
        self.environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # those of this suite take seconds
        self.handed.touch()

    @property
    def handed(self) -> Path:
        """File in which a step of GitHub hands variables to the next ones."""
        return self.project / "github_env"

    @property
    def installed(self) -> str:
        """What pip was called with."""
        return (self.project / "installed").read_text()

    def run(self, script: str, *options: str) -> str:
        """Run a step, and return its output; the step has to succeed."""
        for line in self.handed.read_text().splitlines():
            name, _, value = line.partition("=")
            self.environment[name] = value
        done = subprocess.run(
            ["bash", *options, "-c", script],
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def end(self) -> None:
        """Stop what a step left running, as the end of a job does."""
        with suppress(FileNotFoundError):
            os.kill(json.loads((self.project / "memory.json").read_text())["pid"], signal.SIGTERM)


@pytest.fixture
def machine(tmp_path: Path) -> Generator[Machine]:
    """Yield a machine."""
    project = tmp_path / "project"
    project.mkdir()
    made = Machine(project)
    yield made
    made.end()


@contextmanager
def service_of(job: dict[str, Any], folder: Path) -> Generator[Container]:
    """Run the image of the job's service, if it has one."""
    container = Container(folder)
    if "services" not in job:
        yield container
        return
    with container.running():
        yield container


def here(text: str, container: Container) -> str:
    """Return *text* with the container's address, which has no name here."""
    port = str(container.port)
    return text.replace(f"memory:{PORT}", f"127.0.0.1:{port}").replace(PORT, port)


@pytest.mark.parametrize("name", JOBS)
def test_github(name: str, machine: Machine, tmp_path: Path) -> None:
    """The steps of a job of GitHub Actions pass, each in a shell of its own."""
    job = GITHUB["jobs"][name]
    with service_of(job, tmp_path) as container:
        machine.environment |= {
            key: here(value, container) for key, value in job.get("env", {}).items()
        }
        # What is there for failures runs, too.
        scripts = [step["run"] for step in job["steps"] if "run" in step]
        output = "".join(machine.run(here(script, container), "-e") for script in scripts)

    assert "install -r requirements.txt\n" == machine.installed
    assert "1 passed" in output
    assert ("CreateEvent" in output) == (name != "container")  # the trace of the service
    assert "Turin" not in output


@pytest.mark.parametrize("name", JOBS)
def test_gitlab(name: str, machine: Machine, tmp_path: Path) -> None:
    """The commands of a job of GitLab pass, all in one shell."""
    job = GITLAB[name]
    with service_of(job, tmp_path) as container:
        machine.environment |= {
            key: here(value, container) for key, value in job.get("variables", {}).items()
        }
        script = "\n".join([*GITLAB["default"]["before_script"], *job["script"]])
        output = machine.run(here(script, container), "-eo", "pipefail")

    assert "install -r requirements.txt\n" == machine.installed
    assert "1 passed" in output
