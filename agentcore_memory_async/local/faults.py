"""
Faults that a test injects: error answers, dropped connections, corrupt bodies, failed jobs.

Each request meets the faults of its operation in the order in which they were injected: all
latencies, and the first of the others.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import asdict, define

from agentcore_memory_async.local._api.errors import STATUS_BY_CODE

if TYPE_CHECKING:
    from agentcore_memory_async.local.extractor import Strategy

__all__ = ("Fault",)

FaultKind = Literal[
    "error",
    "lost-before",
    "lost-after",
    "empty-body",
    "cut-body",
    "html-body",
    "latency",
    "extraction",
]
"""What a fault does; "lost-before" and "lost-after" drop the connection."""

FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)
"""All kinds of faults."""
_TEXTS = {
    "AccessDeniedException": "User is not authorized to perform this action",
    "ConflictException": "The request conflicts with the current state of the resource",
    "InvalidInputException": "The request is not valid",
    "ResourceNotFoundException": "The resource does not exist",
    "RetryableConflictException": "The request conflicts with another one; try it again",
    "ServiceException": "An internal error occurred",
    "ServiceQuotaExceededException": "The request exceeds a service quota",
    "ThrottledException": "Rate exceeded.",
    "ValidationException": "The request failed a validation",
}
"""Texts of injected errors, by their codes."""


@define
class Fault:
    """
    One fault.

    Attributes:
        kind: What happens.
        operation: Wire name of the one operation that it happens to; None for all.
        times: Number of times that it happens; None until it is cancelled.
        code: Code of an error answer, or reason of a failed job.
        message: Text of an error answer.
        status: HTTP status of an error answer.
        seconds: Latency by the service's clock.
        met: Number of times that it has happened.
        cancelled: Whether it was cancelled.
    """

    kind: FaultKind
    operation: str | None = None
    times: int | None = None
    code: str = ""
    message: str = ""
    status: int = 0
    seconds: float = 0.0
    met: int = 0
    cancelled: bool = False

    def cancel(self) -> None:
        """End the fault."""
        self.cancelled = True

    def to_response(self) -> dict[str, Any]:
        """Return the fault as the admin API shows it."""
        members = asdict(self)
        del members["cancelled"]
        return members

    @property
    def over(self) -> bool:
        """Whether it will not happen again."""
        return self.cancelled or (self.times is not None and self.met >= self.times)


class Faults:
    """The faults of a service, in the order in which they were injected."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._extraction: list[tuple[Fault, str | None]] = []

    def add(self, fault: Fault) -> Fault:
        """Add *fault* behind those that are there."""
        if fault.kind == "error":
            fault.status = fault.status or STATUS_BY_CODE.get(fault.code, 400)
            fault.message = fault.message or _TEXTS.get(fault.code, "An injected error")
        self._faults.append(fault)
        return fault

    def add_extraction(self, fault: Fault, strategy: str | None) -> Fault:
        """Add failed extraction jobs; *strategy* is the name, id or type of one strategy."""
        self._extraction.append((fault, strategy))
        return fault

    def clear(self) -> None:
        """End all faults."""
        for fault in self._faults:
            fault.cancel()
        for fault, _ in self._extraction:
            fault.cancel()
        self._faults.clear()
        self._extraction.clear()

    def active(self) -> list[Fault]:
        """Return the faults that can still happen."""
        faults = [*self._faults, *(fault for fault, _ in self._extraction)]
        return [fault for fault in faults if not fault.over]

    def take(self, operation: str) -> list[Fault]:
        """Return the faults of one request: all latencies, and the first other fault."""
        self._faults = [fault for fault in self._faults if not fault.over]
        taken: list[Fault] = []
        for fault in self._faults:
            if fault.operation not in {None, operation}:
                continue
            if fault.kind == "latency" or all(item.kind == "latency" for item in taken):
                fault.met += 1
                taken.append(fault)
        return taken

    def extraction_failure(self, strategy: Strategy) -> str | None:
        """Return the reason why a strategy's next job fails; None where it is to succeed."""
        for fault, wanted in self._extraction:
            if not fault.over and wanted in {
                None,
                strategy.name,
                strategy.strategy_id,
                strategy.kind,
            }:
                fault.met += 1
                return fault.code
        return None


class FaultMethods:
    """The methods of a service that inject faults."""

    _faults: Faults

    def fail(
        self,
        code: str,
        *,
        operation: str | None = None,
        times: int | None = None,
        message: str = "",
        status: int = 0,
    ) -> Fault:
        """
        Answer requests with an error; their operations are not performed.

        Args:
            code: Error code, such as ``ThrottledException``.
            operation: Wire name of the one operation that fails, such as ``CreateEvent``; all
                if omitted.
            times: Number of requests that fail; until the fault is cancelled if omitted.
            message: Text of the error; the service's text for *code* if omitted.
            status: HTTP status, 400 to 599; the service's status for *code* if omitted.

        Returns:
            The fault: ``fault.met`` counts, ``fault.cancel()`` ends it.
        """
        return self._faults.add(Fault("error", operation, times, code, message, status))

    def drop_connection(
        self, *, after: bool = False, operation: str | None = None, times: int | None = None
    ) -> Fault:
        """
        Drop the connection in place of an answer.

        Args:
            after: Perform the operation first.
            operation: Wire name of the one operation that it happens to; all if omitted.
            times: Number of requests that it happens to; until cancelled if omitted.

        Returns:
            The fault.
        """
        return self._faults.add(Fault("lost-after" if after else "lost-before", operation, times))

    def corrupt_body(
        self,
        how: Literal["empty", "cut", "html"],
        *,
        operation: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """
        Perform operations and answer with a success whose body can't be read.

        Args:
            how: "empty" has no body, "cut" ends in the middle, "html" is a web page.
            operation: Wire name of the one operation that it happens to; all if omitted.
            times: Number of requests that it happens to; until cancelled if omitted.

        Returns:
            The fault.
        """
        kinds: dict[str, FaultKind] = {
            "empty": "empty-body",
            "cut": "cut-body",
            "html": "html-body",
        }
        return self._faults.add(Fault(kinds[how], operation, times))

    def add_latency(
        self,
        seconds: float | timedelta,
        *,
        operation: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """
        Answer later.

        Args:
            seconds: Latency by the service's clock, in seconds or as a timedelta.
            operation: Wire name of the one operation that it happens to; all if omitted.
            times: Number of requests that it happens to; until cancelled if omitted.

        Returns:
            The fault.
        """
        latency = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        return self._faults.add(Fault("latency", operation, times, seconds=latency))

    def fail_extraction(
        self,
        reason: str = "LTM_RATE_EXCEEDED",
        *,
        strategy: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """
        Let extraction jobs fail.

        Args:
            reason: Reason that ListMemoryExtractionJobs returns.
            strategy: Name, id or type of the one strategy whose jobs fail; all if omitted.
            times: Number of jobs that fail; until cancelled if omitted.

        Returns:
            The fault.
        """
        return self._faults.add_extraction(Fault("extraction", times=times, code=reason), strategy)

    def clear_faults(self) -> None:
        """End all faults."""
        self._faults.clear()
