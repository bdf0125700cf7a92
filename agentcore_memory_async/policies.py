"""What a manager keeps to: the service's limits, and how long it tries."""

from __future__ import annotations

from attrs import field, frozen

from agentcore_memory_async._validation import check_int, check_seconds, refuse

__all__ = ("RetryPolicy", "ServiceLimits")


def _seconds(_: object, attribute: object, value: object) -> None:
    check_seconds(attribute.name, value)  # type: ignore[attr-defined]


def _rate(_: object, attribute: object, value: object) -> None:
    name: str = attribute.name  # type: ignore[attr-defined]
    if value is not None and check_seconds(name, value) <= 0:
        refuse(f"{name} is {value}; give events per second above 0, or None to switch it off")


def _count(_: object, attribute: object, value: object) -> None:
    check_int(attribute.name, value)  # type: ignore[attr-defined]


@frozen
class ServiceLimits:
    """
    The service's limits to which a manager keeps its writes, so that a burst waits.

    The defaults are the quotas of 2026-09-26, which can't be raised; None switches one off.

    Attributes:
        events_per_second: Events with messages, for each actor and session.
        other_events_per_second: Events without messages, for each actor and session.
    """

    events_per_second: float | None = field(default=5.0, validator=_rate)
    other_events_per_second: float | None = field(default=10.0, validator=_rate)


@frozen
class RetryPolicy:
    """
    How long and how often a call is tried.

    Only passing faults are tried again: lost connections, time-outs, answers that can't be read,
    throttling, 5xx and retryable conflicts. A write is sent again exactly as it was, with its
    client token. Waits are drawn from 0 to a bound that doubles ("full jitter").

    Attributes:
        write_deadline_s: For one write, waiting for its turn included, in seconds.
        read_deadline_s: For one request of a read, in seconds.
        max_attempts: How many requests at most.
        backoff_s: The first bound of a wait, in seconds.
        throttled_backoff_s: The first bound when the service throttled, in seconds.
        max_backoff_s: The largest bound, in seconds.
    """

    write_deadline_s: float = field(default=30.0, validator=_seconds)
    read_deadline_s: float = field(default=10.0, validator=_seconds)
    max_attempts: int = field(default=8, validator=_count)
    backoff_s: float = field(default=0.05, validator=_seconds)
    throttled_backoff_s: float = field(default=1.0, validator=_seconds)
    max_backoff_s: float = field(default=5.0, validator=_seconds)
