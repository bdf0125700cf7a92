"""Waiting for a memory: until it is active, or until it is gone."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import anyio

from agentcore_memory_async._calls.retry import is_retryable
from agentcore_memory_async._calls.wait_clock import holding
from agentcore_memory_async._followed import Followed
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    MemoryFailedError,
    MemoryTimeoutError,
    NotFoundError,
)
from agentcore_memory_async.models import Memory

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agentcore_memory_async._calls.wait_clock import WaitClock
    from agentcore_memory_async._control.core import ControlCore

__all__ = ("MemoryWait",)

FIRST_WAIT_S = 1.0
"""Bound of the wait after the first poll, in seconds."""
GROWTH = 1.6
"""What each bound is multiplied by."""
LONGEST_WAIT_S = 10.0
"""Largest bound: a memory takes about two minutes on AWS."""
_CHANGING = frozenset({"CREATING", "UPDATING", "DELETING"})
"""States that end by themselves."""


def next_wait_s(polls: int, source: random.Random) -> float:
    """Draw the wait after poll number *polls* (1 is the first): half of a bound, or more."""
    bound = min(LONGEST_WAIT_S, FIRST_WAIT_S * GROWTH ** min(polls - 1, 30))
    return source.uniform(bound / 2, bound)


def is_ready(memory: Memory) -> bool:
    """
    Return whether a memory and all its strategies are ready.

    A strategy extracts nothing from events that are stored before it is active.

    Raises:
        MemoryFailedError: It is not, and will not be.
    """
    if memory.status == "FAILED":
        raise MemoryFailedError(memory.memory_id, memory.failure_reason or "")
    if memory.status == "DELETING":
        raise MemoryFailedError(memory.memory_id, "it is being deleted")
    failed = [each.name for each in memory.strategies if each.status == "FAILED"]
    if failed and memory.status not in _CHANGING:
        raise MemoryFailedError(memory.memory_id, memory.failure_reason or "", failed)
    states = {memory.status, *(each.status for each in memory.strategies)}
    return not states & _CHANGING


class MemoryWait(Followed[Memory, Memory]):
    """
    A wait until a memory is active; ``wait_until_active`` makes it.

    ``await`` returns the memory once it and all its strategies are active; ``async for`` shows it
    at each poll. Cancelling, or leaving the loop, leaves nothing in flight; waiting again goes on,
    with the whole timeout.
    """

    def __init__(self, core: ControlCore, memory_id: str, timeout_s: float) -> None:
        self._core = core
        self._memory_id = memory_id
        self._timeout_s = timeout_s

    def __repr__(self) -> str:
        return f"<MemoryWait {self._memory_id}, {'done' if self.done else 'waiting'}>"

    async def _steps(self) -> AsyncGenerator[Memory]:
        polls = _Polls(self._core, self._memory_id, self._timeout_s)
        while not self.done:
            memory = await polls.next()
            if is_ready(memory):
                self._result = memory
            yield memory


async def wait_until_gone(core: ControlCore, memory_id: str, timeout_s: float) -> None:
    """
    Wait until a memory that is being deleted is gone.

    Raises:
        MemoryFailedError: It could not be deleted.
        MemoryTimeoutError: It is still there.
    """
    polls = _Polls(core, memory_id, timeout_s)
    while True:
        try:
            memory = await polls.next()
        except NotFoundError:
            return
        if memory.status == "FAILED":
            raise MemoryFailedError(memory_id, memory.failure_reason or "")


class _Polls:
    """Polls of a memory, with growing waits between them, until the time is over."""

    def __init__(self, core: ControlCore, memory_id: str, timeout_s: float) -> None:
        self._core = core
        self._memory_id = memory_id
        self._random = random.Random()
        self._began = core.wait_clock.now()
        self._deadline = self._began + timeout_s
        self._polls = 0
        self._status = "unknown"
        self._cause: Exception | None = None

    async def next(self) -> Memory:
        """
        Return the memory, after a wait unless it is the first time.

        What a later poll may mend is waited out.

        Raises:
            MemoryTimeoutError: The time is over.
        """
        while True:
            if self._polls:
                await self._rest()
            memory = await self._ask()
            if memory is not None:
                self._status, self._cause = memory.status, None
                return memory

    async def _ask(self) -> Memory | None:
        """Ask once; return None where there was no answer yet."""
        params = {"memoryId": self._memory_id}
        self._polls += 1
        with anyio.move_on_after(self._deadline - self._core.wait_clock.now()):
            try:
                return await self._core.read("GetMemory", params, self._core.read_memory)
            except AgentCoreMemoryError as error:
                if not is_retryable(error):
                    raise
                self._cause = error
        return None

    async def _rest(self) -> None:
        clock = self._core.wait_clock
        now = clock.now()
        if now >= self._deadline:
            waited_s = now - self._began
            found = MemoryTimeoutError(self._memory_id, self._status, waited_s, self._polls)
            raise found from self._cause
        await rest(clock, self._polls, self._deadline, self._random)


async def rest(clock: WaitClock, polls: int, deadline: float, source: random.Random) -> None:
    """Wait between poll number *polls* and the next, until *deadline* at most."""
    until = min(deadline, clock.now() + next_wait_s(polls, source))
    with holding(clock):
        while not await clock.wait(anyio.Event(), until):
            pass
