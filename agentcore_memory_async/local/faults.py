"""Faults that a test asks for: error answers, lost connections, broken bodies, failed jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import attrs

from agentcore_memory_async.local._api.errors import STATUS_BY_CODE

if TYPE_CHECKING:
    from agentcore_memory_async.local.extractor import Strategy

__all__ = ("FAULT_KINDS", "Fault", "FaultKind", "FaultMethods", "Faults")

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
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)

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

    def shown(self) -> dict[str, Any]:
        """Return it as the control path shows it."""
        members = attrs.asdict(self)
        del members["cancelled"]
        return members

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

    def active(self) -> list[Fault]:
        """Return what can still happen."""
        faults = [*self._faults, *(fault for fault, _ in self._extraction)]
        return [fault for fault in faults if not fault.over]

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


class FaultMethods:
    """The methods by which a test asks for faults."""

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
        Answer requests with an error, before anything is done.

        Args:
            code: Such as ``ThrottledException``.
            operation: Only this one, such as ``CreateEvent``.
            times: So often, then never again; None goes on until the fault is cancelled.
            message: The text; the service's for that code if omitted.
            status: The HTTP status; the service's for that code if omitted.

        Returns:
            The fault: ``fault.met`` counts, ``fault.cancel()`` ends it.
        """
        return self._faults.add(Fault("error", operation, times, code, message, status))

    def lose_connection(
        self, *, after: bool = False, operation: str | None = None, times: int | None = None
    ) -> Fault:
        """Cut the connection before the operation, or *after* it was done, without an answer."""
        return self._faults.add(Fault("lost-after" if after else "lost-before", operation, times))

    def break_body(
        self,
        how: Literal["empty", "cut", "html"],
        *,
        operation: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """Do the operation and answer 2xx with a body that can't be read."""
        kinds: dict[str, Literal["empty-body", "cut-body", "html-body"]] = {
            "empty": "empty-body",
            "cut": "cut-body",
            "html": "html-body",
        }
        return self._faults.add(Fault(kinds[how], operation, times))

    def slow_down(
        self, seconds: float, *, operation: str | None = None, times: int | None = None
    ) -> Fault:
        """Answer *seconds* of the clock later."""
        return self._faults.add(Fault("latency", operation, times, seconds=seconds))

    def fail_extraction(
        self,
        reason: str = "LTM_RATE_EXCEEDED",
        *,
        strategy: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """Let extraction jobs fail, of the strategy with this name, id or type only."""
        return self._faults.add_extraction(Fault("extraction", times=times, code=reason), strategy)

    def heal(self) -> None:
        """End all faults."""
        self._faults.clear()
