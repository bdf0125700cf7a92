"""
A turn that is recorded while its answer is streamed.

The reader of a stream may leave at any time and in many ways, so what there is of the turn is
handed over without any `await`, at the first sign of an end, and somebody else writes it. The
signs:

1. The step under way ends: with the stream, by an error, or by a cancellation.
2. The reader closes the turn.
3. The task of the last step, or that which began the turn, is cancelled or fails outside of it,
   such as while it sends a chunk. Frameworks then leave the turn in a reference cycle, where it
   could stay for long.
4. Nobody refers to the turn any more, whether it was begun or not.
5. The manager closes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, Self
from weakref import WeakKeyDictionary

from agentcore_memory_async._wire.validation import kind, refuse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

__all__ = ("RecordedTurn",)


class _Store(Protocol):
    """Takes over a turn: its answer as far as it came, and whether that is not its end."""

    def __call__(self, answer: str, *, is_interrupted: bool) -> None: ...


_Turns = WeakKeyDictionary["RecordedTurn", None]
# One callback for each task: it may read thousands of turns, and removing one goes through all.
_turns_of = WeakKeyDictionary["asyncio.Task[Any]", _Turns]()


def _turns_read_by(task: asyncio.Task[Any]) -> _Turns:
    """Return the turns that learn of the end of *task*, which must not keep them from dropping."""
    turns = _turns_of.get(task)
    if turns is None:
        turns = _turns_of[task] = WeakKeyDictionary()
        task.add_done_callback(partial(_report_end, turns))
    return turns


def _report_end(turns: _Turns, task: asyncio.Task[Any]) -> None:
    for turn in turns.keyrefs():
        if (recorded := turn()) is not None:
            recorded._reader_ended(task)  # noqa: SLF001 - of this module


class RecordedTurn(AsyncIterator[str]):
    """
    Yields the chunks of an answer and stores the turn; ``record_turn`` of a session makes it.

    It can be iterated once. ``aclose()`` ends it early; so does dropping it.
    """

    def __init__(
        self,
        source: AsyncGenerator[object],
        store: _Store,
        close_soon: Callable[[AsyncGenerator[object]], None],
    ) -> None:
        self._source = source
        self._store: _Store | None = store
        self._close_soon = close_soon
        self._parts: list[str] = []
        self._is_read = False
        self._reader: asyncio.Task[Any] | None = None
        self._watch(asyncio.current_task())

    def __repr__(self) -> str:
        state = "recording" if self._store else "handed over"
        return f"<RecordedTurn {state}, {len(self._parts)} chunks>"

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        if self._is_read:  # it would be an error of the chunks, and end the turn of the other one
            raise RuntimeError("another task awaits a chunk of this turn; let one task read it")
        self._is_read = True
        try:
            return await self._next()
        finally:
            self._is_read = False

    async def _next(self) -> str:
        if self._store is not None:
            self._watch(asyncio.current_task())
        try:
            chunk = await anext(self._source)
            if not isinstance(chunk, str):
                refuse(f"chunk {len(self._parts)} is {kind(chunk)}; give only str, or '' for none")
        except StopAsyncIteration:
            self._hand_over(is_interrupted=False)
            raise
        except BaseException:
            self.end()
            await self._source.aclose()  # which is over, unless the chunk was no str
            raise
        self._parts.append(chunk)
        return chunk

    async def aclose(self) -> None:
        """Hand the turn over as far as it came, and close the chunks; again it does nothing."""
        self.end()
        await self._source.aclose()

    def end(self) -> None:
        """Hand the turn over as far as it came, without waiting; its chunks still pass."""
        self._hand_over(is_interrupted=True)

    def __del__(self) -> None:
        self.end()

    def _watch(self, task: asyncio.Task[Any] | None) -> None:
        """Note who reads, so that his end is seen; that of an earlier reader says nothing."""
        self._reader = task
        if task is not None:
            _turns_read_by(task)[self] = None

    def _reader_ended(self, task: asyncio.Task[Any]) -> None:
        """Hand the turn over if its last reader was cancelled or failed."""
        # exception() would count as retrieving it, and nobody would report it any more.
        is_failed = task.cancelled() or getattr(task, "_exception", None) is not None
        if is_failed and task is self._reader:
            self.end()
            self._close_soon(self._source)

    def _hand_over(self, *, is_interrupted: bool) -> None:
        store, self._store = self._store, None
        if store is not None:
            self._watch(None)
            store("".join(self._parts), is_interrupted=is_interrupted)
