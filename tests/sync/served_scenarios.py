"""Programs with the facade in web servers, each run in a process of its own by `run_scenario`."""

from __future__ import annotations

import faulthandler
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from typing import TYPE_CHECKING

from agentcore_memory_async import ForkedError
from tests.sync.scenario_base import PACE_S, Program, program

if TYPE_CHECKING:
    from collections.abc import Callable

HANG_S = 40.0


def make_app() -> Callable[..., list[bytes]]:
    """Return a WSGI app that is made before the fork, with a manager that is open and another."""
    opened, fresh = (Program(os.environ["ACTOR"], 0) for _ in range(2))
    opened.store()

    def app(_: object, start_response: Callable[[str, list[object]], object]) -> list[bytes]:
        faulthandler.dump_traceback_later(HANG_S)  # gunicorn's workers take SIGABRT for themselves
        try:
            opened.store()
        except ForkedError:
            fresh.store()
            start_response("200 OK", [])
        else:
            start_response("500 It is not refused", [])
        return [b""]

    return app


@program
def preload(this: Program) -> None:
    """Serve by gunicorn, whose master makes the app before it forks, and stop it."""
    _serve(this, "1", this.draw.choice([signal.SIGTERM, signal.SIGINT, signal.SIGQUIT]))


@program
def preload_threads(this: Program) -> None:
    """
    Serve by gunicorn with several threads a worker.

    Nobody interrupts this: the handler of gunicorn's threaded worker takes a lock that its main
    thread may hold, of the executor to which it hands requests.
    """
    _serve(this, "4", signal.SIGTERM)


def _serve(this: Program, threads: str, end: signal.Signals) -> None:
    warnings.simplefilter("ignore", ResourceWarning)  # a second Ctrl-C waits for it no longer
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = ["--preload", "--workers", "2", "--threads", threads, "--bind", address]
    options += ["--log-level", "critical"]
    options += ["--graceful-timeout", "300"]  # so that a hang is seen, and not ended by it
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "tests.sync.served_scenarios:make_app()"],
        env={**os.environ, "ACTOR": this.actor},
    )
    try:
        while not _is_served(address):
            time.sleep(PACE_S)
        this.ready()
        for _ in range(8):
            assert _is_served(address)
        server.send_signal(end)
        assert 0 == server.wait()
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait()


def _is_served(address: str) -> bool:
    """Ask the server; return whether it answered."""
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except ConnectionRefusedError:
        return False
    finally:  # a worker waits for the request of an open connection, also where Ctrl-C came before
        connection.close()
