"""How long and how often calls are tried, when pollers poll, and the service's limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen

from agentcore_memory_async._wire.validation import (
    check_duration,
    check_int,
    check_is,
    check_rate,
    check_seconds,
    kind,
    refuse,
)

if TYPE_CHECKING:
    from attrs import Attribute

__all__ = ("PollPolicy", "RetryPolicy", "ServiceLimits")


def _seconds(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _optional_seconds(value: float | timedelta | None) -> float | None:
    return None if value is None else _seconds(value)


def _duration(_: object, attribute: Attribute[Any], value: Any) -> None:
    check_duration(attribute.name, value)


def _deadline(_: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None or attribute.default is not None:
        check_duration(attribute.name, value, least=0.001)


def _rate(_: object, attribute: Attribute[Any], value: Any) -> None:
    check_rate(attribute.name, value)


def _count(_: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None:
        check_int(attribute.name, value)


@frozen
class ServiceLimits:
    """
    Service limits to which a manager paces its writes, so that a burst waits.

    The defaults are the quotas of 2026-09-26, which cannot be raised; None switches one off.

    Attributes:
        events_per_second: Events with messages, for each actor and session. Deletions of events
            have the same limit, and three times as many go to all sessions together, as do the
            requests of batches.
        other_events_per_second: Events without messages, for each actor and session.
    """

    events_per_second: float | None = field(default=5.0, validator=_rate)
    other_events_per_second: float | None = field(default=10.0, validator=_rate)


@frozen
class RetryPolicy:
    """
    How long and how often a call is tried.

    Only transient faults are tried again: lost connections, timeouts, unreadable answers,
    throttling, 5xx and retryable conflicts. A write is sent again exactly as it was, with its
    client token. Waits are drawn from 0 to a bound that doubles ("full jitter"), to one second at
    most while other calls of the operation succeed. Durations are given in seconds or as a
    timedelta, and kept in seconds.

    Attributes:
        write_deadline: Longest duration of one write, with its wait in the queue.
        read_deadline: Longest duration of one request of a read.
        attempt_timeout: Longest duration of one attempt, before it counts as lost.
        max_attempts: Largest number of requests; None for as many as the deadline allows.
        backoff: First bound of a wait.
        throttled_backoff: First bound of a wait after throttling.
        max_backoff: Largest bound of a wait.
    """

    write_deadline: float = field(default=30.0, converter=_seconds, validator=_deadline)
    read_deadline: float = field(default=10.0, converter=_seconds, validator=_deadline)
    attempt_timeout: float = field(default=8.0, converter=_seconds, validator=_deadline)
    max_attempts: int | None = field(default=None, validator=_count)
    backoff: float = field(default=0.05, converter=_seconds, validator=_duration)
    throttled_backoff: float = field(default=1.0, converter=_seconds, validator=_duration)
    max_backoff: float = field(default=5.0, converter=_seconds, validator=_duration)


def _poll_times(_: object, attribute: Attribute[Any], value: Any) -> None:
    name = attribute.name
    if not isinstance(value, tuple) or not value:
        refuse(f"{name} is not a tuple of seconds; give one or more, such as (5.0, 10.0, 20.0)")
    times = cast("tuple[float, ...]", value)
    for index, seconds in enumerate(times):
        check_seconds(f"{name}[{index}]", seconds, least=0.001)
    if list(times) != sorted(set(times)):
        refuse(f"{name} does not rise; give the times in order, each once")


def _share(_: object, attribute: Attribute[Any], value: Any) -> None:
    check_is(attribute.name, value, (int, float), "give a number")
    if isinstance(value, bool) or value is None or not 0 <= value <= 1:
        refuse(f"{attribute.name} is out of range; give 0 to 1")


DEFAULT_POLL_TIMES_S = (6.8, 8.5, 10.2, 26.5, 34.0, 42.5, 68.0, 90.0, 112.0, 134.0, 158.0, 183.0)
"""
Poll times that cost the fewest requests for what they find, where extraction takes seconds, half a
minute or minutes.
"""


@frozen
class PollPolicy:
    """
    When an extraction poller polls for new records, and how often at most.

    Times are counted from when the conversation was stored. No call says when extraction is done,
    so the defaults follow what is known of it: 5 to 10 s (the reference), 20 to 40 s, a minute or
    more (the service's guide). ``docs/extraction.md`` has the figures. Durations are given in
    seconds or as a timedelta, and kept in seconds.

    Attributes:
        expected: Expected duration of extraction, where the caller knows it; polls then gather
            around that time, instead of at ``poll_times_s``. None for unknown.
        poll_times_s: The first polls, in seconds after the conversation was stored.
        growth: Afterwards, the time until the next poll, as a share of the time that has passed.
        min_interval: Shortest time between two polls.
        max_interval: Longest time between two polls, once the first is made.
        jitter: Share of its interval by which each poll is moved at random, 0 to 1.
        job_interval: Time between two requests for failed jobs; there is one more at the end.
        max_requests_per_second: Requests that all pollers of a manager make together, of which one
            second's worth may go at once. Of the manager's policy only; None for no limit. The
            service takes 30 list requests per second from an account (quota of 2026-09-26).
    """

    expected: float | None = field(default=None, converter=_optional_seconds, validator=_deadline)
    poll_times_s: tuple[float, ...] = field(default=DEFAULT_POLL_TIMES_S, validator=_poll_times)
    growth: float = field(default=0.4, validator=_share)
    min_interval: float = field(default=0.5, converter=_seconds, validator=_deadline)
    max_interval: float = field(default=30.0, converter=_seconds, validator=_deadline)
    jitter: float = field(default=0.1, validator=_share)
    job_interval: float = field(default=120.0, converter=_seconds, validator=_deadline)
    max_requests_per_second: float | None = field(default=10.0, validator=_rate)

    def __attrs_post_init__(self) -> None:
        if self.min_interval > self.max_interval:
            refuse(
                f"min_interval is {self.min_interval:g} and max_interval is "
                f"{self.max_interval:g}; give a shortest time that is not above the longest"
            )


def check_polling(value: object) -> PollPolicy | None:
    """Check the polling policy of a call; None is the manager's."""
    check_is("polling", value, PollPolicy, "give a PollPolicy, or None for the manager's")
    return cast("PollPolicy | None", value)


def check_retry(value: object) -> RetryPolicy:
    """Check the retry policy of a view."""
    if not isinstance(value, RetryPolicy):
        refuse(f"retry is {kind(value)}; give a RetryPolicy")
    return value
