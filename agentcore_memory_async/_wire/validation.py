"""
Checks of arguments, before any request: pure, no await.

botocore checks only types, minimums and required members; it would send 101 messages or the id
``..``. The patterns and limits are those of the shipped service model (a test compares them).
Each error names the argument, what is wrong, the limit and the next step. It shows ids, never the
text of a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from sys import float_info
from typing import NoReturn, cast

from agentcore_memory_async._models.origins import ORIGIN_KEY
from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.models import (
    Branch,
)

MAX_METADATA = 15
"""Metadata entries of an event (service model)."""
MAX_SECONDS = 10_000_000
"""Longest duration; our own limit, so that times on the loop's clock stay exact."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Start of the service's timestamps."""
LATEST_MS = 253_402_300_799_999
"""End of the year 9999 in milliseconds since 1970: what a datetime can hold."""
MAX_QUERY = 10_000
"""Characters of a search (service model)."""
MAX_VARIABLES = 5
"""Values of namespace keys of one event (service model)."""
MAIN_BRANCH = "main"
"""Name by which the service calls the branch of an event that names none."""
_MEMORY_ARN = re.compile(r"arn:[a-z0-9-]+:bedrock-agentcore:[a-z0-9-]*:[0-9]*:memory/")
"""Start of a memory's ARN, up to the id."""
_CHANGES_A_URL = re.compile(r"[/\\?#%\x00-\x1f\x7f]|^\.{1,2}$")
"""
What a memory id must not contain.

``.`` and ``..`` are the only raw text that could change a URL; the rest would be percent-encoded,
but a proxy before the service may decode it, so nothing with a meaning in URLs is accepted.
"""
_REAL_MEMORY_ID = re.compile(
    r"(?:arn:(?:aws|aws-cn|aws-us-gov):bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:memory/)?"
    r"[a-zA-Z][a-zA-Z0-9-_]{0,99}-[a-zA-Z0-9]{10}"
)
"""A memory id or ARN of the service (service model)."""
_ACTOR_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-_/]*(?::[a-zA-Z0-9-_/]+)*[a-zA-Z0-9-_/]*")
"""Characters of an actor id, at most 255 (service model)."""
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-_]*")
"""Characters of a session id or the name of a branch, at most 100 (service model)."""
_EVENT_ID = re.compile(r"[0-9]+#[a-fA-F0-9]+")
"""An event id (service model)."""
_RECORD_ID = re.compile(r"mem-[a-zA-Z0-9-_]*")
"""Characters of a record id, 40 to 50 (service model)."""
_REQUEST_IDENTIFIER = re.compile(r"[a-zA-Z0-9_-]{1,80}")
"""Identifier of a new record in a request (service model)."""
_METADATA = re.compile(r"[a-zA-Z0-9\s._:/=+@-]*", re.A)
"""Characters of metadata keys and values (service model)."""
_VARIABLE_NAME = re.compile(r"(?!(?:memoryStrategyId|actorId|sessionId)$)[a-z][a-z0-9]*")
"""Name of a namespace variable, at most 32 characters (service model)."""
_VARIABLE_VALUE = re.compile(r"[a-z0-9][a-z0-9-_]*")
"""Value of a namespace variable, at most 64 characters (service model)."""
_REGION = re.compile(r"[a-zA-Z0-9-]{1,63}")
"""Name of a region; our own limit, so that it fits a label of a host name."""
_URL = re.compile(r"https?://[^\s/]+(/\S*)?")
"""An endpoint URL with a host."""
_NAME_RULE = "letters, digits, '-', '_', the first a letter or digit"
"""The pattern of names in words, for errors."""


def refuse(message: str) -> NoReturn:
    """Raise `InvalidInputError` with *message*."""
    raise InvalidInputError(message)


def kind(value: object) -> str:
    """Return the type of *value* for an error, without its content."""
    return "None" if value is None else type(value).__name__


