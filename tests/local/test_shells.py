"""The lines for the shell that is running, and the colors of a terminal."""

from __future__ import annotations

import io
import logging
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async.local import RecordedRequest
from agentcore_memory_async.local._command.shells import (
    HINDERING,
    assignments,
    child_environment,
    running_shell,
)
from agentcore_memory_async.local._command.trace import TraceFormatter, wants_color

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = """a b'c"d$HOME`id`\\e;%PATH%!"""
PRINTED = 'printf "%s|%s" "$A" "${AWS_PROFILE-none}"'


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "ksh", "fish"])
def test_a_shell_takes_the_lines(shell: str) -> None:
    """The shell itself has the value as it was, whatever is in it, and not what hinders."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"there is no {shell} here")
    lines = assignments(shell, {"AWS_PROFILE": "work"}, {"A": HOSTILE})
    printed = PRINTED.replace("${AWS_PROFILE-none}", "$AWS_PROFILE") if shell == "fish" else PRINTED
    done = subprocess.run(
        [found, "-c", "\n".join([*lines, printed])],
        env=os.environ | {"AWS_PROFILE": "work"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == f"{HOSTILE}|{'' if shell == 'fish' else 'none'}"


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("zsh", ["export A=b", "export C='d e'\"'\"'f'", "unset AWS_PROFILE"]),
        ("unknown", ["export A=b", "export C='d e'\"'\"'f'", "unset AWS_PROFILE"]),
        ("fish", ["set -gx A 'b'", r"set -gx C 'd e\'f'", "set -e AWS_PROFILE"]),
        ("pwsh", ["$Env:A = 'b'", "$Env:C = 'd e''f'", "Remove-Item Env:AWS_PROFILE"]),
        ("cmd", ['set "A=b"', 'set "C=d e\'f"', 'set "AWS_PROFILE="']),
    ],
)
def test_every_shell_has_its_form(shell: str, expected: list[str]) -> None:
    """The form is that of the shell; nothing is removed that is not there."""
    variables = {"A": "b", "C": "d e'f"}
    assert assignments(shell, {"AWS_PROFILE": "work"}, variables) == expected
    assert assignments(shell, {}, variables) == expected[:2]


def process(folder: Path, number: int, name: str, parent: int) -> None:
    """Write a process as Linux shows it."""
    (folder / str(number)).mkdir()
    (folder / str(number) / "stat").write_text(f"{number} ({name}) S {parent} 1 1 0 -1 4194304\n")


@pytest.mark.parametrize(
    ("names", "shell"),
    [
        (["fish"], "fish"),
        (["-zsh"], "zsh"),
        (["make", "a (b) c", "pwsh", "bash"], "pwsh"),
        (["python", "init"], "ksh"),
        (["x"] * 9 + ["fish"], "ksh"),
    ],
)
def test_the_shell_is_the_nearest_one(tmp_path: Path, names: list[str], shell: str) -> None:
    """Programs between the shell and the command don't count; else the user's own is taken."""
    numbers = [os.getppid(), *range(10_000_001, 10_000_001 + len(names))]
    for at, name in enumerate(names):
        process(tmp_path, numbers[at], name, numbers[at + 1])
    assert running_shell({"SHELL": "/bin/ksh"}, tmp_path) == shell


def test_without_processes_it_is_the_users_shell(tmp_path: Path) -> None:
    """Where no processes are shown, the environment tells; without that it is sh."""
    assert running_shell({"SHELL": "/usr/local/bin/fish"}, tmp_path) == "fish"
    assert running_shell({}, tmp_path) == "sh"


def test_a_program_has_nothing_that_hinders() -> None:
    """The variables win over those that are there, and the rest stays."""
    own = {"AWS_REGION": "eu-west-1", "HOME": "/home/ann"} | dict.fromkeys(HINDERING, "x")
    assert child_environment(own, {"AWS_REGION": "us-west-2"}) == {
        "AWS_REGION": "us-west-2",
        "HOME": "/home/ann",
    }


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def test_only_a_terminal_has_colors() -> None:
    """NO_COLOR and dumb terminals are respected."""
    assert wants_color(Terminal(), {"TERM": "xterm"})
    assert wants_color(Terminal(), {"NO_COLOR": ""})
    assert not wants_color(Terminal(), {"NO_COLOR": "1"})
    assert not wants_color(Terminal(), {"TERM": "dumb"})
    assert not wants_color(io.StringIO(), {"TERM": "xterm"})


@pytest.mark.parametrize(("status", "color"), [(201, 32), (429, 33), (500, 31), (0, 31)])
def test_the_color_is_that_of_the_status(status: int, color: int) -> None:
    """A line is the same with colors, but for them; a dropped connection has no status."""
    call = RecordedRequest("CreateEvent", status, "r1", None, 1.25, {"actorId": "anna"})
    record = logging.makeLogRecord({"call": call})
    plain = TraceFormatter(color=False).format(record)
    colored = TraceFormatter(color=True).format(record)
    shown = str(status or "---")
    assert f"\x1b[{color}m{shown}\x1b[0m" in colored
    for code in (2, color):
        colored = colored.replace(f"\x1b[{code}m", "")
    assert colored.replace("\x1b[0m", "") == plain
    assert plain.split()[1:] == ["CreateEvent", shown, "1.2", "ms", "actorId=anna"]
