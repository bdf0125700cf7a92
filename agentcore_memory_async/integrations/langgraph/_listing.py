"""Checkpoints of a thread in LangGraph's order: by id, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.integrations.langgraph._history import Found, History
from agentcore_memory_async.integrations.langgraph._records import CheckpointKey

if TYPE_CHECKING:
    from agentcore_memory_async.integrations.langgraph._threads import Threads


class Listing:
    """
    A list of checkpoints, read page by page.

    Args:
        threads: The threads.
        thread_id: Id of the thread.
        namespace: The only namespace; all of them if None.
        checkpoint_id: The only checkpoint; all of them if None.
        before: Id of a checkpoint; only older ones are listed. None for all.

    Attributes:
        is_over: Whether all were returned.
    """

    def __init__(
        self,
        threads: Threads,
        thread_id: str,
        *,
        namespace: str | None,
        checkpoint_id: str | None,
        before: str | None,
    ) -> None:
        self._history = History(namespace)
        self._reading = threads.reading(thread_id, self._history)
        self._checkpoint_id = checkpoint_id
        self._before = before
        self._returned = set[CheckpointKey]()
        self.is_over = False

    async def read_page(self) -> list[Found]:
        """Read a page, and return the checkpoints that are complete with it."""
        await self._reading.read_page()
        found = self._complete()
        self.is_over = self._history.is_whole
        return found

    async def aclose(self) -> None:
        """End."""
        await self._reading.aclose()

    def _complete(self) -> list[Found]:
        """Return the newest checkpoints as far as they are complete, so that none is passed."""
        waiting = [
            key
            for key in self._history.checkpoints
            if key not in self._returned and self._is_wanted(key)
        ]
        complete: list[Found] = []
        for key in sorted(waiting, key=lambda each: each[1], reverse=True):
            found = self._history.find(key)
            if found is None:
                break
            self._returned.add(key)
            complete.append(found)
        return complete

    def _is_wanted(self, key: CheckpointKey) -> bool:
        id_ = key[1]
        if self._checkpoint_id is not None and id_ != self._checkpoint_id:
            return False
        return self._before is None or id_ < self._before