def plain(text: str) -> str:
    """Return *text* without the type of a subclass, such as an enum's, whose ``str()`` is other."""
    return str.__str__(text)


def _shown(text: str) -> str:
    """Return an id for an error, cut if it is long."""
    return repr(text if len(text) <= 80 else text[:77] + "...")


def check_type(argument: str, value: object, wanted: type | tuple[type, ...], advice: str) -> None:
    """Check that *value* has the type *wanted*, as callers without a type checker may not know."""
    if not isinstance(value, wanted):
        refuse(f"{argument} is {kind(value)}; {advice}")


def check_is(argument: str, value: object, wanted: type | tuple[type, ...], advice: str) -> None:
    """Check that *value* has the type *wanted*; None means not given."""
    if value is not None:
        check_type(argument, value, wanted, advice)


def check_list(argument: str, value: object, of: str) -> list[object]:
    """Return the items of any iterable, which a text is not meant to be."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        refuse(f"{argument} is {kind(value)}; give a list of {of}")
    return list(cast("Iterable[object]", value))


def check_callable(argument: str, value: object, advice: str) -> None:
    """Check that *value* is callable; None means not given."""
    if value is not None and not callable(value):
        refuse(f"{argument} is {kind(value)}; {advice}")


def check_bool(argument: str, value: object) -> bool:
    """Check a flag: text such as ``"no"`` would count as true."""
    if not isinstance(value, bool):
        refuse(f"{argument} is {kind(value)}; give True or False")
    return value


def check_region_name(value: object) -> str | None:
    """Check the name of a region, as far as it is known here."""
    if value is not None and (not isinstance(value, str) or not _REGION.fullmatch(value)):
        what = _shown(value) if isinstance(value, str) else kind(value)
        refuse(f"region_name is {what}; give one such as 'us-west-2', or None for the default")
    return None if value is None else plain(value)


def check_endpoint_url(value: object) -> str | None:
    """Check the URL of an endpoint; it is not shown, since it may hold a password."""
    if value is None:
        return None
    if not isinstance(value, str) or not _URL.fullmatch(value):
        what = "not a URL" if isinstance(value, str) else kind(value)
        refuse(f"endpoint_url is {what}; give one such as 'http://127.0.0.1:4710', or None")
    return plain(value)


def _check_text_id(
    argument: str,
    value: object,
    pattern: re.Pattern[str],
    longest: int,
    allowed: str,
    character: str,
    advice: str,
) -> str:
    if not isinstance(value, str):
        refuse(f"{argument} is {kind(value)}; give a str of {allowed}; {advice}")
    if not 1 <= len(value) <= longest:
        what = f"{_shown(value)} has {len(value)} characters" if value else "is empty"
        refuse(f"{argument} {what}; allowed are 1 to {longest} characters; {advice}")
    if not pattern.fullmatch(value):
        bad = next((repr(char) for char in value if not re.match(character, char)), "")
        if not bad:
            start = pattern.match(value)
            bad = f"{value[start.end() if start else 0]!r} in the wrong place"
        refuse(f"{argument} {_shown(value)} has {bad}; allowed are {allowed}; {advice}")
    return plain(value)


def _check_name(argument: str, value: object, advice: str) -> str:
    return _check_text_id(argument, value, _NAME, 100, _NAME_RULE, r"[a-zA-Z0-9_-]", advice)


def check_memory_id(value: object) -> str:
    """Check that the id cannot change the URL; its length and ending are left to the service."""
    if not isinstance(value, str) or not value:
        what = "empty" if value == "" else kind(value)
        refuse(f"memory_id is {what}; give the id of a memory, such as 'chat-a1B2c3D4e5'")
    arn = _MEMORY_ARN.match(value)
    found = _CHANGES_A_URL.search(value[arn.end() :] if arn else value)
    if found or (arn and arn.end() == len(value)):
        what = f"has {found[0]!r}, which could change the URL" if found else "names no memory"
        refuse(
            f"memory_id {_shown(value)} {what}; give the id of a memory, such as "
            "'chat-a1B2c3D4e5', or its whole ARN"
        )
    check_utf8("memory_id", value)
    return plain(value)


def short_memory_id(memory_id: str) -> str:
    """Return the id of a memory that may be named by its ARN."""
    return memory_id.rpartition("/")[2]


def looks_like_a_memory_id(value: str) -> bool:
    """Return whether the id has the form of the service's own."""
    return _REAL_MEMORY_ID.fullmatch(value) is not None


