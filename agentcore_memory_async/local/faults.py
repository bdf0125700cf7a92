"""
Faults that a test injects: error answers, dropped connections, corrupt bodies, failed jobs.

Each request meets the faults of its operation in the order in which they were injected: all
latencies, and the first of the others. A fault may spare requests, by chance or by their rate.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, get_args

from attrs import Attribute, Factory, asdict, define, field

from agentcore_memory_async.local._api.errors import STATUS_BY_CODE
from agentcore_memory_async.local._api.throttle import TokenBucket

if TYPE_CHECKING:
    from agentcore_memory_async.local.clock import Clock
    from agentcore_memory_async.local.extractor import Strategy

__all__ = ("Fault", "FaultOptions", "Occurrence")

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
_MAX_RATE = 1_000_000
"""Largest rate of a fault, in requests a second."""


class Occurrence(TypedDict, total=False):
    """
    How often a fault happens; each time that it could, if all are left out.

    Attributes:
        times: Number of times that it happens; until it is cancelled if omitted.
        probability: Share of the times that it happens, above 0 and up to 1. The draws are the same
            in every run.
        seed: Seed of the draws; 0 if omitted.
        rate: Times a second, by the service's clock, that are spared; it happens to those beyond.
            A burst of as many as one second brings is spared.
    """

    times: int | None
    probability: float
    seed: int
    rate: float | None


class FaultOptions(Occurrence, total=False):
    """
    How often a fault happens, and to which requests.

    Attributes:
        operation: Wire name of the one operation that it happens to, such as ``CreateEvent``; all
            if omitted.
    """

    operation: str | None


def _check_probability(fault: object, attribute: Attribute[float], value: Any) -> None:
    del fault, attribute
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        message = "probability is above 0 and up to 1, or left out"
        raise ValueError(message)


def _check_rate(fault: object, attribute: Attribute[float | None], value: Any) -> None:
    del fault, attribute
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MAX_RATE:
        message = f"rate is above 0 and up to {_MAX_RATE:,} a second, or left out"
        raise ValueError(message)


def _check_seed(fault: object, attribute: Attribute[int], value: Any) -> None:
    del fault, attribute
    if type(value) is not int:
        message = "seed is a whole number, or left out"
        raise ValueError(message)


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
        probability: Share of the times that it happens.
        seed: Seed of the draws.
        rate: Times a second that are spared; None for none.
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
    probability: float = field(default=1.0, validator=_check_probability)
    seed: int = field(default=0, validator=_check_seed)
    rate: float | None = field(default=None, validator=_check_rate)
    met: int = 0
    cancelled: bool = False
    _draws: random.Random = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: random.Random(self.seed), takes_self=True),
    )
    _spared: TokenBucket | None = field(init=False, repr=False, eq=False, default=None)

    def cancel(self) -> None:
        """End the fault."""
        self.cancelled = True

    def to_response(self) -> dict[str, Any]:
        """Return the fault as the admin API shows it."""
        hidden = ("cancelled", "_draws", "_spared")
        return asdict(self, filter=lambda attribute, _: attribute.name not in hidden)

    @property
    def over(self) -> bool:
        """Whether it will not happen again."""
        return self.cancelled or (self.times is not None and self.met >= self.times)

    def happens(self, now: float) -> bool:
        """Return whether it happens this time, at *now* by the service's clock, and count it."""
        if self.over or self._spares(now) or self._draws.random() >= self.probability:
            return False
        self.met += 1
        return True

    def _spares(self, now: float) -> bool:
        if self.rate is None:
            return False
        if self._spared is None:
            self._spared = TokenBucket(self.rate, max(self.rate, 1.0), now)
        return self._spared.take(now)


class Faults:
    """
    The faults of a service, in the order in which they were injected.

    Args:
        clock: Clock of the rates.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
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
            is_next = fault.kind == "latency" or all(item.kind == "latency" for item in taken)
            if is_next and fault.happens(self._clock.now()):
                taken.append(fault)
        return taken

    def extraction_failure(self, strategy: Strategy) -> str | None:
        """Return the reason why a strategy's next job fails; None where it is to succeed."""
        for fault, wanted in self._extraction:
            names = {None, strategy.name, strategy.strategy_id, strategy.kind}
            if wanted in names and fault.happens(self._clock.now()):
                return fault.code
        return None


class FaultMethods:
    """The methods of a service that inject faults."""

    _faults: Faults

    def fail(
        self, code: str, *, message: str = "", status: int = 0, **options: Unpack[FaultOptions]
    ) -> Fault:
        """
        Answer requests with an error; their operations are not performed.

        Args:
            code: Error code, such as ``ThrottledException``.
            message: Text of the error; the service's text for *code* if omitted.
            status: HTTP status, 400 to 599; the service's status for *code* if omitted.
            **options: Requests that fail, and how often; see `FaultOptions`.

        Returns:
            The fault: ``fault.met`` counts, ``fault.cancel()`` ends it.
        """
        fault = Fault("error", code=code, message=message, status=status, **options)
        return self._faults.add(fault)

    def drop_connection(self, *, after: bool = False, **options: Unpack[FaultOptions]) -> Fault:
        """
        Drop the connection in place of an answer.

        Args:
            after: Perform the operation first.
            **options: Requests that it happens to, and how often; see `FaultOptions`.

        Returns:
            The fault.
        """
        return self._faults.add(Fault("lost-after" if after else "lost-before", **options))

    def corrupt_body(
        self, how: Literal["empty", "cut", "html"], **options: Unpack[FaultOptions]
    ) -> Fault:
        """
        Perform operations and answer with a success whose body can't be read.

        Args:
            how: "empty" has no body, "cut" ends in the middle, "html" is a web page.
            **options: Requests that it happens to, and how often; see `FaultOptions`.

        Returns:
            The fault.
        """
        kinds: dict[str, FaultKind] = {
            "empty": "empty-body",
            "cut": "cut-body",
            "html": "html-body",
        }
        return self._faults.add(Fault(kinds[how], **options))

    def add_latency(self, seconds: float | timedelta, **options: Unpack[FaultOptions]) -> Fault:
        """
        Answer later.

        Args:
            seconds: Latency by the service's clock, in seconds or as a timedelta.
            **options: Requests that it happens to, and how often; see `FaultOptions`.

        Returns:
            The fault.
        """
        latency = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        return self._faults.add(Fault("latency", seconds=latency, **options))

    def fail_extraction(
        self,
        reason: str = "LTM_RATE_EXCEEDED",
        *,
        strategy: str | None = None,
        **options: Unpack[Occurrence],
    ) -> Fault:
        """
        Let extraction jobs fail.

        Args:
            reason: Reason that ListMemoryExtractionJobs returns.
            strategy: Name, id or type of the one strategy whose jobs fail; all if omitted.
            **options: How often; see `Occurrence`.

        Returns:
            The fault.
        """
        fault = Fault("extraction", code=reason, **options)
        return self._faults.add_extraction(fault, strategy)

    def clear_faults(self) -> None:
        """End all faults."""
        self._faults.clear()
