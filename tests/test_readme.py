"""What the README promises of itself: its length, its first block, and what the recipes name."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import agentcore_memory_async

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def block(marker: str) -> str:
    """Give the fenced block below a marker."""
    match = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert match is not None, marker
    return match[1]


def test_it_is_short() -> None:
    """At most 200 lines."""
    assert len(README.splitlines()) <= 200


def test_the_first_block_is_short() -> None:
    """At most 15 lines, and it is the first of all blocks."""
    kind, code = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)[0]
    assert (kind, True) == ("python", len(code.splitlines()) <= 15)


def test_the_first_block_is_the_tour() -> None:
    """``docs/examples/tour.py`` is the same code, with the blank lines of the formatter."""
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    tour = (ROOT / "docs" / "examples" / "tour.py").read_text()
    assert [line for line in code.splitlines() if line] == [
        line for line in tour.splitlines() if line
    ]


def test_the_lines_that_change_for_aws_stand_below() -> None:
    """The next block after the first is the one for AWS."""
    after = README.split("```", 2)[2]
    assert after.index("<!-- aws -->") < after.index("```")


def test_the_policy_is_json() -> None:
    """It can be pasted, and names the operations that the first block sends."""
    [policy] = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    [statement] = json.loads(policy)["Statement"]
    operations = ["CreateEvent", "ListEvents", "ListMemoryRecords", "RetrieveMemoryRecords"]
    assert [f"bedrock-agentcore:{name}" for name in operations] == statement["Action"]


def test_the_strategies_are_json() -> None:
    """The argument of the AWS CLI is what its model takes: a list of strategies, one name each."""
    [strategies] = re.findall(r"--memory-strategies '(.*?)'", README, re.DOTALL)
    names = [next(iter(entry.values()))["name"] for entry in json.loads(strategies)]
    assert ["facts", "preferences", "summaries"] == names


def test_the_pip_recipe_names_all_dependencies() -> None:
    """All that the package needs, but aioboto3, which aiobotocore stands in for."""
    needed = {name for name in PROJECT["dependencies"] if not name.startswith("aioboto3")}
    assert needed | {"aiobotocore>=3.9.2"} <= set(re.findall(r'"([^"]+)"', block("recipe: pip")))


def test_the_uv_recipe_is_a_project() -> None:
    """It is TOML, and takes aioboto3 out on every Python."""
    recipe = tomllib.loads(block("recipe: uv"))
    assert ["aioboto3; python_version < '3'"] == recipe["tool"]["uv"]["override-dependencies"]


def test_the_version_in_the_check_is_the_version() -> None:
    """What ``pip check`` is said to report is about this version."""
    assert f"agentcore-memory-async {agentcore_memory_async.__version__} " in block("check: pip")
