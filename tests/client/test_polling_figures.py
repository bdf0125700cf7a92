"""The documented figures of the poller, verified by a short run of the benchmark."""

from __future__ import annotations

import pytest

from benchmarks.extraction_poll.compare import (
    DISTRIBUTIONS,
    Distribution,
    Figures,
    fixed_interval,
    ours_expected,
    ours_since,
    ours_with,
    run,
)

WAITS = 300
NOISE = 1.06
"""Factor by which a run of 300 waits may exceed the benchmark's figures."""


@pytest.mark.parametrize("given", DISTRIBUTIONS, ids=lambda given: given.name)
def test_delays_and_requests_are_as_documented(given: Distribution) -> None:
    """
    The delay is 15 % of the extraction time or 1 s, for no more requests than one every 5 s, half
    in the tail.
    """
    fixed = Figures.of(run(fixed_interval, given, WAITS))
    allowed = fixed.requests / 2 if given.name.startswith("long") else fixed.requests
    for wait in (ours_since, ours_with):
        found = Figures.of(run(wait, given, WAITS))
        assert found.missed == 0
        assert found.median_s <= NOISE * max(1.0, 0.15 * found.extraction_s)
        assert found.requests <= NOISE * allowed


@pytest.mark.parametrize("given", DISTRIBUTIONS, ids=lambda given: given.name)
def test_an_expected_time_lowers_the_delay(given: Distribution) -> None:
    """
    With ``expected`` the delay is 10 % of the extraction time, for no more requests than one every
    5 s.
    """
    fixed = Figures.of(run(fixed_interval, given, WAITS))
    found = Figures.of(run(ours_expected, given, WAITS))
    assert found.missed == 0
    assert found.median_s <= NOISE * 0.1 * found.extraction_s
    assert found.requests <= NOISE * fixed.requests
