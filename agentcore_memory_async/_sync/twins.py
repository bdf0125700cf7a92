"""Errors that leave the sync facade: what is awaited in the async API is called there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from agentcore_memory_async._sync.loop_thread import warn_in_a_running_loop
from agentcore_memory_async.errors import COPIED, ClosedError, ExtractionFailedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Caller = Callable[[str, Callable[[], Awaitable[Any]]], object]


class BlockingExtractionFailedError(ExtractionFailedError):
    """
    Extraction failed: the sync facade raises it for an ``ExtractionFailedError``.

    It has the same attributes, and ``restart()`` is called without ``await``.
    """

    _call: Caller | None = None

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        cls, fields, state = super().__reduce__()
        return cls, fields, {**state, "_call": None}

    def restart(self) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - it blocks
        """
        Start the failed jobs again, once, however often it is called; then wait again.

        Raises:
            ClosedError: The manager is closed, or this error is a copy without a manager.
            ServiceError: The service refused it.

        AWS operation: ``StartMemoryExtractionJob``, for each job.
        """
        if self._call is None:
            raise ClosedError(COPIED)
        instead = "ExtractionFailedError.restart"
        warn_in_a_running_loop("BlockingExtractionFailedError.restart", instead)
        self._call(instead, partial(ExtractionFailedError.restart, self))


TWINS: dict[type, type[BlockingExtractionFailedError]] = {
    ExtractionFailedError: BlockingExtractionFailedError
}
"""Blocking classes of the errors that have async methods."""


def make_blocking(error: BaseException, call: Caller) -> None:
    """Change *error*, its causes and the errors of its group to their twins; *call* blocks."""
    left, seen = [error], set[int]()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        twin = TWINS.get(type(each))
        if twin is not None:
            vars(each)["_call"] = call
            each.__class__ = twin
        left += [below for below in (each.__cause__, each.__context__) if below is not None]
        if isinstance(each, BaseExceptionGroup):
            left += cast("BaseExceptionGroup[BaseException]", each).exceptions
