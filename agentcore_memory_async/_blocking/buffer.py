"""Messages collected and written as few events, without ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agentcore_memory_async._blocking.entered import BlockingContext
from agentcore_memory_async._sync.derive import blocking, immediate
from agentcore_memory_async.buffer import MessageBuffer
from agentcore_memory_async.errors import UnsentError

if TYPE_CHECKING:
    from types import TracebackType

    from agentcore_memory_async.models import ConversationalMessage


class BlockingMessageBuffer(BlockingContext[MessageBuffer]):
    """
    Collects messages of a session; ``buffered`` of the session makes it, for ``with``.

    Any number of threads may add to it. It writes on the facade's own thread, so ``add`` waits only
    while too much is pending. Leaving the block writes what is left, within its ``close_timeout``,
    and raises ``UnsentError`` where that fails; an error that leaves the block gets it as a note.
    A block that nobody leaves is left when its manager closes, at exit too; then a log counts what
    could not be written.
    Afterwards ``unsent`` and ``unsent_error`` name what could not be written.
    """

    add: Final = blocking(MessageBuffer.add)
    flush: Final = blocking(MessageBuffer.flush)
    end: Final = immediate(MessageBuffer.end)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(kind, error, traceback)
        except UnsentError as unsent:
            if error is None:
                raise
            error.add_note(str(unsent))

    def _close_timeout(self) -> float:
        return super()._close_timeout() + self._inner.close_timeout_s

    @property
    def close_timeout_s(self) -> float:
        """Longest time that leaving the block takes, in seconds."""
        return self._inner.close_timeout_s

    @property
    def unsent(self) -> tuple[ConversationalMessage, ...]:
        """Messages that are not known to be stored, oldest first."""
        return self._backing.make("MessageBuffer", lambda: self._inner.unsent)

    @property
    def unsent_error(self) -> UnsentError | None:
        """The error about them, which ``resolve`` takes; None where everything is stored."""
        return self._backing.make("MessageBuffer", lambda: self._inner.unsent_error)
