"""Waiting for a memory: until it is active, or until it is gone."""

from __future__ import annotations

import random
from datetime import datetime  # noqa: TC003 - attrs reads it
from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from agentcore_memory_async._calls.attempts import is_retryable
from agentcore_memory_async._calls.backoff import growing_bound
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

    from agentcore_memory_async._control.core import ControlCore
    from agentcore_memory_async.models import MemoryStrategy

__all__ = ("MemoryWait",)

FIRST_WAIT_S = 1.0
"""Bound of the wait after the first poll, in seconds."""
GROWTH = 1.6
"""What each bound is multiplied by."""
LONGEST_WAIT_S = 10.0
"""Largest bound: a memory takes about two minutes on AWS."""
HIDDEN_S = 30.0
"""How long reads may miss a memory that was just created, in seconds."""
_CHANGING = frozenset({"CREATING", "UPDATING", "DELETING"})
"""States that end by themselves."""
_READY = frozenset({"ACTIVE", None})
"""States of a strategy that is ready; the service may leave it out."""


@frozen
class Awaited:
    """
    What a wait is for.

    Attributes:
        strategies: Names and ids of the strategies that have to be ready, and whose failure is an
            error; None for all. Others are waited for only while they change.
        since: When the memory was last changed, as far as the caller knows: an answer of an older
            state is none. None where nothing is known.
        is_new: Whether the memory was just created, so that reads may miss it for a while.
    """

    strategies: frozenset[str] | None = None
    since: datetime | None = None
    is_new: bool = False

    @classmethod
    def of(cls, memory: object) -> Awaited:
        """Return a wait for all of *memory*, a memory as it was answered or an id."""
        if not isinstance(memory, Memory):
            return cls()
        return cls(since=memory.updated_at, is_new=memory.status == "CREATING")

    def is_about(self, strategy: MemoryStrategy) -> bool:
        """Return whether the wait is for this strategy."""
        wanted = self.strategies
        return wanted is None or not wanted.isdisjoint((strategy.name, strategy.memory_strategy_id))

    def is_outdated(self, memory: Memory) -> bool:
        """Return whether an answer shows the memory as it was before; times may be cut to 1 s."""
        if self.since is None or memory.updated_at is None:
            return False
        return memory.updated_at < self.since.replace(microsecond=0)


def next_wait_s(polls: int, source: random.Random) -> float:
    """Draw the wait after poll number *polls* (1 is the first): half of a bound, or more."""
    bound = growing_bound(FIRST_WAIT_S, LONGEST_WAIT_S, polls, GROWTH)
    return source.uniform(bound / 2, bound)


def is_ready(memory: Memory, awaited: Awaited) -> bool:
    """
    Return whether a memory is active, and the strategies that are waited for, too.

    A strategy extracts nothing from events that are stored before it is active. A status that this
    package does not know is none that is waited for.

    Raises:
        MemoryFailedError: It is not, and will not be.
    """
    if awaited.is_outdated(memory):
        return False
    if memory.status == "FAILED":
        raise MemoryFailedError(memory.memory_id, memory.failure_reason or "")
    if memory.status == "DELETING":
        raise being_deleted(memory)
    if memory.status != "ACTIVE":
        return False
    mine = [each for each in memory.strategies if awaited.is_about(each)]
    failed = [each.name for each in mine if each.status == "FAILED"]
    if failed:
        raise MemoryFailedError(memory.memory_id, memory.failure_reason or "", failed)
    return not _unready(memory, awaited)


def being_deleted(memory: Memory) -> MemoryFailedError:
    """Return the error of a memory that is of no use any more."""
    return MemoryFailedError(memory.memory_id, "it is being deleted", status="DELETING")


def _unready(memory: Memory, awaited: Awaited) -> list[str]:
    """Return the strategies for which a wait goes on, with their states."""
    return [
        f"{each.name} {each.status}"
        for each in memory.strategies
        if each.status in _CHANGING or (each.status not in _READY and awaited.is_about(each))
    ]


