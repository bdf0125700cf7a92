"""What is known of a suite: its folder has it as data."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the names of all suites."""
    return sorted(path.parent.name for path in HERE.glob("*/suite.toml"))


@dataclass(frozen=True)
class Suite:
    """
    A framework's tests, and what is expected of them.

    Attributes:
        name: Name of the folder.
        title: What the table calls it.
        framework: Distribution that is tried, whose version the table shows.
        sdist: Distribution whose source has the tests; empty where an installed module has them.
        tests: Files with tests, as patterns below the source; none where a framework has none that
            an integration could run, so that only our own are, and nothing is recorded.
        conftest: Files of the source that are replaced, and by which of the folder.
        arguments: Further arguments of pytest.
        counts_used: Whether only the tests count that stored something in the memory.
        known: Patterns of the tests that fail, with the reason of each.
        left_out: Ids of tests that are not run, with the reason of each; they count as failed.
        own: Patterns of our own tests of the integration.
        types: Folders whose types are checked there, since nothing else knows the framework.
        pins: Versions, by distribution.
    """

    name: str
    title: str
    framework: str
    sdist: str = ""
    tests: tuple[str, ...] = ()
    conftest: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    counts_used: bool = False
    known: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    pins: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str) -> Suite:
        """Read a folder."""
        data = tomllib.loads((HERE / name / "suite.toml").read_text("utf-8"))
        pinned = (HERE / name / "requirements.txt").read_text("utf-8")
        pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", pinned, re.MULTILINE))
        lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
        return cls(name=name, pins=pins, **{**data, **lists})

    def reason(self, test: str) -> str | None:
        """Return why a test is known to fail."""
        found = (reason for pattern, reason in self.known.items() if matches(test, pattern))
        return next(found, None)

    def stale(self, tests: Collection[str]) -> list[str]:
        """Return the known patterns of which none of *tests* is."""
        return [each for each in self.known if not any(matches(test, each) for test in tests)]


def matches(test: str, pattern: str) -> bool:
    """Return whether an id is that of a pattern, in which ``*`` is any text."""
    return fnmatchcase(test.replace("[", "("), pattern.replace("[", "("))
