"""What the programs on the facade share, which tests and the soak of scripts run."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import time
from typing import TYPE_CHECKING

from agentcore_memory_async.sync import MemorySession, MemorySessionManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMORY_ID = "soak-a1B2c3D4e5"
HELLO = {"role": "user", "content": "Hello."}
PACE_S = 0.01
PROGRAMS: dict[str, Callable[[Program], None]] = {}
STATUS = {"sys_exit": 3, "exception": 1}


def program(function: Callable[[Program], None]) -> Callable[[Program], None]:
    """Register a program by its name."""
    PROGRAMS[function.__name__] = function
    return function


def say(*words: object) -> None:
    """Write a line in one piece, though threads and children write, too."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


@contextlib.contextmanager
def ctrl_c_later() -> Iterator[None]:
    """Hold back a Ctrl-C: in a fork it would leave a lock of logging held, for one."""
    came = list[int]()
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


class Program:
    """What programs share: a manager, an actor of their own, and draws by a seed."""

    def __init__(self, actor: str, seed: int) -> None:
        self.actor = actor
        self.draw = random.Random(seed)
        self.manager = MemorySessionManager(MEMORY_ID)
        self._numbers = itertools.count()

    def session(self) -> MemorySession:
        """Return a new session."""
        name = f"s{os.getpid()}-{next(self._numbers)}"
        return MemorySession(self.manager, self.actor, name)

    def store(self, count: int = 1) -> MemorySession:
        """Store some messages of a new session, and return it."""
        session = self.session()
        session.add_turns([HELLO] * count)
        say("stored", count)
        return session

    def chunks(self, count: int = 20) -> Iterator[str]:
        """Yield the chunks of an answer, one after the other."""
        for number in range(count):
            time.sleep(PACE_S)
            yield f"{number} "

    def ready(self) -> None:
        """Open the manager, and say that what the program is about begins."""
        self.store()
        say("ready")
