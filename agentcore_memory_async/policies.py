"""What a manager keeps to: the service's limits, and how long it tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen

from agentcore_memory_async._wire.validation import (
    check_int,
    check_is,
    check_rate,
    check_seconds,
    refuse,
)

if TYPE_CHECKING:
    from attrs import Attribute

__all__ = ("PollPolicy", "RetryPolicy", "ServiceLimits")


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


def _looks(_: object, attribute: Attribute[Any], value: Any) -> None:
    name = attribute.name
    if not isinstance(value, tuple) or not value:
        refuse(f"{name} is no tuple of seconds; give one or more, such as (5.0, 10.0, 20.0)")
    times = cast("tuple[float, ...]", value)
    for index, seconds in enumerate(times):
        check_seconds(f"{name}[{index}]", seconds, least=0.001)
    if list(times) != sorted(set(times)):
        refuse(f"{name} does not rise; give the times in order, each once")


def _optional_deadline(_: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None:
        _deadline(_, attribute, value)


def _share(_: object, attribute: Attribute[Any], value: Any) -> None:
    check_is(attribute.name, value, (int, float), "give a number")
    if isinstance(value, bool) or value is None or not 0 <= value <= 1:
        refuse(f"{attribute.name} is out of range; allowed are 0 to 1")


LOOKS_S = (6.8, 8.5, 10.2, 26.5, 34.0, 42.5, 68.0, 90.0, 112.0, 134.0, 158.0, 183.0)
"""What costs least for what it finds, where extraction takes seconds, half a minute or minutes."""


@frozen
class PollPolicy:
    """
    When an extraction poller looks for new records, and how often at most.

    Times are counted from when the conversation was stored. Nothing says when extraction is done,
    so the defaults follow what is known of it: 5 to 10 s (the reference), 20 to 40 s, a minute or
    more (the service's guide). ``docs/extraction.md`` has the figures.

    Attributes:
        expected_s: How long extraction is expected to take, in seconds, where the caller knows;
            looks then gather around that time, instead of ``looks_s``. None for unknown.
        looks_s: The first looks, in seconds after the conversation was stored.
        growth: Afterwards, how long until the next look, as a share of the time that has passed.
        min_interval_s: The shortest time between two looks, in seconds.
        max_interval_s: The longest time between two looks, once it has begun, in seconds.
        jitter: By which share of its interval each look is moved at random, 0 to 1.
        job_interval_s: How often failed jobs are asked for, in seconds; once more at the end.
        max_requests_per_s: How many requests all pollers of a manager may make together, of which
            a second's worth at once. Of the manager's policy only; None for no limit. The
            service takes 30 list requests a second from an account (quota of 2026-09-26).
    """

    expected_s: float | None = field(default=None, validator=_optional_deadline)
    looks_s: tuple[float, ...] = field(default=LOOKS_S, validator=_looks)
    growth: float = field(default=0.4, validator=_share)
    min_interval_s: float = field(default=0.5, validator=_deadline)
    max_interval_s: float = field(default=30.0, validator=_deadline)
    jitter: float = field(default=0.1, validator=_share)
    job_interval_s: float = field(default=120.0, validator=_deadline)
    max_requests_per_s: float | None = field(default=10.0, validator=_rate)

    def __attrs_post_init__(self) -> None:
        if self.min_interval_s > self.max_interval_s:
            refuse(
                f"min_interval_s is {self.min_interval_s:g} and max_interval_s is "
                f"{self.max_interval_s:g}; give a shortest time that is not above the longest"
            )


def check_polling(value: object) -> PollPolicy | None:
    """Check the polling policy of a call; None is the manager's."""
    check_is("polling", value, PollPolicy, "give a PollPolicy, or None for the manager's")
    return cast("PollPolicy | None", value)


def check_retry(value: object) -> RetryPolicy | None:
    """Check the policy of a call; None is the manager's."""
    check_is("retry", value, RetryPolicy, "give a RetryPolicy, or None for the manager's")
    return cast("RetryPolicy | None", value)
