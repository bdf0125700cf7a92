"""What calls have cost: counted by operation, logged, and told to the observer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from attrs import asdict, define

from agentcore_memory_async._loop_time import loop_time
from agentcore_memory_async.errors import ServiceError
from agentcore_memory_async.models import OperationUsage, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._calls.attempts import Call
    from agentcore_memory_async._calls.observer import Observer

_LOG = logging.getLogger("agentcore_memory_async.calls")

IDS = ("memoryId", "actorId", "sessionId", "eventId", "memoryRecordId", "clientToken")
"""Members of requests that are logged: ids, which hold no content."""


@define(eq=False)
class _Counts:
    """Counts of one operation so far; `OperationUsage` says what they are."""

    calls: int = 0
    failures: int = 0
    requests: int = 0
    retries: int = 0
    paced: int = 0
    paced_s: float = 0.0


class Tally:
    """
    Counts the calls of one manager.

    Args:
        observer: Is told of each call that has ended.
    """

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer
        self._counts: dict[str, _Counts] = {}

    def counting(self, call: Call) -> _Counting:
        """Count the call of the block when it ends."""
        return _Counting(self, call)

    def paced(self, operation: str, seconds: float) -> None:
        """Count a wait for the pace, if it took any time."""
        if seconds:
            counts = self._of(operation)
            counts.paced += 1
            counts.paced_s += seconds
            _LOG.debug("%s waited %.3f s for the pace", operation, seconds)

    def ended(self, call: Call, began: float, error: BaseException | None) -> None:
        """Count a call, with all its requests; it began at *began* on the loop's clock."""
        counts = self._counts.get(call.operation) or self._of(call.operation)
        counts.calls += 1
        counts.requests += call.attempts
        if error is not None:
            counts.failures += 1
        if call.attempts > 1:
            counts.retries += call.attempts - 1
        is_logged = _LOG.isEnabledFor(logging.DEBUG)
        if self._observer is None and not is_logged:
            return
        duration_s = loop_time() - began
        if self._observer is not None:
            self._observer.ended(call.operation, duration_s, call.attempts, error)
        if is_logged:
            _LOG.debug(
                "%s (%s): %s; requests: %d, in %.3f s",
                call.operation,
                shown_ids(call.params),
                "done" if error is None else shown_error(error),
                call.attempts,
                duration_s,
            )

    def usage(self) -> Usage:
        """Return the counts of now."""
        counts = sorted(self._counts.copy().items())  # the facade reads them in another thread
        return Usage({name: OperationUsage(**asdict(each)) for name, each in counts})

    def _of(self, operation: str) -> _Counts:
        counts = self._counts.get(operation)
        if counts is None:
            counts = self._counts[operation] = _Counts()
        return counts


class _Counting:
    """Counts a call when its block ends; a generator would take longer."""

    __slots__ = ("_began", "_call", "_tally")

    def __init__(self, tally: Tally, call: Call) -> None:
        self._tally = tally
        self._call = call
        self._began = loop_time()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._tally.ended(self._call, self._began, error)


def log_retry(call: Call, error: Exception, wait_s: float) -> None:
    """Log that a request failed and is made again."""
    if _LOG.isEnabledFor(logging.INFO):
        _LOG.info(
            "%s (%s): request %d failed with %s; the next one comes in %.3f s",
            call.operation,
            shown_ids(call.params),
            call.attempts,
            shown_error(error),
            wait_s,
        )


def shown_ids(params: Mapping[str, Any]) -> str:
    """Return the ids among the members of a request, for a log."""
    return ", ".join(f"{name} {params[name]}" for name in IDS if name in params)


def shown_error(error: BaseException) -> str:
    """Return an error for a log: its class, and the service's code and id for it."""
    if isinstance(error, ServiceError):
        return f"{type(error).__name__} {error.code} (request id {error.request_id})"
    return type(error).__name__
