"""What a container of ``docs/examples/container/Dockerfile`` would run, without Docker."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.deployment.dockerfile import exec_form, instructions, last_stage

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "examples" / "container"
IMAGE = last_stage(instructions(FOLDER / "Dockerfile"))
START = [*exec_form(IMAGE["ENTRYPOINT"]), *exec_form(IMAGE["CMD"])]
CHECK = exec_form(IMAGE["HEALTHCHECK"])
WITHIN_S = 60
"""Seconds that a busy machine may take for a start, a check or an end."""


class Container:
    """
    What a container of the image would run, as processes of this machine.

    Args:
        folder: Folder in place of the volume.
    """

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._here = {"8788": str(self.port), "0.0.0.0": "127.0.0.1", "/data": str(folder)}

    def here(self, command: list[str]) -> list[str]:
        """Return a command of the image for this machine."""
        assert "python" == command[0]
        for there, here in self._here.items():
            command = [part.replace(there, here) for part in command]
        return [sys.executable, *command[1:]]

    def is_healthy(self) -> bool:
        """Run the health check."""
        done = subprocess.run(self.here(CHECK), capture_output=True, check=False, timeout=WITHIN_S)
        return done.returncode == 0

    @contextmanager
    def running(self) -> Generator[subprocess.Popen[str]]:
        """Start the container, and wait until it is healthy."""
        process = subprocess.Popen(self.here(START), stdout=subprocess.PIPE, text=True)
        try:
            until = time.monotonic() + WITHIN_S
            while not self.is_healthy():
                assert process.poll() is None
                assert time.monotonic() < until
            yield process
        finally:
            process.kill()
            process.communicate()

    def ask(self, host: str) -> int:
        """Return the status for a request that names *host*."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN_S) as connection:
            request = f"GET /_local/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            return int(connection.makefile("rb").readline().split()[1])
