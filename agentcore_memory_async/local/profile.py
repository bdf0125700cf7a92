"""
Profiles: the settings of the local service that someone measured on the real one.

``python -m agentcore_memory_async.verify`` writes them. A verdict whose name is that of a setting
sets it, unless it is inconclusive; other verdicts are for readers.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import field, fields_dict, frozen

from agentcore_memory_async.local._storage.delays import Delays
from agentcore_memory_async.local.behavior import Behavior, Lags

if TYPE_CHECKING:
    from agentcore_memory_async.local._storage.delays import ExtractionDelay

__all__ = ("Profile", "ProfileError", "read_profile")

DELAY_S = 0.5
"""Seconds from an event to its extraction where nobody sets it; AWS takes about 90."""
_FORMAT = 1
"""Version of the format of profiles."""
_DELAY = "extraction_delay"
"""Beginning of the names of verdicts on a strategy's delay."""
_SETTINGS = {
    "behavior": frozenset(fields_dict(Behavior)),
    "lags": frozenset(fields_dict(Lags)),
    _DELAY: frozenset({"SEMANTIC", "USER_PREFERENCE", "SUMMARIZATION", "EPISODIC"}),
}
"""Settings by the beginnings of verdicts' names."""
_SURE = ("certain", "likely", "inconclusive")
"""How sure a verdict may be."""
_ADVICE = "give a file that python -m agentcore_memory_async.verify of this version wrote"
"""What to do about a profile that can't be used."""
_JSON_TYPES: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}
"""Names of what JSON has."""
T = TypeVar("T")


class ProfileError(ValueError):
    """A profile is unusable; the text says why."""


@frozen
class Profile:
    """
    Settings of a local service.

    Attributes:
        behavior: Behavior.
        lags: Lags.
        extraction_delay: Time from an event to its extraction.
    """

    behavior: Behavior = field(factory=Behavior)
    lags: Lags = field(factory=Lags)
    extraction_delay: ExtractionDelay = DELAY_S


def read_profile(path: str | Path) -> Profile:
    """
    Return the profile of a file.

    Raises:
        ProfileError: The file is unreadable, no profile, or sets what this version doesn't have;
            nothing of it is taken then.
    """
    try:
        return _parse(Path(path).read_text("utf-8"))
    except OSError as error:
        message = f"profile {path} cannot be read: {error.strerror}; {_ADVICE}"
        raise ProfileError(message) from error
    except ValueError as error:
        message = f"profile {path} cannot be used: {error}; {_ADVICE}"
        raise ProfileError(message) from error


def _parse(text: str) -> Profile:
    try:
        report = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"it is no JSON ({error})"
        raise ProfileError(message) from error
    found = _member(report, "format", int, "")
    if found != _FORMAT:
        message = f"its format is {found}, not {_FORMAT}"
        raise ProfileError(message)
    list_type: type[list[Any]] = list
    measured = _measured(_member(report, "verdicts", list_type, ""))
    delays = measured.get(_DELAY)
    return Profile(
        Behavior(**measured["behavior"]),
        Lags(**measured["lags"]),
        DELAY_S if delays is None else {"*": DELAY_S} | delays,
    )


def _member(members: object, name: str, kind: type[T], place: str) -> T:
    """Return a member of an object; the error names its place."""
    if not isinstance(members, dict):
        message = f"{place or 'it'} is {_JSON_TYPES[type(members)]}, not an object"
        raise ProfileError(message)
    where = f"{place}.{name}" if place else name
    if name not in members:
        message = f"its member {where} is missing"
        raise ProfileError(message)
    value = cast("dict[str, Any]", members)[name]
    if type(value) is not kind:
        message = f"{where} is {_JSON_TYPES[type(value)]}, not {_JSON_TYPES[kind]}"
        raise ProfileError(message)
    return value


def _measured(verdicts: list[Any]) -> defaultdict[str, dict[str, Any]]:
    """Return the values of settings, by group and name."""
    measured = defaultdict[str, dict[str, Any]](dict)
    for number, verdict in enumerate(verdicts):
        place = f"verdicts[{number}]"
        full_name = _member(verdict, "name", str, place)
        sure = _member(verdict, "sure", str, place)
        if sure not in _SURE:
            message = f"{place}.sure is {sure!r}, not one of {', '.join(_SURE)}"
            raise ProfileError(message)
        group, _, name = full_name.partition(".")
        if sure == "inconclusive" or group not in _SETTINGS:
            continue
        if name not in _SETTINGS[group]:
            message = f"{place}.name is {full_name!r}, which is no setting of this version"
            raise ProfileError(message)
        if "value" not in verdict:
            message = f"its member {place}.value is missing"
            raise ProfileError(message)
        try:
            _check(group, name, verdict["value"])
        except (TypeError, ValueError) as error:
            message = f"{place}.value of {full_name}: {error}"
            raise ProfileError(message) from error
        measured[group][name] = verdict["value"]
    return measured


def _check(group: str, name: str, value: Any) -> None:
    """Raise a TypeError or ValueError where a setting can't have a value."""
    setting: dict[str, Any] = {name: value}
    if group == "behavior":
        Behavior(**setting)
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"it is {_JSON_TYPES[type(value)]}, not a number of seconds"
        raise TypeError(message)
    if group == "lags":
        Lags(**setting)
    else:
        Delays.of(setting)