def check_actor_id(value: object, *, hierarchical: bool = False) -> str:
    """Check an actor id; ``/`` is accepted only where hierarchical ids were asked for."""
    advice = "encode_actor_id() makes one"
    allowed = "letters, digits, '-', '_', ':'"
    if hierarchical:
        return _check_text_id(
            "actor_id", value, _ACTOR_ID, 255, allowed + ", '/'", r"[a-zA-Z0-9_/:-]", advice
        )
    if isinstance(value, str) and "/" in value:
        refuse(
            f"actor_id {_shown(value)} has '/'; allowed are {allowed}; {advice}, "
            "or allow_hierarchical_actor_ids=True takes it as a path"
        )
    return _check_text_id("actor_id", value, _ACTOR_ID, 255, allowed, r"[a-zA-Z0-9_:-]", advice)


def check_session_id(value: object) -> str:
    """Check a session id."""
    return _check_name("session_id", value, "encode_session_id() makes one")


def check_branch_name(value: object, argument: str = "branch") -> str:
    """Check the name of a branch."""
    main = ", or None for the main branch" if argument == "branch" else ""
    return _check_name(argument, value, f"give one such as 'second-try'{main}")


def check_event_id(argument: str, value: object) -> str:
    """Check an event id."""
    if not isinstance(value, str) or not _EVENT_ID.fullmatch(value):
        what = _shown(value) if isinstance(value, str) else kind(value)
        refuse(
            f"{argument} is {what}; give the event_id of an event: digits, '#', hexadecimal digits"
        )
    return plain(value)


def check_memory_record_id(argument: str, value: object) -> str:
    """Check a record id."""
    if not isinstance(value, str) or not 40 <= len(value) <= 50 or not _RECORD_ID.fullmatch(value):
        what = _shown(value) if isinstance(value, str) else kind(value)
        refuse(
            f"{argument} is {what}; give the memory_record_id of a record: 'mem-' and 36 to 46 "
            "letters, digits, '-', '_'"
        )
    return plain(value)


def check_request_identifier(argument: str, value: object) -> str:
    """Check the identifier of a new record."""
    if not isinstance(value, str) or not _REQUEST_IDENTIFIER.fullmatch(value):
        what = _shown(value) if isinstance(value, str) else kind(value)
        refuse(f"{argument} is {what}; give 1 to 80 letters, digits, '-', '_', or leave it out")
    return plain(value)


def check_memory_strategy_id(value: object, argument: str = "memory_strategy_id") -> str:
    """Check the id of a strategy."""
    advice = "get_memory() of a control shows those of a memory"
    return _check_name(argument, value, advice)


def check_job_id(value: object) -> str:
    """Check the id of an extraction job: any text that is not empty."""
    if not isinstance(value, str) or not value:
        what = "empty" if value == "" else kind(value)
        refuse(f"job_id is {what}; give the job_id of an ExtractionJob")
    check_utf8("job_id", value)
    return plain(value)


def check_client_token(value: object, argument: str = "client_token") -> str:
    """Check a client token: any text that is not empty."""
    if not isinstance(value, str) or not 1 <= len(value) <= 500:
        what = f"{len(value)} characters" if isinstance(value, str) else kind(value)
        refuse(f"{argument} is {what}; give a str of 1 to 500 characters, such as a UUID")
    check_utf8(argument, value)
    return plain(value)


