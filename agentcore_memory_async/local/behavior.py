"""
Settings of the local service: its behavior, and its lags.

Some of the real service's behavior is not documented, and some has changed. Where the local
service has to guess, an attribute of `Behavior` selects the other guess. The real service
is eventually consistent; `Lags` makes the local one so.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from attrs import Attribute

__all__ = ("Behavior", "Lags")

Duration: TypeAlias = float | timedelta
"""A number of seconds, or a timedelta."""

_MAX_SECONDS = 1e9
"""Longest duration in seconds: about 32 years."""
_Validator: TypeAlias = "Callable[[Any, Attribute[Any], Any], None]"


def duration_ms(duration: Duration, name: str = "a duration") -> int:
    """
    Return *duration* in milliseconds.

    Raises:
        ValueError: It is negative, or longer than a billion seconds.
    """
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not 0 <= seconds <= _MAX_SECONDS:
        message = f"{name} is {duration!r}; give 0 to {_MAX_SECONDS:.0f} seconds or a timedelta"
        raise ValueError(message)
    return round(seconds * 1000)


def _one_of(*allowed: str) -> _Validator:
    def validate(_: Any, attribute: Attribute[Any], value: object) -> None:
        if value not in allowed:
            message = f"{attribute.name} is {value!r}; use {' or '.join(map(repr, allowed))}"
            raise ValueError(message)

    return validate


def _integer(low: int, high: int | None = None) -> _Validator:
    limits = f"from {low}" if high is None else f"from {low} to {high}"

    def validate(_: Any, attribute: Attribute[Any], value: object) -> None:
        if type(value) is not int or value < low or (high is not None and value > high):
            message = f"{attribute.name} is {value!r}; give a whole number {limits}"
            raise ValueError(message)

    return validate


def _boolean(_: Any, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        message = f"{attribute.name} is {value!r}; use True or False"
        raise TypeError(message)


def _shuffle(_: Any, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, int):
        message = f"{attribute.name} is {value!r}; use True or False, or an int as the seed"
        raise TypeError(message)


def _duration(_: Any, attribute: Attribute[Any], value: Duration) -> None:
    duration_ms(value, attribute.name)


@frozen(kw_only=True)
class Behavior:
    """
    Behavior of the service where that of the real one is unknown, optional or has changed.

    Attributes:
        token_mismatch: Effect of a used client token in a CreateEvent with other parameters:
            "ignore", the default, returns the stored event; "error" refuses the request.
        metadata_paging: Order of paging and metadata filters in ListEvents: "post-scan", the
            default, filters each page after reading it, so that pages may be empty; "index"
            fills each page.
        branch_conflict: Effect of an event that names another root than its branch has:
            "refuse", the default, or "accept", which ignores that root.
        strict_branches: Require each event of a branch to name the branch's root, rather than
            the first event only. False by default.
        java_blob_strings: Return blobs that are objects or lists as Java prints them, as seen
            on AWS, rather than as they were stored. False by default.
        shuffle_ties: Reorder the events of a page that have the same millisecond: True, or an
            int as the seed. False by default: they are sorted by id.
        shuffle_records: Reorder each page of ListMemoryRecords: True, or an int as the seed.
            False by default: the newest records come first.
        legacy_prefix: Match ``namespace`` by its first characters, as the service once did,
            rather than exactly. False by default.
        raw_prefix: Match ``namespacePath`` by its first characters, rather than by whole
            segments. False by default.
        default_page: Items of a page if a request has no maxResults: 1 to 100, 20 by default.
        body_limit: Maximum size of a request's body in bytes, from 1. 64 MiB by default, since
            JSON may need six bytes for each of the 10 MB of an event.
        consolidate: Skip duplicate records, and replace records that newer ones make obsolete,
            rather than adding every extracted record. True by default.
        throttle: Refuse what exceeds the service's quotas with ThrottledException. False by
            default.
    """

    token_mismatch: Literal["ignore", "error"] = field(
        default="ignore", validator=_one_of("ignore", "error")
    )
    metadata_paging: Literal["post-scan", "index"] = field(
        default="post-scan", validator=_one_of("post-scan", "index")
    )
    branch_conflict: Literal["refuse", "accept"] = field(
        default="refuse", validator=_one_of("refuse", "accept")
    )
    strict_branches: bool = field(default=False, validator=_boolean)
    java_blob_strings: bool = field(default=False, validator=_boolean)
    shuffle_ties: bool | int = field(default=False, validator=_shuffle)
    shuffle_records: bool | int = field(default=False, validator=_shuffle)
    legacy_prefix: bool = field(default=False, validator=_boolean)
    raw_prefix: bool = field(default=False, validator=_boolean)
    default_page: int = field(default=20, validator=_integer(1, 100))
    body_limit: int = field(default=64 * 1024 * 1024, validator=_integer(1))
    consolidate: bool = field(default=True, validator=_boolean)
    throttle: bool = field(default=False, validator=_boolean)


@frozen(kw_only=True)
class Lags:
    """
    Time from a write until answers show it, by the service's clock.

    Durations are in seconds, or timedeltas, from 0 to a billion seconds. 0, the default, shows a
    write at once. The delay of the extraction is a separate argument of the service.

    Attributes:
        event_lists: Time from an event to its first appearance in ListEvents.
        event_filters: Time from an event to its first appearance in ListEvents with a metadata
            filter.
        stale_reads: Number of ListEvents with a metadata filter that miss a new event of the
            session: a whole number, from 0, which is the default.
        record_lists: Time from a record to its first appearance in lists and searches.
        record_ids: Time from a record until it can be read, updated or deleted by its id.
        provisioning: Time for which a memory is CREATING, UPDATING or DELETING.
    """

    event_lists: Duration = field(default=0.0, validator=_duration)
    event_filters: Duration = field(default=0.0, validator=_duration)
    stale_reads: int = field(default=0, validator=_integer(0))
    record_lists: Duration = field(default=0.0, validator=_duration)
    record_ids: Duration = field(default=0.0, validator=_duration)
    provisioning: Duration = field(default=0.0, validator=_duration)
