"""What the ancestors of a checkpoint wrote to delta channels, in one pass over a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.integrations.langgraph._history import History

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agentcore_memory_async.integrations.langgraph._records import Sealed, TaskWrite
    from agentcore_memory_async.integrations.langgraph._threads import Threads


class DeltaWalk:
    """
    A walk from a checkpoint up its ancestors.

    Args:
        threads: The threads.
        thread_id: Id of the thread.
        namespace: Namespace of the checkpoint.
        checkpoint_id: Its id; None for the newest one.
        channels: Names of the channels.
    """

    def __init__(
        self,
        threads: Threads,
        thread_id: str,
        namespace: str,
        checkpoint_id: str | None,
        channels: Sequence[str],
    ) -> None:
        self._namespace = namespace
        self._history = History(namespace)
        self._reading = threads.reading(thread_id, self._history)
        self._id = checkpoint_id
        self._is_begun = False
        self._left = set(channels)
        self._writes: dict[str, list[TaskWrite]] = {channel: [] for channel in channels}
        self._seeds: dict[str, Sealed] = {}

    async def run(self) -> Mapping[str, tuple[list[TaskWrite], Sealed | None]]:
        """Return the writes of each channel, oldest first, and the value that they follow."""
        try:
            while self._left and not self._history.is_whole:
                await self._reading.read_page()
                self._go_on()
        finally:
            await self._reading.aclose()
        return {
            channel: (writes[::-1], self._seeds.get(channel))
            for channel, writes in self._writes.items()
        }

    def _go_on(self) -> None:
        """Move up the ancestors as far as the thread was read."""
        while self._left:
            id_ = self._id or self._history.newest(self._namespace)
            if id_ is None:
                return
            found = self._history.find((self._namespace, id_))
            if found is None:
                return
            if self._is_begun:  # the writes of the checkpoint itself are of the next step
                self._collect(found.values, found.writes)
            self._is_begun = True
            if not found.record.parent:
                self._left.clear()
                return
            self._id = found.record.parent

    def _collect(self, values: Mapping[str, Sealed], writes: Sequence[TaskWrite]) -> None:
        for write in reversed(writes):
            if write.channel in self._left:
                self._writes[write.channel].append(write)
        for channel in self._left & values.keys():
            self._seeds[channel] = values[channel]
            self._left.discard(channel)