def check_branch(value: object) -> Branch | None:
    """Return the branch to use; None and ``main`` are the main one."""
    if value is None or value == MAIN_BRANCH:
        return None
    if isinstance(value, str):
        return Branch(check_branch_name(value))
    if not isinstance(value, Branch):
        refuse(f"branch is {kind(value)}; give its name, or Branch(name, root_event_id) to fork")
    name, root = check_branch_name(value.name), value.root_event_id
    if root is not None:
        root = check_event_id("branch.root_event_id", root)
        if name == MAIN_BRANCH:
            refuse("branch 'main' has a root_event_id; give a new branch another name")
    return None if name == MAIN_BRANCH else Branch(name, root)


def check_int(
    argument: str, value: object, most: int | None = None, *, least: int = 1, other: str = ""
) -> int:
    """Check a count: *least* to *most*; errors name what *other* the argument may be."""
    limit = (f"{least} to {most}" if most else f"{least} or more") + other
    if not isinstance(value, int) or isinstance(value, bool):
        refuse(f"{argument} is {kind(value)}; give an int, {limit}")
    if value < least or (most is not None and value > most):
        refuse(f"{argument} is {value}; give {limit}")
    return value


def check_duration(argument: str, value: object, *, least: float = 0.0) -> float:
    """Return a duration, given in seconds or as a timedelta, in seconds."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    return _check_seconds(argument, value, least, "seconds (int or float) or a timedelta")


def check_seconds(argument: str, value: object, *, least: float) -> float:
    """Check a number of seconds whose unit is in its name."""
    return _check_seconds(argument, value, least, "seconds (int or float)")


def _check_seconds(argument: str, value: object, least: float, wanted: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        refuse(f"{argument} is {kind(value)}; give {wanted}")
    if not least <= value <= MAX_SECONDS:
        what = f"{value}" if isinstance(value, float) or abs(value) < 10**15 else "out of range"
        refuse(f"{argument} is {what}; give {least:g} to {MAX_SECONDS:,} seconds")
    return float(value)


def check_number(argument: str, value: object) -> float:
    """Check a finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        refuse(f"{argument} is {kind(value)}; give a number")
    if not abs(value) <= float_info.max:
        refuse(f"{argument} is no finite number; give one")
    return value


def check_rate(argument: str, value: object) -> float | None:
    """Check a rate per second; None switches the limit off."""
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        refuse(f"{argument} is {kind(value)}; give events per second, or None to switch it off")
    if not 0.001 <= value <= 1_000_000:
        refuse(
            f"{argument} is out of range; give 0.001 to 1,000,000 events per second, "
            "or None to switch it off"
        )
    return float(value)


def check_timestamp(value: object, argument: str = "timestamp") -> int:
    """Return a time in milliseconds since 1970, floored as the service does."""
    if not isinstance(value, datetime):
        refuse(f"{argument} is {kind(value)}; give an aware datetime")
    if value.utcoffset() is None:
        refuse(
            f"{argument} is a naive datetime; give one with a time zone, such as "
            "datetime.now(UTC) (naive ones mean UTC to some SDKs and local time to others)"
        )
    stamp = (value - EPOCH) // timedelta(milliseconds=1)
    if stamp > LATEST_MS:
        refuse(f"{argument} is after the year 9999 in UTC; give an earlier one")
    if stamp < 0:
        refuse(f"{argument} is before 1970, where the service's times start; give a later one")
    return stamp


def check_utf8(argument: str, text: str) -> int:
    """Check that *text* can be sent, and return its size in bytes."""
    if text.isascii():
        return len(text)
    with suppress(UnicodeEncodeError):  # not as a context: it would keep the text
        return len(text.encode())
    refuse(f"{argument} has half of a surrogate pair; give text that can be encoded as UTF-8")


