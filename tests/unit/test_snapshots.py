"""Processes with the same past, as after a fork or from a snapshot, differ by chance."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork is of POSIX")

TWINS = """
    import os
    from agentcore_memory_async import AsyncMemorySessionManager
    from agentcore_memory_async._random_ids import random_id

    manager = AsyncMemorySessionManager("chat-a1B2c3D4e5", region_name="us-west-2")
    for _ in range(2):
        if os.fork() == 0:
            print(random_id(), manager._core.retrier._random.random(), flush=True)
            os._exit(0)
        os.wait()
"""


def test_twins_share_neither_ids_nor_waits() -> None:
    """Client tokens and the jitter of retries have no state that is copied with the memory."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(TWINS)],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    one, other = (line.split() for line in done.stdout.splitlines())

    assert one[0] != other[0]
    assert one[1] != other[1]
