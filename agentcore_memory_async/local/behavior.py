"""
What a test can choose of the local service: how it behaves, and how late its writes are seen.

Nobody outside AWS knows all of the service's behavior, and some of it has changed. Where the
local service had to guess, an attribute of :class:`Behavior` is the other guess. The real service
is eventually consistent and slow at times; :class:`Lags` makes the local one so.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from attrs import Attribute

__all__ = ("Behavior", "Duration", "Lags", "duration_ms")

Duration: TypeAlias = float | timedelta
"""Seconds, or a timedelta."""

_MAX_SECONDS = 1e9
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
    How the service behaves where the real one's behavior is unknown, optional or has changed.

    Attributes:
        token_mismatch: What a used client token in another request of CreateEvent does:
            "ignore" answers with the stored event (the default), "error" refuses the request.
        metadata_paging: How ListEvents filters by metadata: "post-scan" filters each page after
            reading it, so that pages may be empty (the default); "index" fills each page.
        branch_conflict: What happens to an event that names another root than its branch has:
            "refuse" (the default) or "accept".
        strict_branches: Require each event of a branch to name the branch's root, rather than
            the first one only. Off by default.
        java_blob_strings: Return blobs that are objects or lists as Java prints them, as seen
            on AWS, rather than as they were stored. Off by default.
        shuffle_ties: Reorder the events of a page that have the same millisecond: True, or an
            int as the seed. Off by default: they are sorted by id.
        shuffle_records: Reorder each page of ListMemoryRecords: True, or an int as the seed.
            Off by default: the newest records come first.
        legacy_prefix: Match ``namespace`` by its first characters, as the service once did,
            rather than exactly. Off by default.
        raw_prefix: Match ``namespacePath`` by its first characters, rather than by whole
            segments. Off by default.
        default_page: Items of a page where a request has no maxResults: 1 to 100, 20 by default.
        body_limit: Bytes of a request's body above which it is refused: 64 MiB by default, which
            an event of 10 MB needs where its JSON is full of escapes.
        consolidate: Skip duplicate records, and replace records that newer ones make obsolete,
            rather than adding every record that was extracted. On by default.
        throttle: Refuse what exceeds the service's quotas with ThrottledException. Off by
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
    How long after a write the service's answers show it, by the service's clock.

    Durations are seconds or a timedelta, from 0 to a billion seconds; 0, the default, shows
    writes at once. The delay of the extraction is an argument of its own of the service.

    Attributes:
        event_lists: Time from an event to its first appearance in ListEvents.
        event_filters: Time from an event to its first appearance in ListEvents with a metadata
            filter.
        stale_reads: Number of times that ListEvents with a metadata filter misses a session's
            new event: a whole number from 0, the default.
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
