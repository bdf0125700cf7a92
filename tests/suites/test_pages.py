"""The tables of the frameworks' own tests are those of the last recorded runs."""

from __future__ import annotations

import re
from pathlib import Path

from tests.suites.results import recorded, short_table, table
from tests.suites.suite import Suite, names

ROOT = Path(__file__).parents[2]


def test_the_page_has_the_table() -> None:
    """The page about frameworks has the recorded outcomes, with the reasons."""
    assert table() in (ROOT / "docs" / "frameworks.md").read_text("utf-8")


def test_the_readme_has_the_table() -> None:
    """The README has the recorded outcomes."""
    assert short_table() in (ROOT / "README.md").read_text("utf-8")


def test_every_suite_is_recorded_with_its_pin() -> None:
    """What is recorded is of the pinned version, and nothing is missing."""
    suites = [suite for suite in map(Suite.read, names()) if suite.tests]
    pinned = {suite.name: suite.pins[suite.framework] for suite in suites}
    assert pinned == {name: outcome["version"] for name, outcome in recorded().items()}
    assert {suite.name: suite.title for suite in suites} == {
        name: outcome["title"] for name, outcome in recorded().items()
    }


def test_every_suite_is_recorded_with_what_it_ran_on() -> None:
    """The aiobotocore is the pinned one, which goes with that botocore, on a whole Python."""
    for name, outcome in recorded().items():
        beneath = outcome["beneath"]
        assert beneath["aiobotocore"] == Suite.read(name).pins["aiobotocore"]
        assert re.fullmatch(r"1\.\d+\.\d+", beneath["botocore"])
        assert re.fullmatch(r"3\.\d+\.\d+", beneath["python"])


def test_every_known_failure_has_a_reason() -> None:
    """Whatever is recorded as failing is counted by its reason."""
    for outcome in recorded().values():
        assert outcome["of"] - outcome["passed"] == sum(outcome["known"].values())
        assert all(outcome["known"])
