"""The variables of the service, for the shell that is running, or for a program."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HINDERING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
"""Variables that keep SDKs from the service: other credentials, or no endpoint from variables."""
_FORMS = {"fish": "fish", "pwsh": "powershell", "powershell": "powershell", "cmd": "cmd"}
"""Forms of assignments, by the names of shells; all others are like sh."""
_LIKE_SH = ("sh", "bash", "zsh", "dash", "ash", "ksh", "mksh", "busybox")
"""Shells that are like sh."""
_ANCESTORS = 8
"""Processes between a shell and the command at most, such as those of make and uv."""


def child_environment(own: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program: that of this process, but that it finds the service."""
    kept = {name: value for name, value in own.items() if name not in HINDERING}
    return kept | dict(variables)


def assignments(shell: str, own: Mapping[str, str], variables: Mapping[str, str]) -> list[str]:
    """
    Return lines for a shell that make SDKs find the service.

    Args:
        shell: Name of the shell.
        own: Environment of this process; what of it hinders SDKs is removed.
        variables: Variables to set.
    """
    form = _FORMS.get(shell, "sh")
    lines = [_assign(form, name, value) for name, value in variables.items()]
    return lines + [_remove(form, name) for name in HINDERING if name in own]


def _assign(form: str, name: str, value: str) -> str:
    if form == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    if form == "powershell":
        quoted = value.replace("'", "''")
        return f"$Env:{name} = '{quoted}'"
    if form == "cmd":
        return f'set "{name}={value}"'
    return f"export {name}={shlex.quote(value)}"


def _remove(form: str, name: str) -> str:
    if form == "powershell":
        return f"Remove-Item Env:{name}"
    return {"fish": f"set -e {name}", "cmd": f'set "{name}="'}.get(form, f"unset {name}")


def running_shell(own: Mapping[str, str], processes: Path = Path("/proc")) -> str:
    """
    Return the name of the shell that started this process, directly or not.

    Args:
        own: Environment of this process.
        processes: Folder in which Linux shows its processes.
    """
    known = {*_FORMS, *_LIKE_SH}
    for name in _ancestors(processes):
        if name in known:
            return name
    # The rest is as likely as the system allows: the user's own shell, or what Windows starts.
    if shell := own.get("SHELL"):
        return Path(shell).name
    if os.name == "nt":
        return "cmd" if "PROMPT" in own else "powershell"
    return "sh"


def _ancestors(processes: Path) -> Iterator[str]:
    """Iterate over the names of the processes that started this one, from the nearest."""
    number = str(os.getppid())
    for _ in range(_ANCESTORS):
        try:
            status = (processes / number / "stat").read_text(errors="replace")
        except OSError:
            return
        # 123 (its name, whatever is in it) S 45 ...
        before, _, after = status.rpartition(")")
        yield before.partition("(")[2].lstrip("-")
        number = after.split()[1]