def check_text(argument: str, value: object) -> None:
    """Check a text of any length that is to be stored."""
    if not isinstance(value, str):
        refuse(f"{argument} is {kind(value)}; give a str")
    if not value:
        refuse(f"{argument} is empty; give 1 character or more")
    check_utf8(argument, value)


def check_event_type(value: object) -> str:
    """Check the type of a custom event, which is stored as metadata."""
    return check_metadata_text("event_type", value, 1, 256)


def check_metadata_text(
    argument: str, value: object, least: int, most: int, place: str = "the payload"
) -> str:
    """Check a text of metadata; errors advise *place*, if any, for other text."""
    if not isinstance(value, str):
        refuse(f"{argument} is {kind(value)}; give a str of {least} to {most} characters")
    if not least <= len(value) <= most:
        what = f"has {len(value)} characters" if value else "is empty"
        advice = f"; put longer text in {place}" if value and place else ""
        refuse(f"{argument} {what}; give {least} to {most} characters{advice}")
    if (bad := _METADATA.match(value)) and bad.end() < len(value):
        advice = f", and put other text in {place}" if place else ""
        refuse(
            f"{argument} contains {value[bad.end()]!r}; use only letters, digits, whitespace and "
            f". _ : / = + @ -{advice}"
        )
    return plain(value)


def check_metadata(value: object, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    Check the metadata of an event: at most 15 entries of plain text, with its *own* among them.

    Args:
        value: What the caller gave.
        own: Entries that other arguments have made.
    """
    checked = dict(own or {})
    if value is None:
        return checked
    if not isinstance(value, Mapping):
        refuse(f"metadata is {kind(value)}; give a mapping of str to str")
    entries = dict(cast("Mapping[object, object]", value))
    most = MAX_METADATA - len(checked)
    if len(entries) > most:
        refuse(f"metadata has {len(entries)} entries; the limit is {most}: put more in the payload")
    reserved = {ORIGIN_KEY, *checked}
    for key, text in entries.items():
        name = check_metadata_text("a key of metadata", key, 1, 128)
        if name in reserved:
            argument = "origin" if name == ORIGIN_KEY else "event_type"
            refuse(f"metadata has the key {name!r}, which is set by {argument}; leave it out")
        checked[name] = check_metadata_text(f"metadata[{name!r}]", text, 0, 256)
    return checked


def check_namespace_variables(value: object) -> dict[str, str]:
    """Check the values of a memory's own namespace keys: 1 to 5."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        refuse(f"namespace_variables is {kind(value)}; give a mapping with 1 to 5 entries")
    entries = cast("Mapping[object, object]", value)
    if not 1 <= len(entries) <= MAX_VARIABLES:
        refuse(f"namespace_variables has {len(entries)} entries; give 1 to 5, or leave it out")
    for name, text in entries.items():
        if not isinstance(name, str) or len(name) > 32 or not _VARIABLE_NAME.fullmatch(name):
            what = _shown(name) if isinstance(name, str) else kind(name)
            refuse(
                f"namespace_variables has the name {what}; allowed are 1 to 32 lower-case "
                "letters and digits, the first a letter"
            )
        if not isinstance(text, str) or len(text) > 64 or not _VARIABLE_VALUE.fullmatch(text):
            refuse(
                f"namespace_variables[{name!r}] is invalid; allowed are 1 to 64 "
                "lower-case letters, digits, '-', '_', the first a letter or digit"
            )
    checked = cast("Mapping[str, str]", entries)
    return {plain(name): plain(text) for name, text in checked.items()}


def check_query(value: object) -> str:
    """Check the text of a search, which is never shown."""
    if not isinstance(value, str):
        refuse(f"query is {kind(value)}; give a str")
    if not 1 <= len(value) <= MAX_QUERY:
        refuse(f"query has {len(value):,} characters; give 1 to {MAX_QUERY:,}")
    if not value.strip():
        refuse(f"query is whitespace only; give 1 to {MAX_QUERY:,} characters to search for")
    check_utf8("query", value)
    return plain(value)