def _state_of(memory: Memory, awaited: Awaited) -> str:
    """Return the status of a memory for which a wait goes on, and what it waits for."""
    if awaited.is_outdated(memory):
        return f"{memory.status} as before the change"
    unready = _unready(memory, awaited) if memory.status == "ACTIVE" else []
    return ", ".join([memory.status, *unready])


class MemoryWait(Followed[Memory, Memory]):
    """
    A wait until a memory is active; ``wait_until_active`` makes it.

    ``await`` returns the memory once it and all its strategies are active; ``async for`` shows it
    at each poll. Cancelling, or leaving the loop, leaves nothing in flight; waiting again goes on,
    with the whole timeout.
    """

    def __init__(
        self,
        core: ControlCore,
        memory_id: str,
        timeout_s: float,
        awaited: Awaited,
    ) -> None:
        self._core = core
        self._memory_id = memory_id
        self._timeout_s = timeout_s
        self._awaited = awaited

    def __repr__(self) -> str:
        return f"<MemoryWait {self._memory_id}, {'done' if self.done else 'waiting'}>"

    async def _steps(self) -> AsyncGenerator[Memory]:
        polls = _Polls(self._core, self._memory_id, self._timeout_s, self._awaited)
        while not self.done:
            memory = await polls.next()
            if is_ready(memory, self._awaited):
                self._result = memory
            yield memory


async def wait_until_gone(core: ControlCore, memory_id: str, timeout_s: float) -> None:
    """
    Wait until a memory that is being deleted is gone.

    Raises:
        MemoryFailedError: It could not be deleted.
        MemoryTimeoutError: It is still there.
    """
    polls = _Polls(core, memory_id, timeout_s, Awaited())
    while True:
        try:
            memory = await polls.next()
        except NotFoundError:
            return
        if memory.status == "FAILED":
            raise MemoryFailedError(memory_id, memory.failure_reason or "")


class _Polls:
    """Polls of a memory, with growing waits between them, until the time is over."""

    def __init__(
        self, core: ControlCore, memory_id: str, timeout_s: float, awaited: Awaited
    ) -> None:
        self._core = core
        self._memory_id = memory_id
        self._awaited = awaited
        self._hidden_until = core.wait_clock.now() + (HIDDEN_S if awaited.is_new else 0)
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
                self._status, self._cause = _state_of(memory, self._awaited), None
                self._hidden_until = self._began
                return memory

    async def _ask(self) -> Memory | None:
        """Ask once; return None where there was no answer yet."""
        params = {"memoryId": self._memory_id}
        self._polls += 1
        left_s = self._deadline - self._core.wait_clock.now()
        # Closing ends the poll, too: it changes nothing, and may be between two of its attempts.
        with self._core.waits.until(), anyio.move_on_after(left_s):
            try:
                return await self._core.read("GetMemory", params, self._core.read_memory)
            except AgentCoreMemoryError as error:
                if not (is_retryable(error) or self._may_be_hidden(error)):
                    raise
                self._cause = error
        return None

    def _may_be_hidden(self, error: AgentCoreMemoryError) -> bool:
        """Return whether a new memory is missing because reads do not show it yet."""
        is_early = self._core.wait_clock.now() < self._hidden_until
        return is_early and isinstance(error, NotFoundError)

    async def _rest(self) -> None:
        clock = self._core.wait_clock
        now = clock.now()
        if now >= self._deadline:
            waited_s = now - self._began
            found = MemoryTimeoutError(self._memory_id, self._status, waited_s, self._polls)
            raise found from self._cause
        await rest(self._core, self._polls, self._deadline, self._random)


async def rest(core: ControlCore, polls: int, deadline: float, source: random.Random) -> None:
    """
    Wait between poll number *polls* and the next, until *deadline* at most.

    Raises:
        ClosedError: The control is closed, or was closed meanwhile.
    """
    clock = core.wait_clock
    until = min(deadline, clock.now() + next_wait_s(polls, source))
    with core.waits.until(), holding(clock):
        while not await clock.wait(anyio.Event(), until):
            pass
