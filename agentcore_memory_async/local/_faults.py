"""Faults that a test asks for: error answers, lost connections, broken bodies, failed jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from agentcore_memory_async.local._errors import STATUS_BY_CODE

if TYPE_CHECKING:
    from agentcore_memory_async.local._memories import Strategy

__all__ = ("Fault", "FaultKind", "Faults")

FaultKind = Literal[
    "error", "lost-before", "lost-after", "empty-body", "cut-body", "html-body", "latency"
]

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


@attrs.define
class Fault:
    """
    One thing that goes wrong on purpose.

    Attributes:
        kind: What happens.
        operation: To which operation only; None means all.
        times: How often yet; None means until it is cancelled.
        code: Of an error answer.
        message: Of an error answer.
        status: Of an error answer.
        seconds: Of a latency, by the service's clock.
        met: How often it has happened.
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
        """Let it happen no more."""
        self.cancelled = True

    @property
    def over(self) -> bool:
        """Whether it won't happen again."""
        return self.cancelled or (self.times is not None and self.met >= self.times)


class Faults:
    """What is to go wrong, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._extraction: list[tuple[Fault, str | None]] = []

    def add(self, fault: Fault) -> Fault:
        """Ask for *fault*, behind those asked for before."""
        if fault.kind == "error":
            fault.status = fault.status or STATUS_BY_CODE.get(fault.code, 400)
            fault.message = fault.message or _TEXTS.get(fault.code, "An error was asked for")
        self._faults.append(fault)
        return fault

    def add_extraction(self, fault: Fault, strategy: str | None) -> Fault:
        """Ask for failed extraction jobs, of the strategy of that name, id or type only."""
        self._extraction.append((fault, strategy))
        return fault

    def clear(self) -> None:
        """Let everything go right again."""
        for fault in self._faults:
            fault.cancel()
        for fault, _ in self._extraction:
            fault.cancel()
        self._faults.clear()
        self._extraction.clear()

    def take(self, operation: str) -> list[Fault]:
        """Return what happens to this request: latencies, and the first other fault."""
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
        """Return the reason for which this strategy's next job fails; None if it does not."""
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
