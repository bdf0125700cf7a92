"""
The end of the command: in order when a signal asks for it, and by force if that takes too long.

Handlers of Python run in the main thread, between two of its instructions. Where a matcher or
parser holds the interpreter, or the loop is stuck, none runs. So a watchdog, a process of its own,
gets the signals as well, from the interpreter's C code, and kills the command when its time is up.
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Generator

PATIENCE_S = 3.5
"""Seconds from a signal until the command is killed; closing takes about one at most."""


@define
class StopRequest:
    """
    Whether the command was told to end.

    Attributes:
        received: Whether SIGINT or SIGTERM has come.
    """

    received: bool = False


@contextmanager
def stop_requests(extra_s: float = 0.0) -> Generator[StopRequest]:
    """
    Note SIGINT and SIGTERM, and make sure that the process ends after one of them.

    Loops differ in the signals that they can handle, and those of Windows handle none, so the
    handlers are the interpreter's.

    Args:
        extra_s: Seconds that it may take beyond those of every command.
    """
    request, patience_s = StopRequest(), PATIENCE_S + extra_s
    with ExitStack() as stack:
        watched = os.name == "posix" and _start_watchdog(stack, patience_s)

        def on_signal(number: int, frame: object) -> None:
            del number, frame
            request.received = True
            if not watched:  # all that holds it up, except for what keeps this from being run
                faulthandler.dump_traceback_later(patience_s, exit=True)

        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.signal(number, on_signal))
        yield request


def _start_watchdog(stack: ExitStack, patience_s: float) -> bool:
    """Start the watchdog, and return whether that was possible."""
    script = str(Path(__file__).with_name("watchdog.py"))
    command = [sys.executable, "-I", "-S", script, str(os.getpid()), str(patience_s)]
    try:
        process = subprocess.Popen(  # noqa: S603 - the interpreter, and a file of this package
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )
    except OSError:  # such as a limit of the number of processes
        return False
    # Not before the process ends, since threads and exit handlers can hold that up as well.
    atexit.register(process.communicate)
    pipe = cast("IO[bytes]", process.stdin).fileno()
    os.set_blocking(pipe, False)
    stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(pipe, warn_on_full_buffer=False))
    return True
