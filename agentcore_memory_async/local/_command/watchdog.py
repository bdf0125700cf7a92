"""
A process of its own that kills the command if it does not end when it was told to.

``python watchdog.py PID SECONDS`` reads the numbers of the signals that the command gets from its
input, which ends when the command does. It imports nothing of the package, so that it is small.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

_STOPS = (signal.SIGINT, signal.SIGTERM)
"""Signals that end the command."""


def main(pid: int, seconds: float) -> None:
    """Wait for the command to be told to end, and kill it unless it does in *seconds*."""
    while number := os.read(0, 1):
        if number[0] in _STOPS:
            break
    else:
        return
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([0], [], [], left)
        if readable and not os.read(0, 512):
            return
    text = f"killed: it was still busy {seconds:g} s after the signal"
    sys.stderr.write(f"agentcore_memory_async.local: {text}\n")
    sys.stderr.flush()
    os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
