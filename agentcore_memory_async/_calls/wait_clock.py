"""The clock by which waits for extraction are timed: the loop's, or one that a test moves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import anyio

from agentcore_memory_async._loop_time import loop_time

if TYPE_CHECKING:
    from collections.abc import Generator


@runtime_checkable
class WaitClock(Protocol):
    """
    A clock that waits can be timed by.

    Whatever is under way holds the clock, so that a clock that moves by itself does not move on
    meanwhile: a call, a poll, and a wait except while it waits.
    """

    def now(self) -> float:
        """Return the time in seconds."""
        ...

    def hold(self) -> None:
        """Note that something is under way."""
        ...

    def release(self) -> None:
        """Note that it has ended, as often as `hold`."""
        ...

    async def wait(self, event: anyio.Event, until: float) -> bool:
        """
        Wait for *event*, until *until* at most, and let go of the clock meanwhile.

        Returns:
            Whether it is *until*, and what has begun before that has had its effect.
        """
        ...


class LoopClock:
    """The clock of the running event loop."""

    def now(self) -> float:
        """Return the time of the loop."""
        return loop_time()

    def hold(self) -> None:
        """Do nothing: time goes on."""

    def release(self) -> None:
        """Do nothing."""

    async def wait(self, event: anyio.Event, until: float) -> bool:
        """Wait for *event*, until *until* at most; return whether it is *until*."""
        with anyio.move_on_after(until - loop_time()):
            await event.wait()
            return False
        return True


LOOP_CLOCK = LoopClock()
"""The clock of whatever is no wait for extraction, such as the pace of requests."""


class Holdable(Protocol):
    """What can be held."""

    def hold(self) -> None:
        """Note that something is under way."""
        ...

    def release(self) -> None:
        """Note that it has ended."""
        ...


class Held:
    """Holds something in a block; a generator would take longer."""

    __slots__ = ("_holdable",)

    def __init__(self, holdable: Holdable) -> None:
        self._holdable = holdable

    def __enter__(self) -> None:
        self._holdable.hold()

    def __exit__(self, *_: object) -> None:
        self._holdable.release()


def holding(clock: WaitClock) -> Held:
    """Keep hold of the clock in the block."""
    return Held(clock)


@contextmanager
def releasing(clock: WaitClock) -> Generator[None]:
    """Let go of the clock in the block, inside of `holding`."""
    clock.release()
    try:
        yield
    finally:
        clock.hold()
