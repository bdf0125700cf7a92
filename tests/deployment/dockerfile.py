"""Dockerfiles, as far as it takes to run what they say without Docker."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def instructions(path: Path) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with their arguments, in order."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.split("\n"))]


def last_stage(found: list[tuple[str, str]]) -> dict[str, str]:
    """Return the instructions that the image is started by: of each name the last one counts."""
    begin = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    return {name: rest for name, rest in found[begin:] if name}


def exec_form(arguments: str) -> list[str]:
    """
    Return the command of an ENTRYPOINT, CMD or HEALTHCHECK in exec form.

    Raises:
        ValueError: It is in shell form, so that signals would reach a shell.
    """
    command: list[str] = json.loads(arguments[arguments.index("[") :])
    return command
