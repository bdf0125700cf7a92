"""
Make the contestants' virtual environments, below ``.venv``, with nothing but venv and pip.

An environment is made when it is first needed, and anew when what it holds has changed.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.common.question import Environment

ROOT = Path(__file__).parents[2]
"""Folder of the checkout."""
SHOWN = (
    "aio",
    "agentcore",
    "anyio",
    "attrs",
    "aws-sdk",
    "bedrock",
    "boto",
    "capo",
    "smithy",
    "zapros",
)
"""Beginnings of the names of packages whose versions go with the figures."""


class AbsentError(Exception):
    """An environment can't be had on this machine; the message says why."""


def make(environment: Environment) -> Path:
    """
    Return the Python of *environment*, made if need be.

    Raises:
        AbsentError: There is no Python that its packages allow, or they can't be installed.
    """
    folder = ROOT / ".venv" / f"bench-{environment.name}"
    python = folder / "bin" / "python"
    base = find_python(environment.python)
    requirements = requirements_of(environment)
    stamp = folder / ".made-of"
    recipe = json.dumps([str(base), requirements])
    if not stamp.exists() or stamp.read_text() != recipe:
        print(f"Making {folder.relative_to(ROOT)}: {', '.join(requirements)}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        own = [["--no-deps", "--editable", str(ROOT)]] if environment.package else []
        try:
            install(base, folder, [requirements, *own])
        except subprocess.CalledProcessError as error:
            raise AbsentError("its packages could not be installed here") from error
        stamp.write_text(recipe)
    if environment.package:  # pip has compiled all others, and a checkout may have changed
        subprocess.run(
            [python, "-m", "compileall", "-q", ROOT / "agentcore_memory_async"], check=True
        )
    return python


def install(base: Path, folder: Path, steps: Iterable[Sequence[str]]) -> None:
    """Make a virtual environment of *base* in *folder*, and let pip install each of *steps*."""
    subprocess.run([base, "-m", "venv", folder], check=True)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    for step in steps:
        subprocess.run([*pip, *step], check=True)


def requirements_of(environment: Environment) -> list[str]:
    """Return what pip installs, with what this package needs if it is installed there."""
    if not environment.package:
        return list(environment.requirements)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [name for name in project["dependencies"] if not replaced(name, environment)]
    return [*environment.requirements, *needed]


def replaced(requirement: str, environment: Environment) -> bool:
    """Return whether the requirements of *environment* take the place of *requirement*."""
    return bool(environment.without) and requirement.startswith(environment.without)


def find_python(oldest: tuple[int, int]) -> Path:
    """
    Return a Python that is *oldest* or newer: the running one if it is, else another one.

    Raises:
        AbsentError: There is none.
    """
    if sys.version_info >= oldest:
        return Path(sys.executable)
    for python in other_pythons():
        code = f"import sys; sys.exit(sys.version_info < {oldest})"
        if subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0:
            return python
    raise AbsentError(f"it needs Python {'.'.join(map(str, oldest))}, and there is none here")


def other_pythons() -> Iterator[Path]:
    """Iterate over the Pythons of the path, of pyenv and of uv."""
    for minor in range(12, 15):
        if found := shutil.which(f"python3.{minor}"):
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    yield from sorted(pyenv.glob("versions/3.*/bin/python3"))
    yield from sorted(Path("~/.local/share/uv/python").expanduser().glob("*/bin/python3"))


def versions(python: Path) -> dict[str, str]:
    """Return the versions of *python* and of the packages beside it that matter for figures."""
    settings = (python.parents[1] / "pyvenv.cfg").read_text()
    of_python = re.search(r"^version *= *(\S+)", settings, re.MULTILINE)
    assert of_python is not None
    folders = map(str, python.parents[1].glob("lib/python*/site-packages"))
    found = {entry.name: entry.version for entry in distributions(path=list(folders))}
    shown = {name: found[name] for name in sorted(found) if name.startswith(SHOWN)}
    return {"Python": of_python[1], **shown}


def machine() -> dict[str, str]:
    """Return what this machine is."""
    facts = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.*)", facts.read_text()) if facts.exists() else None
    return {
        "processor": named[1] if named else platform.processor(),
        "cores": f"{os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"Python {platform.python_version()}",
    }
