"""SIGTERM and Ctrl-C end the command within five seconds, whatever it is doing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.timeout(240)  # its start alone can take a busy machine a minute

WITHIN_S = 5.0
"""Seconds in which the command ends, where it gets a processor whenever it needs one."""

COMMAND = """
import time
began, worked = time.monotonic(), time.process_time()
import anyio, asyncio, contextlib, re, subprocess, sys, threading, urllib.request
from agentcore_memory_async.local import LocalMemoryService, __main__ as command
from agentcore_memory_async.local._command import stopping

# How many times as long as its work the start took: 1 where other programs leave a processor free.
slow = int(max(1, (time.monotonic() - began) / (time.process_time() - worked)))
print(slow, flush=True)

def in_order(function):
    stopping.PATIENCE_S *= slow  # a busy machine holds nothing up for good
    then(function)

def then(function, method="open"):
    original = getattr(LocalMemoryService, method)
    async def changed(self):
        await original(self)
        if function is not spin_in_the_loop:
            print("ready", flush=True)
        await function(self)
    setattr(LocalMemoryService, method, changed)

def thread(function, *args, daemon=True):
    async def start(self):
        threading.Thread(target=function, args=args, daemon=daemon).start()
    return start

def spin():
    print("ready", flush=True)
    while True:
        pass

async def spin_in_the_loop(self):
    asyncio.get_running_loop().call_later(0.01, spin)

async def never(self):
    with anyio.CancelScope(shield=True):
        await asyncio.Event().wait()

async def no_signals(self):
    def refuse(*args):
        raise NotImplementedError
    asyncio.get_running_loop().add_signal_handler = refuse

def post(url):
    with contextlib.suppress(OSError):
        json_type = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(url, b"{}", json_type))

async def ask(self):
    fault = self.add_latency(900)
    url = f"{self.endpoint_url}/memories/chat-a1B2c3D4e5/actors"
    threading.Thread(target=post, args=(url,), daemon=True).start()
    while not fault.met:
        await asyncio.sleep(0.01)

def no_process():
    def refuse(*args, **options):
        raise BlockingIOError(11, "Resource temporarily unavailable")
    subprocess.Popen = refuse
    then(spin_in_the_loop)

{
    "idle": lambda: in_order(no_signals),
    "a request waits": lambda: in_order(ask),
    "a matcher holds the interpreter": lambda: then(thread(re.match, "(a+)+b", "a" * 60)),
    "the loop is stuck": lambda: then(spin_in_the_loop),
    "a thread does not end": lambda: then(thread(threading.Event().wait, daemon=False)),
    "opening does not end": lambda: then(never),
    "closing does not end": lambda: (then(no_signals), then(never, "aclose")),
    "no watchdog can be started": no_process,
}[sys.argv[1]]()
sys.exit(command.main(["--port", "0"]))
"""
KILLED = "agentcore_memory_async.local: killed: it was still busy 3.5 s after the signal"
ENDS = {
    "idle": (0, ""),
    "a request waits": (0, ""),
    "a matcher holds the interpreter": (-signal.SIGKILL, KILLED),
    "the loop is stuck": (-signal.SIGKILL, KILLED),
    "a thread does not end": (-signal.SIGKILL, KILLED),
    "opening does not end": (-signal.SIGKILL, KILLED),
    "closing does not end": (-signal.SIGKILL, KILLED),
    "no watchdog can be started": (1, "Timeout"),
}
"""Exit status and first words on stderr, by what the command is doing."""


@contextmanager
def _busy(doing: str) -> Generator[tuple[subprocess.Popen[str], float]]:
    """Yield the command while it is *doing*, and how long its end may take on this machine."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, doing],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        limit = WITHIN_S * int(process.stdout.readline())
        last = "Ctrl-C" if ENDS[doing] == (0, "") else "ready"
        assert any(last in line for line in process.stdout)
        yield process, limit
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("doing", "number"),
    [
        *((doing, signal.SIGTERM) for doing in ENDS),
        ("idle", signal.SIGINT),
        ("a matcher holds the interpreter", signal.SIGINT),
    ],
)
def test_the_command_ends_whatever_it_is_doing(doing: str, number: signal.Signals) -> None:
    """It ends in order, or is killed with one line about it; five seconds are never exceeded."""
    with _busy(doing) as (process, limit):
        process.send_signal(number)
        process.wait(limit)
        _, errors = process.communicate()
    assert ENDS[doing] == (process.returncode, errors.split("\n")[0].split(" (")[0])


def test_the_watchdog_ends_with_the_command() -> None:
    """A command that is killed leaves no process behind: nobody holds its output open."""
    with _busy("idle") as (process, limit):
        process.kill()
        began = time.monotonic()
        process.communicate()
    assert time.monotonic() - began < limit
