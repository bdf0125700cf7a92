"""The installation page: what its recipes name, and what it says of this package. CI runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import agentcore_memory_async

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGE = (ROOT / "docs" / "installation.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = {
    "aiobotocore>=3.9.2",
    *(name for name in PROJECT["dependencies"] if not name.startswith("aioboto3")),
}
"""All dependencies, with aiobotocore in place of aioboto3."""

BESIDE = {"bedrock-agentcore", "langgraph-checkpoint-aws"}


def block(marker: str) -> str:
    """Return the fenced block below a marker."""
    match = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert match is not None, marker
    return match[1]


def test_the_pip_recipe_names_all_dependencies() -> None:
    """It has all that the package needs, and is the command of the README."""
    named = {name.strip('"') for name in block("recipe: pip").partition("&&")[0].split()[2:]}
    assert NEEDED | BESIDE == named
    assert block("recipe: pip") in README


def test_the_uv_recipe_is_a_project() -> None:
    """It is valid TOML that excludes aioboto3 on every Python."""
    recipe = tomllib.loads(block("recipe: uv"))
    assert ["aioboto3; python_version < '3'"] == recipe["tool"]["uv"]["override-dependencies"]
    assert set(recipe["project"]["dependencies"]) > BESIDE


def test_the_poetry_recipe_names_all_dependencies() -> None:
    """It is valid TOML with all that the package needs."""
    recipe = tomllib.loads(block("recipe: poetry"))
    assert NEEDED | BESIDE == set(recipe["project"]["dependencies"])


def test_the_pip_tools_recipe_names_all_dependencies() -> None:
    """It has all that the package needs."""
    assert NEEDED | BESIDE == set(block("recipe: pip-tools").splitlines())


def test_ci_runs_every_recipe() -> None:
    """Each block below a marker is one that a stage of CI reads."""
    stages = (ROOT / ".ci" / "run").read_text()
    markers = re.findall(r"<!-- ((?:recipe|commands): .*) -->", PAGE)
    assert 7 <= len(markers)
    assert [] == [marker for marker in markers if f'"{marker}"' not in stages]


def test_the_version_in_the_check_is_the_version() -> None:
    """The output of ``pip check`` names the current version."""
    assert f"agentcore-memory-async {agentcore_memory_async.__version__} " in block("check: pip")


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_the_readme_has_the_figures_of_the_page(name: str) -> None:
    """The README and the page name the same versions, and the new one is that which CI tries."""
    [(new, old)] = re.findall(rf"^\| `{name}` \| (\S+) \| (\S+) \|$", PAGE, re.MULTILINE)
    pins = (ROOT / "tests" / "official_sdk" / "pins.txt").read_text().splitlines()
    assert f"{name}=={new}" in pins
    assert re.search(rf"`{name}`[^`]* {re.escape(old)} instead of {re.escape(new)}", README)


def test_every_extra_is_on_the_page() -> None:
    """The page lists all extras."""
    listed = set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE))
    assert set(PROJECT["optional-dependencies"]) <= listed


def test_the_check_prints_what_is_there() -> None:
    """The command prints the versions of the package and of what it needs."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", block("check: installation")],
        env={**os.environ, "PATH": programs},
        capture_output=True,
        text=True,
        check=True,
    )
    names = ["agentcore-memory-async", "aiobotocore", "botocore", "aiohttp", "anyio", "attrs"]
    assert [f"{name} {version(name)}" for name in names] == done.stdout.splitlines()
