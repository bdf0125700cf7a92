"""
The seam of tracing: what follows the operations of a program, and the calls that they make.

An operation is what a program asks for, such as a search or a batch, with everything that it waits
for. It makes one call or several, of which each is a request with its retries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

T = TypeVar("T")


class Observer(Protocol):
    """What is told of operations and calls; `agentcore_memory_async.telemetry` has one."""

    def follow(
        self, operation: str, request: Mapping[str, Any], done: Awaitable[T]
    ) -> Awaitable[T]:
        """Return what awaits *done*, the operation of this wire name, and follows it."""
        ...

    def ended(
        self, operation: str, duration_s: float, requests: int, error: BaseException | None
    ) -> None:
        """Note a call that has ended, with all its requests."""
        ...


def observed(
    observer: Observer | None, operation: str, request: Mapping[str, Any], done: Awaitable[T]
) -> Awaitable[T]:
    """
    Return *done*, followed by *observer* if there is one.

    Args:
        observer: Who follows it.
        operation: Wire name of the operation.
        request: Its members, over all its requests.
        done: The operation; nothing of it has run yet.
    """
    return done if observer is None else observer.follow(operation, request, done)
