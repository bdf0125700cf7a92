"""The environment of a suite: the pinned versions, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.suites.suite import HERE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.suites.suite import Suite

VERSIONS = (
    "import json, platform, importlib.metadata as m;"
    "print(json.dumps({d.metadata['Name'].lower().replace('_', '-'): d.version"
    " for d in m.distributions()} | {'python': platform.python_version()}))"
)
"""Prints the versions of what is installed, and of Python."""
BENEATH = ("aiobotocore", "botocore", "python")
"""What each suite runs on, beside its framework."""


class WrongVersionError(Exception):
    """The installer gave another version than the pinned one."""


def wrong_versions(pins: dict[str, str], found: dict[str, str]) -> list[str]:
    """Return which of the pinned distributions have another version, or none."""
    installed = {name: found.get(name.lower().replace("_", "-")) for name in pins}
    return [
        f"{name} is {installed[name]} instead of {pin}"
        for name, pin in pins.items()
        if installed[name] != pin
    ]


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and the folder in which the suite works."""

    suite: Suite
    work: Path
    newest: bool = False

    @property
    def folder(self) -> Path:
        """Folder of everything that belongs to it."""
        return self.work / (f"{self.suite.name}-newest" if self.newest else self.suite.name)

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.folder / "env" / "bin" / "python"

    def make(self, root: Path) -> None:
        """Make it anew, with the package of *root* installed without its dependencies."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        requirements = self.folder / "requirements.txt"
        requirements.write_text("\n".join(self._requirements(root)) + "\n", "utf-8")
        uv = shutil.which("uv")
        if uv:
            self._run(uv, "venv", "--quiet", "--python", sys.executable, self.folder / "env")
            install = [uv, "pip", "install", "--quiet", "--python", str(self.python)]
        else:
            self._run(sys.executable, "-m", "venv", self.folder / "env")
            install = [str(self.python), "-m", "pip", "install", "--quiet"]
        self._run(*install, "-r", requirements)
        # Not with aioboto3, whose pins hold others back: the package does not need it.
        self._run(*install, "--no-deps", "--editable", root)
        self._check()

    def versions(self) -> dict[str, str]:
        """Return the versions of what is installed, and of Python."""
        printed = subprocess.run(
            [self.python, "-c", VERSIONS], check=True, capture_output=True, text=True
        )
        found: dict[str, str] = json.loads(printed.stdout)
        return found

    def _requirements(self, root: Path) -> list[str]:
        lines = (HERE / self.suite.name / "requirements.txt").read_text("utf-8").splitlines()
        if self.newest:
            lines = [re.sub(r"==.*", "", line) for line in lines]
        groups = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
        return lines + [
            each
            for each in groups["tests"]
            if isinstance(each, str) and not each.startswith("aiomoto")
        ]

    def _check(self) -> None:
        if self.newest:
            return
        if wrong := wrong_versions(self.suite.pins, self.versions()):
            raise WrongVersionError("; ".join(wrong))

    def _run(self, *command: str | Path) -> None:
        subprocess.run(command, check=True, env={**os.environ, "PIP_QUIET": "1"})
