"""
A lock whose waiters are enqueued at once and served later, in the order in which they came.

Whoever hands over a write is enqueued in the same moment, so that what is written next comes after
it, although another task waits for the lock. A finalizer may do so, too: enqueuing only appends, so
it may happen in the middle of anything else here.
"""

from __future__ import annotations

import asyncio


class QueueLock:
    """Lock of a session: the first waiter has it."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        # A list, since there are many idle sessions: an empty deque takes ten times as much.
        self._waiters: list[Waiter] = []

    def locked(self) -> bool:
        """Return whether somebody has the lock."""
        return bool(self._waiters)

    def enqueue(self) -> Waiter:
        """Return a new waiter, behind all others."""
        return Waiter(self._waiters)


class Waiter:
    """A place in the queue of a lock."""

    __slots__ = ("_waiters", "_woken")

    def __init__(self, waiters: list[Waiter]) -> None:
        self._waiters = waiters
        self._woken = asyncio.Event()  # anyio's could not be made in a finalizer
        waiters.append(self)

    @property
    def is_first(self) -> bool:
        """Whether this one has the lock."""
        return self._waiters[0] is self

    async def acquire(self) -> None:
        """Wait until all waiters before this one have left."""
        while not self.is_first:
            await self._woken.wait()

    def leave(self) -> bool:
        """Leave the queue, with the lock or without; return whether it was not left before."""
        if self not in self._waiters:
            return False
        self._waiters.remove(self)
        if self._waiters:
            self._waiters[0]._woken.set()  # noqa: SLF001 - of the same class
        return True
