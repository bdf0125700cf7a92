"""What is not on every platform has its fallback: here a process in which all of it is missing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BARE = """
import asyncio, os, signal, socket, sys

for module, name in [
    (os, "fork"), (os, "register_at_fork"), (os, "getuid"), (os, "set_blocking"),
    (socket, "SO_REUSEPORT"), (signal, "set_wakeup_fd"),
    (signal, "pthread_sigmask"), (signal, "SIGKILL"),
]:
    delattr(module, name)
for name in ("fcntl", "resource", "pwd"):
    sys.modules[name] = None

def refuse(*args):
    raise NotImplementedError

asyncio.SelectorEventLoop.add_signal_handler = refuse
"""
FACADE = """
from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.local import LocalMemoryService, StoreError

with LocalMemoryService(sys.argv[1]) as service:
    session = service.manager("chat-a1B2c3D4e5").create_memory_session("ann", "s1")
    session.add_turns([ConversationalMessage("hello", MessageRole.USER)])
    print(session.get_last_k_turns(k=1)[0].text)
    try:
        LocalMemoryService(sys.argv[1]).__enter__()
    except StoreError as error:
        print("another local service uses it" in str(error))
"""
COMMAND = """
from agentcore_memory_async.local._command import stopping
from agentcore_memory_async.local.__main__ import main

def no_watchdog(*args, **options):
    raise OSError("no processes")

stopping.subprocess.Popen = no_watchdog
sys.exit(main(["--port", "0", "--db", sys.argv[1]]))
"""


def test_the_facade_and_the_service_work_on_a_bare_platform(tmp_path: Path) -> None:
    """Neither forks, signals, locks of files nor options of sockets are needed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BARE + FACADE, str(tmp_path / "memory.db")],
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("hello\nTrue\n", "")


def test_the_command_works_on_a_bare_platform(tmp_path: Path) -> None:
    """It starts, and ends in order when it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-c", BARE + COMMAND, str(tmp_path / "memory.db")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("Ctrl-C" in line for line in process.stdout)
        process.terminate()
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, output, errors) == (0, "stopped\n", "")
