"""
Profiles: the settings of the local service that someone measured on the real one.

``python -m agentcore_memory_async.verify`` writes them. A verdict whose name is that of a setting
sets it, unless it is inconclusive; other verdicts are for readers.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, fields_dict, frozen

from agentcore_memory_async.local.behavior import Behavior, Lags

if TYPE_CHECKING:
    from agentcore_memory_async.local._storage.delays import ExtractionDelay

__all__ = ("Profile", "ProfileError", "read_profile")

DELAY_S = 0.5
"""Seconds from an event to its extraction where nobody sets it; AWS takes about 90."""
_FORMAT = 1
"""Version of the format of profiles."""
_GROUPS = {"behavior": set(fields_dict(Behavior)), "lags": set(fields_dict(Lags))}
"""Settings by the beginnings of verdicts' names."""
_DELAY = "extraction_delay"
"""Beginning of the names of verdicts on a strategy's delay."""


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
        ProfileError: The file is unreadable, no profile, or sets what this version doesn't have.
    """
    try:
        report = json.loads(Path(path).read_text("utf-8"))
        if report["format"] != _FORMAT:
            message = f"its format is {report['format']!r}, not {_FORMAT}"
            raise ProfileError(message)
        measured = _measured(report["verdicts"])
        delays = measured.get(_DELAY)
        return Profile(
            Behavior(**measured["behavior"]),
            Lags(**measured["lags"]),
            DELAY_S if delays is None else {"*": DELAY_S} | delays,
        )
    except OSError as error:
        message = f"profile {path} cannot be read: {error.strerror}"
        raise ProfileError(message) from error
    except (KeyError, TypeError, ValueError) as error:
        message = f"profile {path} is no report of agentcore_memory_async.verify: {error}"
        raise ProfileError(message) from error


def _measured(verdicts: list[dict[str, Any]]) -> defaultdict[str, dict[str, Any]]:
    """Return the values of settings, by group and name."""
    measured = defaultdict[str, dict[str, Any]](dict)
    for verdict in verdicts:
        group, _, name = verdict["name"].partition(".")
        if verdict["sure"] == "inconclusive" or group not in {*_GROUPS, _DELAY}:
            continue
        if group in _GROUPS and name not in _GROUPS[group]:
            message = f"{verdict['name']} is no setting of this version"
            raise ProfileError(message)
        measured[group][name] = verdict["value"]
    return measured
