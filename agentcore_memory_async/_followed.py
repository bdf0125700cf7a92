"""Work with progress: awaited for its result, or followed step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

Step = TypeVar("Step")
Result = TypeVar("Result")


class Followed(Generic[Step, Result]):
    """
    Work that runs while somebody awaits or follows it, and rests in between.

    ``await work`` runs it to its end and returns the result; again, the same. ``async for step in
    work`` shows how far it is. Cancelling, or leaving the loop, stops it where it is, with nothing
    in flight; waiting again goes on.
    """

    _result: Result | None = None

    def _steps(self) -> AsyncGenerator[Step]:
        """Run it, and yield how far it is; before the end ``_result`` is set."""
        raise NotImplementedError

    @property
    def done(self) -> bool:
        """Whether it has ended, so that awaiting returns the result at once."""
        return self._result is not None

    def __aiter__(self) -> AsyncGenerator[Step]:
        return _nothing() if self.done else self._steps()

    def __await__(self) -> Generator[Any, Any, Result]:
        return self._to_end().__await__()

    async def _to_end(self) -> Result:
        async for _ in self:
            pass
        if self._result is None:
            message = "it ended without a result"
            raise RuntimeError(message)
        return self._result


async def _nothing() -> AsyncGenerator[Any]:
    """Yield nothing."""
    return
    yield
