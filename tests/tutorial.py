"""
The tutorial as a newcomer follows it: its blocks are copied, and what they print is compared.

``python -m tests.tutorial FOLDER`` follows all of it, with the installation, in a clone at FOLDER.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"
_SAVED = re.compile(r"Save this as `([\w.]+)`")
_KEPT = re.compile(r"PATH|PIP_\w+|UV_\w+|\w+_PROXY", re.IGNORECASE)
"""Variables that a bare machine has, too: where programs are, and where packages come from."""
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """
    A block of shell commands, and what the reader does and sees around it.

    Attributes:
        files: Files to be saved before it, by name.
        commands: The commands.
        prints: What they print, to the letter.
    """

    files: Mapping[str, str]
    commands: str
    prints: str


def steps(page: str) -> Iterator[Step]:
    """
    Yield the steps of a page, in order.

    Raises:
        ValueError: A block has no use for someone who copies: it has no name of a file, or nothing
            prints it.
    """
    files: dict[str, str] = {}
    commands, end = "", 0
    for block in _BLOCK.finditer(page):
        kind, text = block.groups()
        prints = text if kind == "text" else ""
        if commands:
            yield Step(files, commands, prints)
            files, commands = {}, ""
        elif prints:
            raise ValueError(f"no command prints this:\n{text}")
        if kind == "python":
            files[_name_in(page[end : block.start()], text)] = text
        elif kind == "bash":
            commands = text
        elif kind != "text":
            raise ValueError(f"nobody knows what to do with this:\n{text}")
        end = block.end()
    if commands or files:
        yield Step(files, commands, "")


def _name_in(above: str, text: str) -> str:
    names = _SAVED.findall(above)
    if len(names) != 1:
        raise ValueError(f"the text above says {len(names)} names for this:\n{text}")
    return str(names[0])


def follow(each: Step, clone: Path) -> subprocess.CompletedProcess[str]:
    """Save the files of a step and run its commands, as they are, in a bare shell in *clone*."""
    for name, text in each.files.items():
        (clone / name).write_text(text, "utf-8")
    return subprocess.run(
        ["bash", "-e"],
        input=each.commands,
        env={name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
        | {"HOME": str(clone), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )


def main(clone: Path) -> int:
    """Follow the tutorial in *clone*, and return how many of its steps print something else."""
    wrong = 0
    for each in steps((clone / "docs" / PAGE.name).read_text("utf-8")):
        done = follow(each, clone)
        is_right = (done.returncode, done.stdout, done.stderr) == (0, each.prints, "")
        wrong += not is_right
        print(each.commands, done.stdout, done.stderr, "as printed" if is_right else "OTHERWISE")
    return wrong


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
