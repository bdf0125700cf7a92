"""A turn that is recorded while its answer is streamed, without ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from agentcore_memory_async._sync.iterator import BlockingIterator

if TYPE_CHECKING:
    from agentcore_memory_async.recording import RecordedTurn


class BlockingRecordedTurn(BlockingIterator[str]):
    """
    Yields the chunks of an answer and stores the turn; ``record_turn`` of a session makes it.

    It can be iterated once. ``close()`` ends it early; so does dropping it. Chunks are read in
    another thread, one by one, so the turn has those that its reader got.
    """

    _largest_chunk: int = 1

    def end(self) -> None:
        """Hand the turn over as far as it came, without waiting; its chunks still pass."""
        turn = cast("RecordedTurn | None", self._iterator)
        if turn is not None:
            self._backing.make(self._name, turn.end)
