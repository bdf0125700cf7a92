"""What a manager keeps to: the service's limits, and how long it tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen

from agentcore_memory_async._validation import check_int, check_is, check_rate, check_seconds

if TYPE_CHECKING:
    from attrs import Attribute

__all__ = ("RetryPolicy", "ServiceLimits")


def _seconds(_: object, attribute: Attribute[Any], value: Any) -> None:
    check_seconds(attribute.name, value)


def _deadline(_: object, attribute: Attribute[Any], value: Any) -> None:
    check_seconds(attribute.name, value, least=0.001)


def _rate(_: object, attribute: Attribute[Any], value: Any) -> None:
    check_rate(attribute.name, value)


def _count(_: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None:
        check_int(attribute.name, value)


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
        attempt_timeout_s: For one attempt, before it counts as lost, in seconds.
        max_attempts: How many requests at most; None for as many as the deadline allows.
        backoff_s: The first bound of a wait, in seconds.
        throttled_backoff_s: The first bound when the service throttled, in seconds.
        max_backoff_s: The largest bound, in seconds.
    """

    write_deadline_s: float = field(default=30.0, validator=_deadline)
    read_deadline_s: float = field(default=10.0, validator=_deadline)
    attempt_timeout_s: float = field(default=8.0, validator=_deadline)
    max_attempts: int | None = field(default=None, validator=_count)
    backoff_s: float = field(default=0.05, validator=_seconds)
    throttled_backoff_s: float = field(default=1.0, validator=_seconds)
    max_backoff_s: float = field(default=5.0, validator=_seconds)


def check_retry(value: object) -> RetryPolicy | None:
    """Check the policy of a call; None is the manager's."""
    check_is("retry", value, RetryPolicy, "give a RetryPolicy, or None for the manager's")
    return cast("RetryPolicy | None", value)
