"""
Iterating over an async iterator from any thread.

The async iterator runs in one task on the loop thread (`IteratorBridge`), which hands its items
over in chunks. The calling thread takes them one by one (`BlockingIterator`).
"""

from __future__ import annotations

import concurrent.futures
import threading
from asyncio import CancelledError
from collections import deque
from typing import TYPE_CHECKING, Generic, Self, TypeVar, cast

from anyio import CancelScope, Event, current_time

from agentcore_memory_async._sync.loop_thread import (
    CLEANUP_TIMEOUT_S,
    loop_thread,
    warn_in_a_running_loop,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from agentcore_memory_async._sync.loop_thread import LoopThread
    from agentcore_memory_async._sync.shared_resource import SharedResource
T = TypeVar("T")


CHUNK = 128
"""Largest number of items handed over at once; it begins with one and doubles."""


class IteratorBridge(Generic[T]):
    """
    Runs an async iterator in one task and hands its items over in chunks; on the loop thread.

    It runs ahead of its reader only within the chunk that was asked for. One task for all steps
    makes cancel scopes in the iterator legal, and lets it be closed at any time.
    """

    _wanted: int

    def __init__(self, thread: LoopThread, iterator: AsyncIterator[T]) -> None:
        self.thread = thread
        self._iterator = iterator
        self._items: deque[T] = deque()
        self._asked = Event()
        self._arrived = Event()
        self._ended = Event()
        # Shielded: closing ends it, in order, even when the whole thread stops.
        self._scope = CancelScope(shield=True)
        self._stepping = self._ending = False
        self._error: BaseException | None = None
        thread.closers.add(self.end)
        thread.tasks.start_soon(self._run)

    async def take(self, most: int) -> list[T]:
        """Return the items so far, at least one, or nothing at the end."""
        while not self._items and not self._ended.is_set():
            self._wanted = most
            if self._arrived.is_set():
                self._arrived = Event()
            self._asked.set()
            await self._arrived.wait()
        items = list(self._items)
        self._items.clear()
        if not items and self._error is not None:
            error, self._error = self._error, None
            raise error
        return items

    async def _run(self) -> None:
        try:
            with self._scope:
                try:
                    await self._steps()
                except CancelledError:
                    self._error = concurrent.futures.CancelledError()
                    if self._scope.cancel_called or self.thread.stopping:
                        raise
                except BaseException as error:  # noqa: BLE001 - raised in the reader's thread
                    self._error = error
        finally:
            self.thread.closers.discard(self.end)
            self._ended.set()
            self._arrived.set()

    async def _steps(self) -> None:
        await self._asked.wait()
        while not self._ending:
            self._stepping = True
            try:
                item = await anext(self._iterator)
            except StopAsyncIteration:
                return
            finally:
                self._stepping = False
            self._items.append(item)
            self._arrived.set()
            if len(self._items) >= self._wanted and not self._ending:
                self._asked = Event()
                await self._asked.wait()
        self._scope.deadline = current_time() + CLEANUP_TIMEOUT_S
        aclose: Callable[[], Awaitable[None]] | None = getattr(self._iterator, "aclose", None)
        if aclose is not None:
            await aclose()

    def end(self) -> None:
        """End it: cancel a step, or close the iterator between two; on the loop thread."""
        self._ending = True
        self._asked.set()
        if self._stepping:
            self._scope.cancel()

    def close_soon(self) -> None:
        """Close without waiting, from any thread."""
        self.thread.post(self.end)

    async def close(self) -> None:
        """Close and wait."""
        self.end()
        await self._ended.wait()


class BlockingIterator(Generic[T]):
    """
    Iterates over an async iterator, from any thread.

    Items come in growing chunks, of one item at first, and each as soon as it is available.
    ``close()`` ends it early; so does leaving a ``for`` loop that holds the only reference.
    """

    _largest_chunk: int = CHUNK

    def __init__(self, backing: SharedResource, name: str, iterator: AsyncIterator[T]) -> None:
        self._backing = backing
        self._name = name
        self._iterator: AsyncIterator[T] | None = iterator
        self._bridge: IteratorBridge[T] | None = None
        self._items: deque[T] = deque()
        self._most = 1
        self._one_at_a_time = threading.RLock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        with self._one_at_a_time:
            if not self._items and self._iterator is not None:
                warn_in_a_running_loop(type(self).__name__, self._name)
                self._fetch()
            if not self._items:
                raise StopIteration
            return self._items.popleft()

    def _fetch(self) -> None:
        try:
            self._items += self._backing.call(self._name, self._take)
        except BaseException:
            self.close()  # interrupted or failed, it has ended, like a generator
            raise
        self._most = min(2 * self._most, self._largest_chunk)
        if not self._items:
            self._iterator = self._bridge = None

    async def _take(self) -> list[T]:
        if self._bridge is None:
            self._bridge = IteratorBridge(loop_thread(), cast("AsyncIterator[T]", self._iterator))
        return await self._bridge.take(self._most)

    def close(self) -> None:
        """End the iterator and wait until its work has stopped; closing again does nothing."""
        bridge, self._bridge, self._iterator = self._bridge, None, None
        self._items.clear()
        if bridge is not None and bridge.thread.usable:
            bridge.thread.call(bridge.close)

    def __del__(self) -> None:
        if self._bridge is not None:
            self._bridge.close_soon()
