"""What the control plane's operations send by, and the client that is opened for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import field, frozen

from agentcore_memory_async._calls.endable import EndableWaits
from agentcore_memory_async._calls.observer import observed
from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._wire import memory_codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async.models import Memory, MemorySummary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._calls.wait_clock import WaitClock
    from agentcore_memory_async._transport.base import Answer
    from agentcore_memory_async._transport.lifecycle import Lifecycle
    from agentcore_memory_async._wire.reading import OnUnreadable
    from agentcore_memory_async.policies import RetryPolicy

T = TypeVar("T")


@frozen(repr=False, eq=False)
class ControlCore:
    """
    Everything that sends to the control plane.

    Attributes:
        retrier: Sends requests until their outcome is known.
        lifecycle: Open or closed, and in which loop and process.
        wait_clock: The clock of waits.
        unreadable: Judges the error of a memory of a list, or of a strategy, that cannot be read.
        retry: How long and how often calls are tried.
        waits: Polls and the waits between them, which closing ends.
    """

    retrier: Retrier
    lifecycle: Lifecycle
    wait_clock: WaitClock
    unreadable: OnUnreadable
    retry: RetryPolicy
    waits: EndableWaits = field(factory=lambda: EndableWaits("control"))

    @property
    def read_memory(self) -> Callable[[str, Any], Memory]:
        """The reader of answers with a memory."""
        return partial(memory_codec.read_memory, unreadable=self.unreadable)

    async def read(
        self, operation: str, params: Mapping[str, Any], reader: Callable[[str, Any], T]
    ) -> T:
        """Send a request that changes nothing, and return what *reader* makes of its body."""

        def read(answer: Answer) -> T:
            return reader(operation, answer.body)

        return await self.retrier.read(operation, params, read, self.retry)

    async def change(
        self,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[str, Any], T],
    ) -> T:
        """Send a request that does the same once or twice, until its outcome is known."""

        def read(answer: Answer) -> T:
            return reader(operation, answer.body)

        changed = self.retrier.change(operation, params, read, self.retry)
        return await observed(self.retrier.observer, operation, params, changed)


class ControlView:
    """Something bound to the core of a control plane."""

    _core: ControlCore


def id_of(memory: object) -> str:
    """Return the memory id of *memory*: a memory, its id, or its ARN, less what precedes the id."""
    if isinstance(memory, Memory | MemorySummary):
        return memory.memory_id
    return check.short_memory_id(check.check_memory_id(memory))


def token_of(given: str | None) -> str:
    """Return the client token of a change: the caller's, or one of its own."""
    return random_id() if given is None else check.check_client_token(given)


def check_wait(wait: object, timeout: object) -> float:
    """Check both arguments of a wait, and return its longest time in seconds."""
    check.check_bool("wait", wait)
    return check.check_duration("timeout", timeout, least=0.001)
