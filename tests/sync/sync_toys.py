"""A small async class and its blocking facade, for tests of the loop thread."""

from __future__ import annotations

import contextvars
import os
import threading
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

import anyio

from agentcore_memory_async._sync.derive import (
    BlockingFacade,
    blocking,
    blocking_factory,
    blocking_into,
    blocking_iterator,
    constructing,
)
from agentcore_memory_async._sync.shared_resource import SharedResource

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

TENANT: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")


class AsyncToy:
    """
    An async class that opens a task group, so the task that opened it has to close it.

    Args:
        name: Name in the repr.
        fail: Error that opening raises while it is set.
    """

    def __init__(self, name: str, *, fail: Exception | None = None) -> None:
        self.name = name
        self.fail = fail
        self.log: list[str] = []
        self.running = 0
        self.fail_at_close: Exception | None = None
        self.hanging = threading.Event()

    def __repr__(self) -> str:
        return f"<AsyncToy {self.name}, {len(self.log)} entries>"

    async def __aenter__(self) -> Self:
        self.log.append("opening")
        await anyio.sleep(0)
        if self.fail:
            raise self.fail
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(anyio.create_task_group())
            tasks.start_soon(anyio.sleep_forever)
            self._tasks = tasks
            self._stack = stack.pop_all()
        self.log.append("open")
        return self

    async def __aexit__(self, *error: object) -> None:
        self._tasks.cancel_scope.cancel()
        await self._stack.aclose()
        self.log.append("closed")
        if self.fail_at_close:
            raise self.fail_at_close

    async def echo(self, value: str, *, times: int = 1) -> str:
        """
        Return *value*, repeated.

        Args:
            value: Text to repeat.
            times: Number of repetitions.
        """
        await anyio.sleep(0)
        return value * times

    async def tenant(self) -> str:
        """Return the caller's tenant, and set another one."""
        found = TENANT.get()
        TENANT.set("changed")
        return found

    async def wait_for(self, event: anyio.Event) -> None:
        """Wait for *event*."""
        await event.wait()

    async def trouble(self, error: BaseException) -> None:
        """Raise *error*."""
        await anyio.sleep(0)
        raise error

    async def hang(self) -> None:
        """Wait forever, and clean up when cancelled."""
        self.running += 1
        self.hanging.set()
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                for _ in range(3):
                    await anyio.sleep(0)
            self.running -= 1
            self.log.append("cleaned up")

    async def call_back(self, function: Callable[[], object]) -> object:
        """Call *function* on the loop thread."""
        await anyio.sleep(0)
        return function()

    async def count(self, to: int, *, page: int = 10) -> AsyncGenerator[int]:
        """Iterate over *to* numbers, in pages."""
        self.running += 1
        try:
            with anyio.CancelScope():  # valid only if one task runs all steps
                for number in range(to):
                    if number % page == 0:
                        self.log.append(f"page {number // page}")
                        await anyio.sleep(0)
                    yield number
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0)
            self.running -= 1

    async def drip(self, events: list[anyio.Event]) -> AsyncGenerator[int]:
        """Yield a number for each event that is set."""
        for number, event in enumerate(events):
            if not event.is_set():
                self.hanging.set()
            await event.wait()
            yield number

    async def break_after(self, to: int) -> AsyncGenerator[int]:
        """Iterate over *to* numbers, then raise."""
        for number in range(to):
            yield number
        message = "broken"
        raise ValueError(message)

    async def other(self, name: str) -> AsyncToy:
        """Return another toy."""
        return AsyncToy(name)

    def maker(self) -> AsyncToy:
        """Return another toy, made on the loop thread."""
        return AsyncToy(threading.current_thread().name)


class Toy(BlockingFacade[AsyncToy]):
    """The blocking facade of `AsyncToy`."""

    @constructing(AsyncToy)
    def __init__(self) -> None:
        self._backing = SharedResource(self._inner)

    echo = blocking(AsyncToy.echo)
    tenant = blocking(AsyncToy.tenant)
    wait_for = blocking(AsyncToy.wait_for)
    trouble = blocking(AsyncToy.trouble)
    hang = blocking(AsyncToy.hang)
    call_back = blocking(AsyncToy.call_back)
    count = blocking_iterator(AsyncToy.count)
    drip = blocking_iterator(AsyncToy.drip)
    break_after = blocking_iterator(AsyncToy.break_after)

    @property
    def inner(self) -> AsyncToy:
        """The async object."""
        return self._inner

    def close(self) -> None:
        """Close the facade."""
        self._backing.close("AsyncToy.aclose")

    def __enter__(self) -> Self:
        self._backing.open("AsyncToy.open")
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class ToyWithOthers(Toy):
    """A facade with methods that return other facades."""

    other = blocking_into(AsyncToy.other, Toy)
    maker = blocking_factory(AsyncToy.maker, Toy)


def sockets() -> int:
    """Return the number of open file descriptors, or 0 if they can't be counted."""
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    except OSError:
        return 0
