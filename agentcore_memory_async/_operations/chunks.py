"""Chunks of an answer: one async generator over whatever iterable they come from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Collection, Iterable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from anyio import move_on_after

from agentcore_memory_async._wire.validation import kind, refuse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

CLEANUP_TIMEOUT_S = 5.0
"""How long closing the chunks may take after a cancellation."""
_END = object()
"""What stands for the end of an iterator in a thread, where no StopIteration may be raised."""


def iterate(argument: str, chunks: object, of: str = "str") -> AsyncGenerator[object]:
    """
    Return a generator over *chunks*, which may block; it closes them, read or not.

    The loop closes generators that nobody refers to any more, and so the chunks.
    """
    if isinstance(chunks, AsyncIterable):
        return _begun(_pass_on(cast("AsyncIterable[object]", chunks)))
    if isinstance(chunks, str | bytes) or not isinstance(chunks, Iterable):
        refuse(f"{argument} is {kind(chunks)}; give an async or other iterable of {of}")
    if isinstance(chunks, Collection):
        return _each(cast("Collection[object]", chunks))
    return _begun(_in_threads(cast("Iterable[object]", chunks)))


def _begun(generator: AsyncGenerator[object]) -> AsyncGenerator[object]:
    """Run *generator* to its first ``yield``: one that has not begun ends without its cleanup."""
    with suppress(StopIteration):
        generator.__anext__().send(None)
    return generator


async def _pass_on(chunks: AsyncIterable[object]) -> AsyncGenerator[object]:
    iterator = aiter(chunks)
    try:
        yield None  # see _begun
        async for chunk in iterator:
            yield chunk
    finally:
        close: Any = getattr(iterator, "aclose", None)
        if close is not None:
            with move_on_after(CLEANUP_TIMEOUT_S, shield=True):
                await close()


async def _each(chunks: Collection[object]) -> AsyncGenerator[object]:
    for chunk in chunks:
        yield chunk


async def _in_threads(chunks: Iterable[object]) -> AsyncGenerator[object]:
    """Iterate over *chunks* in threads; a step that is cancelled goes on, and is waited for."""
    iterator = iter(chunks)
    context, lock = copy_context(), Lock()

    def run(function: Callable[[], object]) -> object:
        with lock:  # of a step that was cancelled
            return context.run(function)

    def in_thread(function: Callable[[], object]) -> Awaitable[object]:
        return asyncio.get_running_loop().run_in_executor(None, run, function)

    try:
        yield None  # see _begun
        while (chunk := await in_thread(partial(next, iterator, _END))) is not _END:
            yield chunk
    finally:
        close: Any = getattr(iterator, "close", None)
        if close is not None:
            with move_on_after(CLEANUP_TIMEOUT_S, shield=True):
                await in_thread(close)
