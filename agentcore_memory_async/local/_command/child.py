"""
A program that runs with the service: in the foreground, as if it had been started alone.

It has the terminal, and the signals that the command gets: its end is the end of the command.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import anyio
from attrs import define, field

from agentcore_memory_async.local._command.stopping import StopRequest

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

_CHECK_S = 0.05
"""Seconds between two looks whether the program has ended, which also let signals through."""
_NOT_FOUND = 127
"""Exit status of shells where there is no such program."""
_NOT_EXECUTABLE = 126
"""Exit status of shells where it can't be executed."""


@define
class Child:
    """
    A program and its signals.

    Attributes:
        command: Name of the program, and its arguments.
        stop: Whether a signal has come.
        number: Number of the first signal; 0 before.
    """

    command: Sequence[str]
    stop: StopRequest = field(factory=StopRequest)
    number: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def forwarding(self) -> Generator[None]:
        """Hand SIGINT and SIGTERM on to the program; what is ignored here, it ignores as well."""

        def on_signal(number: int, frame: object) -> None:
            del frame
            self.stop.received = True
            self.number = self.number or number
            self._forward(number)

        with ExitStack() as stack:
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) != signal.SIG_IGN:
                    stack.callback(signal.signal, number, signal.signal(number, on_signal))
            yield

    def _forward(self, number: int) -> None:
        """Send a signal to the program, unless the terminal has."""
        if self._process is not None and not (number == signal.SIGINT and _terminal_sends()):
            self._process.send_signal(number)

    async def run(self, environment: Mapping[str, str]) -> int:
        """
        Run the program to its end, and return the exit status of the command.

        That is its own; 128 + n if signal n has killed it, 127 if there is no such program, and
        126 if it can't be executed.
        """
        try:
            self._process = process = self._start(environment)
        except OSError as error:
            text = f"cannot run {self.command[0]}: {error.strerror or error}"
            sys.stderr.write(f"agentcore_memory_async.local: {text}\n")
            return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
        if self.number:  # it came while the program was being started
            self._forward(self.number)
        try:
            while (status := process.poll()) is None:  # noqa: ASYNC110 - no event tells it
                await anyio.sleep(_CHECK_S)
        finally:
            process.kill()  # which does nothing once it has ended
        return status if status >= 0 else 128 - status

    def _start(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command, env=environment)  # noqa: S603 - what the user asks for


def _terminal_sends() -> bool:
    """
    Return whether a Ctrl-C reaches the program without us.

    A terminal sends it to all processes in its foreground, which the program is if we are.
    """
    if os.name != "posix":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
